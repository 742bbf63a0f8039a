/* Headers give a frame its name and say whether it is an error. */
#include "runtime/frame/messages.h"

/* {"message": text}, with no more than JSON needs escaped. */
static struct str
wrap(struct messages *m, struct str text)
{
    buf_clear(&m->said);
    buf_puts(&m->said, STR("{\"message\":\""));
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\' || c < 0x20)
            buf_printf(&m->said, "\\u%04x", c);
        else
            buf_putc(&m->said, text.p[i]);
    }
    buf_puts(&m->said, STR("\"}"));
    return buf_str(&m->said);
}

static enum err
on_message(void *ctx, const struct eventstream_message *message)
{
    struct messages *m = ctx;
    struct str type = eventstream_string(message, ":message-type");
    struct frame f = { .data = message->payload, .start = message->start, .end = message->end };
    if (str_is(type, "exception")) {
        f.failed = true;
        f.name = eventstream_string(message, ":exception-type");
    } else if (str_is(type, "error")) {
        f.failed = true;
        f.name = eventstream_string(message, ":error-code");
        f.data = wrap(m, eventstream_string(message, ":error-message"));
    } else {
        f.name = eventstream_string(message, ":event-type");
        if (str_is(f.name, "initial-response"))
            return ERR_OK; /* of the protocol below: an empty reply to the call */
    }
    return m->said.err ? m->said.err : m->frame(m->ctx, &f);
}

void
messages_init(struct messages *m, size_t limit, frame_fn *frame, void *ctx)
{
    *m = (struct messages){ .frame = frame, .ctx = ctx };
    eventstream_init(&m->es, limit, on_message, m);
    buf_init(&m->said, 6 * (size_t)UINT16_MAX + 64); /* a header's value, escaped */
}

void
messages_fini(struct messages *m)
{
    eventstream_fini(&m->es);
    buf_fini(&m->said);
}

enum err
messages_feed(struct messages *m, const char *p, size_t n)
{
    return eventstream_feed(&m->es, p, n);
}

enum err
messages_end(struct messages *m)
{
    return eventstream_end(&m->es);
}

void
messages_open(struct eventstream_writer *w, struct buf *out, enum messages_kind kind,
              struct str name)
{
    bool event = kind == MESSAGES_EVENT;
    eventstream_open(w, out);
    if (name.n)
        eventstream_put(w, event ? STR(":event-type") : STR(":exception-type"), name);
    eventstream_put(w, STR(":content-type"), STR("application/json"));
    eventstream_put(w, STR(":message-type"), event ? STR("event") : STR("exception"));
}
