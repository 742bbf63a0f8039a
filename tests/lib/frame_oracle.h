/* What the framers should deliver, from the whole stream at once and in the plainest way. */
#ifndef LLMUX_TESTS_FRAME_ORACLE_H
#define LLMUX_TESTS_FRAME_ORACLE_H

#include "runtime/base/buf.h"
#include "runtime/frame/frame.h"
#include "runtime/frame/framing.h"

/* Append a line for a frame: "[start,end) name=.. data=..", absent ones as "-", or "[start,end)
 * beat", or "[start,end) last". */
void frame_describe(struct buf *out, const struct frame *f);

/* Append the descriptions of all frames of the stream, and "limit at N" or "syntax at N" when it
 * breaks off.  Not for FRAMING_SSE, which has an oracle of its own. */
void frame_oracle(struct buf *out, enum framing framing, struct str stream, size_t limit);

#endif
