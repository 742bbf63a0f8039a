/* Frames of a stream being written, in any framing. */
#include "runtime/base/base64.h"
#include "runtime/xd/fault.h"

static void
begin_wrap(struct xd *x)
{
    buf_puts(x->out, STR("{\""));
    buf_puts(x->out, x->op->wrap_member);
    buf_puts(x->out, STR("\":\""));
    x->wrapped = x->out->n;
}

/* The document that begins at x->wrapped gives way to its base64. */
static void
end_wrap(struct xd *x)
{
    struct buf *out = x->out;
    struct str document = str_make(out->p + x->wrapped, out->n - x->wrapped);
    size_t n = (document.n + 2) / 3 * 4;
    if (!buf_room(out, n + document.n))
        return;
    document.p = out->p + x->wrapped;
    base64_encode(out, document); /* behind it, where there is room */
    memmove(out->p + x->wrapped, out->p + x->wrapped + document.n, n);
    out->n = x->wrapped + n;
    buf_puts(out, STR("\"}"));
}

static void
begin(struct xd *x)
{
    x->frame_at = x->out->n;
    x->frame_count = x->count;
    x->frame_first = !x->framed;
    x->framed = true;
    x->mute = false;
}

void
xd_frame_open(struct xd *x, struct str name)
{
    if (x->op->wrap_member.n)
        name = x->op->wrap_frame;
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
    if (x->op->wrap_member.n)
        begin_wrap(x);
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
xd_frame_drop(struct xd *x)
{
    if (x->out->err)
        return;
    x->out->n = x->frame_at;
    x->framed = !x->frame_first;
    x->count = x->frame_count;
}

void
xd_frame_close(struct xd *x)
{
    if (x->op->wrap_member.n && !x->out->err)
        end_wrap(x);
    if (x->mute && x->optional && !x->out->err) {
        xd_frame_drop(x);
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
