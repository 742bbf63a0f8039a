/* A provider's stream whose frames go to the client as they came (STREAM_COPY in stream.h).  A frame that was not
 * understood is never sent. */
#ifndef LLMUX_GATEWAY_COPYING_H
#define LLMUX_GATEWAY_COPYING_H

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct stream;

/* A frame was read, an xd_frame_fn: it is to be sent. */
void copying_frame(void *x, size_t start, size_t end, bool quiet);
/* Send the understood bytes, of which the first part may have been held back. */
void copying_run(struct exchange *x);
/* What was not sent waits for the rest of its frame, or for the reply's begin. */
void copying_hold(struct stream *s);

#endif
