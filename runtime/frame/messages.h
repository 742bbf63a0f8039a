/* Messages of the binary event stream as frames.
 *
 *   ":message-type"   frame
 *   event             named by ":event-type"
 *   exception         failed, named by ":exception-type"
 *   error             failed, named by ":error-code"; its data is {"message": ":error-message"}
 *
 * A message without a type is an event.  Source: the published description of the encoding. */
#ifndef LLMUX_FRAME_MESSAGES_H
#define LLMUX_FRAME_MESSAGES_H

#include "runtime/frame/eventstream.h"
#include "runtime/frame/frame.h"

struct messages {
    struct eventstream es;
    struct buf said; /* data that is in no payload */
    frame_fn *frame;
    void *ctx; /* borrowed */
};

/* A message may be limit bytes long.  Allocates nothing yet. */
void messages_init(struct messages *m, size_t limit, frame_fn *frame, void *ctx);
void messages_fini(struct messages *m);
/* Calls m->frame zero or more times before returning.  Errors are those of the decoder, m->es.why
 * says more, m->es.offset where. */
MUST_CHECK enum err messages_feed(struct messages *m, const char *p, size_t n);
/* The stream is over.  ERR_TRUNCATED when a message was under way: nothing of it is delivered. */
MUST_CHECK enum err messages_end(struct messages *m);

enum messages_kind { MESSAGES_EVENT, MESSAGES_EXCEPTION };
/* Begin a message of JSON with this name; eventstream_close ends it. */
void messages_open(struct eventstream_writer *w, struct buf *out, enum messages_kind kind,
                   struct str name);

#endif
