/* Lines in: a document a line, whatever the cuts.
 *
 *   {"a":1}\n{"a":2}\r\n\n{"a":3}
 *   └ frame ┘└ frame ─┘  └ frame, also without a line end
 *
 * A LF ends a line; blanks around the document, lines of nothing else and a BOM at the start are
 * skipped.  A line has a size limit; crossing it is ERR_LIMIT.  What is delivered depends on the
 * bytes alone, not on how they are cut into feeds. */
#ifndef LLMUX_FRAME_LINES_H
#define LLMUX_FRAME_LINES_H

#include "runtime/base/buf.h"
#include "runtime/frame/frame.h"

struct lines {
    frame_fn *frame;
    void *ctx; /* borrowed */
    enum err err;
    size_t limit;
    size_t offset;   /* bytes consumed of the stream; after ERR_LIMIT, where the line begins */
    struct buf line; /* an unfinished line carried over to the next feed */
};

/* A line may be limit bytes long.  Allocates nothing yet. */
void lines_init(struct lines *l, size_t limit, frame_fn *frame, void *ctx);
void lines_fini(struct lines *l);
/* Calls l->frame zero or more times before returning.  ERR_OK, or the first error for ever after.
 * Lines that lie whole within one feed are delivered without copying. */
MUST_CHECK enum err lines_feed(struct lines *l, const char *p, size_t n);
/* The stream is over: a line without its end is delivered now. */
MUST_CHECK enum err lines_end(struct lines *l);

#endif
