/* Frames of a stream being written. */
#include "runtime/xd/fault.h"

void
xd_frame_open(struct xd *x, struct str name)
{
    if (name.p) {
        buf_puts(x->out, STR("event: "));
        buf_puts(x->out, name);
        buf_putc(x->out, '\n');
    }
    buf_puts(x->out, STR("data: "));
    jw_init(&x->w, x->out);
}

void
xd_frame_close(struct xd *x)
{
    buf_puts(x->out, STR("\n\n"));
}

void
xd_frame_text(struct xd *x, struct str data)
{
    xd_frame_open(x, (struct str){ NULL, 0 });
    buf_puts(x->out, data);
    xd_frame_close(x);
}

void
xd_frame_comment(struct xd *x)
{
    buf_puts(x->out, STR(":\n\n"));
}
