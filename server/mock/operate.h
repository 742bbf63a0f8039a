/* The emulator's answers to what is no conversation.  The same question gives the same answer. */
#ifndef LLMUX_MOCK_OPERATE_H
#define LLMUX_MOCK_OPERATE_H

#include "runtime/xd/ask.h"

/*   embeddings      a vector for each input, made of a hash of it: as many numbers as were asked for, else 8
 *   rerank          documents that share more words with the query come first
 *   count_tokens    what the request would be billed
 * model is the name without its words.  Texts lie in the arena.  False when that is full. */
bool mock_operate(const struct xd_ask *ask, struct str model, unsigned token_bytes, struct arena *a,
                  struct xd_answer *answer);

/* What passes: nonsense of the right type.  Speech is bytes of all values, `tokens` times 4 of them (0: 20000); all else
 * JSON with a member for everybody, and the first digits of the SHA-256 of the request's body.  Of what is stored, body
 * is the id, and all ids have a reply. */
bool mock_pass(enum xd_op_kind kind, struct str model, struct str body, unsigned tokens,
               struct arena *a, struct str *type, struct str *reply);

#endif
