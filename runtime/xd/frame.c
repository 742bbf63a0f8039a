/* Frames of a stream being written, in any framing. */
#include "runtime/xd/fault.h"

static void
begin(struct xd *x)
{
    x->frame_at = x->out->n;
    x->frame_first = !x->framed;
    x->framed = true;
    x->mute = false;
}

void
xd_frame_open(struct xd *x, struct str name)
{
    begin(x);
    switch (x->framing) {
    case FRAMING_SSE:
        if (name.p) {
            buf_puts(x->out, STR("event: "));
            buf_puts(x->out, name);
            buf_putc(x->out, '\n');
        }
        buf_puts(x->out, STR("data: "));
        break;
    case FRAMING_NDJSON:
        break;
    case FRAMING_ARRAY:
        buf_puts(x->out, x->frame_first ? STR("[") : STR(",\n"));
        break;
    case FRAMING_EVENTSTREAM:
        messages_open(&x->message, x->out, MESSAGES_EVENT, name);
        break;
    }
    jw_init(&x->w, x->out);
}

void
xd_frame_open_failed(struct xd *x, const struct xd_table *t, const struct ir_error *e)
{
    struct str word = xd_word_said(x->dialect, t, (int)e->kind);
    if (x->framing != FRAMING_EVENTSTREAM) {
        xd_frame_open(x, word);
        return;
    }
    begin(x);
    messages_open(&x->message, x->out, MESSAGES_EXCEPTION, word);
    jw_init(&x->w, x->out);
}

void
xd_frame_close(struct xd *x)
{
    if (x->mute && x->optional && !x->out->err) {
        x->out->n = x->frame_at;
        x->framed = !x->frame_first;
        x->left_out = true;
        return;
    }
    switch (x->framing) {
    case FRAMING_SSE:
        buf_puts(x->out, STR("\n\n"));
        break;
    case FRAMING_NDJSON:
        buf_putc(x->out, '\n');
        break;
    case FRAMING_ARRAY:
        break;
    case FRAMING_EVENTSTREAM:
        eventstream_close(&x->message);
        break;
    }
}

void
xd_frame_text(struct xd *x, struct str data)
{
    if (x->framing != FRAMING_SSE)
        return;
    xd_frame_open(x, (struct str){ NULL, 0 });
    buf_puts(x->out, data);
    xd_frame_close(x);
}

void
xd_frame_comment(struct xd *x)
{
    buf_puts(x->out, framing_beat(x->framing));
}

void
xd_frame_last(struct xd *x)
{
    if (x->framing == FRAMING_ARRAY)
        buf_puts(x->out, x->framed ? STR("]\n") : STR("[]\n"));
}
