/* Frames that differ from the one before only in the text they bring.
 *
 *   {"id":"c1","choices":[{"delta":{"content":" token"}}],"obfuscation":"x7Q"}
 *   └─────────────── literal ────────────────┘└ text ┘└── literal ─────┘ └ noise
 *
 * Nearly all frames of a stream are like that.  When reading a frame did nothing but let a live
 * block, or one that it opened, grow by one text, which stands in the frame without escapes, the bytes around that text are
 * kept.  A next frame that fits does the same with a text of its own and need not be read: what
 * reading does depends on the frame and on the state of the stream, and such a frame leaves the
 * state as it was.  A frame that does not fit is read, and takes the stencil's place or leaves none.
 *
 * The same holds for the lines around the document, where they came in one piece with it: such a frame
 * need not even be cut out of the stream, and all of those that came in one piece are read in one go.
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
    struct buf bytes;                      /* the frame's name, and what stands around its holes */
    unsigned n;                            /* holes; 0: there is no stencil */
    bool noisy;                            /* a frame did not fit: look for noise */
    bool in_stream;                        /* the lines around the document are known */
    struct str name, front, back;          /* in bytes, as are the next ones */
    struct str between;                    /* two frames in the stream: back, and the next front */
    struct str literals[XD_STENCIL_HOLES]; /* in front of each hole but the first */
    size_t before, after;                  /* bytes of front and back that are not the document's */
    enum xd_hole holes[XD_STENCIL_HOLES];
    struct ir_event event; /* the growth ... */
    struct ir_block block; /* ... of this block */
};

/* The text of a frame that fits: the inside of a string of JSON, in valid UTF-8. */
struct xd_piece {
    struct str inner;
    bool escaped; /* there are escapes in it ... */
    bool alike;   /* ... but none that json_escape would write in another way */
};

/* Frames that fit, one behind the other. */
struct xd_run {
    struct xd_piece *v; /* room for their texts, or NULL: only count them, however many there are */
    unsigned room, n;
    size_t bytes; /* of the texts, decoded */
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

/* Does this frame fit?  Then *piece is its text, in data. */
bool xd_stencil_fits(const struct xd_stencil *s, struct arena *a, struct str name, struct str data,
                     struct xd_piece *piece);
/* The same for the bytes of a stream, at the start of a frame: how many bytes of frames fit, one behind
 * the other, but for a last line feed. */
size_t
xd_stencil_run(const struct xd_stencil *s, struct arena *a, struct str stream, struct xd_run *run);
/* The event that such a frame amounts to.  Valid until the next one, and as long as the frame and the
 * arena are untouched. */
const struct ir_event *
xd_stencil_event(struct xd_stencil *s, struct arena *a, const struct xd_piece *piece);

#endif
