/* What struct sse should deliver, from the whole stream at once and one byte at a time. */
#ifndef LLMUX_TESTS_SSE_ORACLE_H
#define LLMUX_TESTS_SSE_ORACLE_H

#include "runtime/sse/sse.h"

/* Append a line for an event: "[start,end) name=.. data=..", absent ones as "-", or
 * "[start,end) beat". */
void sse_describe(struct buf *out, const struct sse_event *e);

/* Append the descriptions of all events of the stream, and "limit at N" when it breaks off. */
void sse_oracle(struct buf *out, struct str stream, size_t limit);

#endif
