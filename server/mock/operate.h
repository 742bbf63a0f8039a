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

#endif
