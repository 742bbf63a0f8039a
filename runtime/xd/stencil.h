/* Frames that differ from the one before only in the text they bring.
 *
 *   {"id":"c1","choices":[{"delta":{"content":" token"}}],"obfuscation":"x7Q"}
 *   └─────────────── literal ────────────────┘└ text ┘└── literal ─────┘ └ noise
 *
 * Nearly all frames of a stream are like that.  When reading a frame did nothing but let a live
 * block grow by one text, which stands in the frame without escapes, the bytes around that text are
 * kept.  A next frame that fits does the same with a text of its own and need not be read: what
 * reading does depends on the frame and on the state of the stream, and such a frame leaves the
 * state as it was.  A frame that does not fit is read, and takes the stencil's place or leaves none.
 *
 * The same holds for the lines around the document, where they came in one piece with it: such a frame
 * need not even be cut out of the stream.
 *
 * Noise are strings and numbers of members that no row names: their values have no effect.  Some
 * peers put a random string into each frame, others count them.  Most do not: noise is literal until
 * a frame did not fit. */
#ifndef LLMUX_XD_STENCIL_H
#define LLMUX_XD_STENCIL_H

#include "runtime/frame/frame.h"
#include "runtime/xd/xd.h"

#define XD_STENCIL_BYTES 4096u /* of a frame that may become one */
#define XD_STENCIL_HOLES (1 + XD_NOISE_MAX)

enum xd_hole { XD_HOLE_TEXT, XD_HOLE_STRING, XD_HOLE_NUMBER };

struct xd_stencil {
    struct buf
        bytes;       /* the frame's name, the literals, and what stood in front of all and behind */
    struct str name; /* in bytes, as are the next ones */
    struct str before, after; /* of the document in the stream; absent: not known */
    unsigned n;               /* holes; 0: there is no stencil */
    bool noisy;               /* a frame did not fit: look for noise */
    enum xd_hole holes[XD_STENCIL_HOLES];
    size_t literals[XD_STENCIL_HOLES + 1]; /* lengths: in front of each hole, and behind the last */
    struct ir_event event;                 /* the growth ... */
    struct ir_block block;                 /* ... of this block */
};

void xd_stencil_init(struct xd_stencil *s);
void xd_stencil_fini(struct xd_stencil *s);

/* Forget it, as a frame did not fit. */
static inline void
xd_stencil_drop(struct xd_stencil *s)
{
    s->noisy = s->noisy || s->n > 0;
    s->n = 0;
}

/* After x has read a frame without a fault, and its order automaton has not moved: make a stencil of
 * the frame, if it is one.  data is the document, in frame->data. */
void xd_stencil_learn(struct xd_stencil *s, const struct xd *x, const struct frame *frame,
                      struct str data);

/* Does this frame fit?  Then *e is the event it amounts to, valid as long as s, data and the arena
 * are untouched. */
bool xd_stencil_fits(struct xd_stencil *s, struct arena *a, struct str name, struct str data,
                     struct ir_event *e);
/* The same for the bytes of the stream, at the start of a frame: the length of the frame that fits,
 * 0 when none does. */
size_t
xd_stencil_take(struct xd_stencil *s, struct arena *a, struct str stream, struct ir_event *e);

#endif
