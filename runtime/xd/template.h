/* Frames to be written that differ from the one before only in the text they bring: what stencil.h is
 * for reading.
 *
 *   {"id":"c1","choices":[{"delta":{"content":" token"}}],"sequence_number":17}
 *   └─────────────── literal ────────────────┘└ text ┘└── literal ────────┘└ count
 *
 * When a block has grown by a text twice, the second frame is written once more, with a mark in place
 * of its text, and of the number of the frame.  If the writer is then as it was before, the marks stand
 * in the frame once, and with the real text in their place it is the second frame again, all that the
 * next ones need is to be copied.  What another event writes is not known to leave the writer as it
 * was: it ends the template. */
#ifndef LLMUX_XD_TEMPLATE_H
#define LLMUX_XD_TEMPLATE_H

#include "runtime/xd/stencil.h"

#define XD_TEMPLATE_BYTES 4096u /* of a frame that may become one */
#define XD_TEMPLATE_HOLES 2

enum xd_template_state {
    XD_TEMPLATE_NONE,  /* what was written last was no growth */
    XD_TEMPLATE_BEGUN, /* it was one of this form */
    XD_TEMPLATE_READY, /* the next one of this form is copied */
    XD_TEMPLATE_VAIN,  /* ... is not, however many come */
};

struct xd_template {
    struct buf bytes; /* a frame with marks */
    enum xd_template_state state;
    enum ir_block_kind kind; /* of the block that grows, as are the next two */
    unsigned choice, index;
    unsigned n; /* holes; in their order: */
    bool counts[XD_TEMPLATE_HOLES];
    struct str literals[XD_TEMPLATE_HOLES + 1]; /* in bytes; around them */
};

void xd_template_init(struct xd_template *t);
void xd_template_fini(struct xd_template *t);

/* The text that e brings, if it is a block's growth by a text and nothing else; absent if not. */
struct str xd_template_text(const struct ir_event *e);
/* Is the template ready, and for events like e? */
bool xd_template_fits(const struct xd_template *t, const struct ir_event *e);
/* An event like e is about to be written all the same: is it the time to learn behind it? */
bool xd_template_awaits(struct xd_template *t, const struct ir_event *e);
/* Append the frame for a text to x->out; the frames for texts that need not be escaped any more. */
void xd_template_write(const struct xd_template *t, struct xd *x, struct str text);
void xd_template_copy(const struct xd_template *t, struct xd *x, const struct xd_piece *texts,
                      unsigned n);
/* Something else was written. */
static inline void
xd_template_drop(struct xd_template *t)
{
    t->state = XD_TEMPLATE_NONE;
}

/* e was just written as `frame`, behind another one of its form: make it a template, if it is one.
 * render writes an event as e was written. */
void
xd_template_learn(struct xd_template *t, struct xd *x, const struct ir_event *e, struct str frame,
                  void (*render)(void *ctx, const struct ir_event *e), void *ctx);

#endif
