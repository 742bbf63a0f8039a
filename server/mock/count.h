/* Tokens: so many bytes of text are one. */
#ifndef LLMUX_MOCK_COUNT_H
#define LLMUX_MOCK_COUNT_H

#include <stddef.h>

#include "generated/ir.h"

#define MOCK_MEDIA_TOKENS 256u /* of an image or a file, whatever its size */

/* Tokens of n bytes, rounded up. */
size_t mock_count(size_t n, unsigned token_bytes);

/* What this reply to this request is billed.  The part of the request up to its last cache mark
 * was written to the cache if the conversation has one turn, else it was read from it.  Without
 * marks the instructions were read from a cache. */
void mock_count_usage(const struct ir_request *m, const struct ir_reply *r, unsigned token_bytes,
                      struct ir_usage *u);

#endif
