/* Any framing in: bytes to frames.
 *
 *   bytes ─► framer ─┬─ sse ───┬─► struct frame ─► frame_fn
 *                    ├─ lines ─┤
 *                    ├─ array ─┤
 *                    └─ messages
 *
 * Where a dialect has several framings, the first byte that is no blank tells which one it is. */
#ifndef LLMUX_FRAME_FRAMER_H
#define LLMUX_FRAME_FRAMER_H

#include "runtime/frame/array.h"
#include "runtime/frame/frame.h"
#include "runtime/frame/framing.h"
#include "runtime/frame/lines.h"
#include "runtime/frame/messages.h"
#include "runtime/sse/sse.h"

struct framer {
    frame_fn *frame;
    sse_shortcut_fn *shortcut; /* NULL, or set after framer_init: for server-sent events */
    void *ctx;                 /* borrowed */
    size_t limit;
    unsigned set;         /* the framings that it may be */
    bool chosen;          /* framing is known, and its parser is alive */
    enum framing framing; /* what it is, or else is taken to be */
    size_t skipped;       /* blanks in front of the first byte that told */
    union {
        struct sse sse;
        struct lines lines;
        struct array array;
        struct messages messages;
    };
};

/* set: the framings that it may be; `usual`: what it is when the first bytes do not tell.  A frame
 * may be limit bytes long.  Allocates nothing yet. */
void framer_init(struct framer *f, unsigned set, enum framing usual, size_t limit, frame_fn *frame,
                 void *ctx);
void framer_fini(struct framer *f);
/* Calls the frame function zero or more times before returning.  ERR_OK, or the first error for
 * ever after: ERR_LIMIT, or ERR_SYNTAX when the bytes are not of the framing. */
MUST_CHECK enum err framer_feed(struct framer *f, const char *p, size_t n);
/* The stream is over: a frame that is not complete is delivered as far as it came. */
MUST_CHECK enum err framer_end(struct framer *f);
/* Bytes consumed of the stream; after an error, where it is. */
size_t framer_offset(const struct framer *f);
/* What ERR_SYNTAX means in this framing, for messages. */
const char *framer_mistake(const struct framer *f);

#endif
