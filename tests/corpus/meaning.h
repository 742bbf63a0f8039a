/* What a request asks for, as lines of text that do not depend on the dialect: who says what, which
 * tools there are, which must be called.  What a model said, its call ids and its thinking differ
 * from recording to recording and are left out, as are settings that clients fill in on their own. */
#ifndef LLMUX_TESTS_CORPUS_MEANING_H
#define LLMUX_TESTS_CORPUS_MEANING_H

#include "generated/ir.h"
#include "runtime/base/buf.h"

/* Append the lines; returns how many texts, media and results the model was told in its turns.
 *
 * What counts as the same:
 *   - texts and results, to the letter; a result that a client wrapped as {"name": N, "content": [{"text": T}]}
 *     is T
 *   - media of the same kind and type with as many characters of base64, or at the same address
 *   - calls of the same function, whatever their ids and arguments: a model chose them
 *   - results of the same function
 *   - tools of the same name and description whose parameters have the same names, in any order: clients
 *     adapt the rest of a schema to the provider
 *   - the same duty to call
 *   - turns without calls of the assistant, be there some or none, and any number of turns of one role in a
 *     row: some clients must put a turn between a result and a user's turn */
unsigned meaning_write(struct buf *out, const struct ir_request *m);
/* Take the turns away that lie behind the one in which the model was told so many things: of a conversation that
 * went on, what it had been. */
void meaning_cut(struct ir_request *m, unsigned told);

#endif
