/* What a request asks for, as lines of text that do not depend on the dialect: who says what, which
 * tools there are, which must be called.  What a model said, its call ids and its thinking differ
 * from recording to recording and are left out, as are settings that clients fill in on their own. */
#ifndef LLMUX_TESTS_CORPUS_MEANING_H
#define LLMUX_TESTS_CORPUS_MEANING_H

#include "generated/ir.h"
#include "runtime/base/buf.h"

/* Append the lines; returns how many times the word passes from one to the other.  Media are told by
 * their kind, type and length, or by their address.  Turns of an assistant who calls nothing are left
 * out: some clients must put one between a result and a user's turn. */
unsigned meaning_write(struct buf *out, const struct ir_request *m);

#endif
