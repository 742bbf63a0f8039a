/* One parser of several. */
#include "runtime/frame/framer.h"

#include <string.h>

/* Frames count from the stream's first byte, parsers from the first that they get. */
static enum err
on_frame(void *ctx, const struct frame *frame)
{
    struct framer *f = ctx;
    struct frame moved = *frame;
    moved.start += f->skipped;
    moved.end += f->skipped;
    return f->frame(f->ctx, &moved);
}

static enum err
on_event(void *ctx, const struct sse_event *e)
{
    struct framer *f = ctx;
    const struct frame frame = {
        .kind = e->comment ? FRAME_BEAT : FRAME_DATA,
        .name = e->name,
        .data = e->data,
        .start = e->start + f->skipped,
        .end = e->end + f->skipped,
        .raw = e->raw,
    };
    return f->frame(f->ctx, &frame);
}

static size_t
on_rest(void *ctx, struct str rest, size_t start)
{
    struct framer *f = ctx;
    return f->shortcut ? f->shortcut(f->ctx, rest, start + f->skipped) : 0;
}

static void
choose(struct framer *f, enum framing framing)
{
    f->chosen = true;
    f->framing = framing;
    switch (framing) {
    case FRAMING_SSE:
        sse_init(&f->sse, f->limit, on_event, f);
        f->sse.shortcut = on_rest;
        break;
    case FRAMING_NDJSON:
        lines_init(&f->lines, f->limit, on_frame, f);
        break;
    case FRAMING_ARRAY:
        array_init(&f->array, f->limit, on_frame, f);
        break;
    case FRAMING_EVENTSTREAM:
        messages_init(&f->messages, f->limit, on_frame, f);
        break;
    }
}

void
framer_init(struct framer *f, unsigned set, enum framing usual, size_t limit, frame_fn *frame,
            void *ctx)
{
    *f =
        (struct framer){ .frame = frame, .ctx = ctx, .limit = limit, .set = set, .framing = usual };
    if (set == 1u << usual)
        choose(f, usual);
}

void
framer_fini(struct framer *f)
{
    if (!f->chosen)
        return;
    switch (f->framing) {
    case FRAMING_SSE:
        sse_fini(&f->sse);
        break;
    case FRAMING_NDJSON:
        lines_fini(&f->lines);
        break;
    case FRAMING_ARRAY:
        array_fini(&f->array);
        break;
    case FRAMING_EVENTSTREAM:
        messages_fini(&f->messages);
        break;
    }
}

enum err
framer_feed(struct framer *f, const char *p, size_t n)
{
    for (; !f->chosen && n > 0 && memchr(" \t\r\n", *p, 4); p++, n--)
        f->skipped++;
    if (n == 0)
        return ERR_OK;
    if (!f->chosen)
        choose(f, framing_of(f->set, f->framing, str_make(p, 1)));
    switch (f->framing) {
    case FRAMING_SSE:
        return sse_feed(&f->sse, p, n);
    case FRAMING_NDJSON:
        return lines_feed(&f->lines, p, n);
    case FRAMING_ARRAY:
        return array_feed(&f->array, p, n);
    case FRAMING_EVENTSTREAM:
        return messages_feed(&f->messages, p, n);
    }
    return ERR_OK;
}

enum err
framer_end(struct framer *f)
{
    if (!f->chosen)
        return ERR_OK;
    switch (f->framing) {
    case FRAMING_SSE:
        return sse_end(&f->sse);
    case FRAMING_NDJSON:
        return lines_end(&f->lines);
    case FRAMING_ARRAY:
        return array_end(&f->array);
    case FRAMING_EVENTSTREAM:
        return messages_end(&f->messages);
    }
    return ERR_OK;
}

size_t
framer_offset(const struct framer *f)
{
    if (!f->chosen)
        return f->skipped;
    switch (f->framing) {
    case FRAMING_SSE:
        return f->skipped + f->sse.offset;
    case FRAMING_NDJSON:
        return f->skipped + f->lines.offset;
    case FRAMING_ARRAY:
        return f->skipped + f->array.offset;
    case FRAMING_EVENTSTREAM:
        return f->skipped + f->messages.es.offset;
    }
    return f->skipped;
}

const char *
framer_mistake(const struct framer *f)
{
    switch (f->framing) {
    case FRAMING_SSE:
    case FRAMING_NDJSON:
        break;
    case FRAMING_ARRAY:
        return "something else than an object in an array of events";
    case FRAMING_EVENTSTREAM:
        return f->messages.es.why;
    }
    return "not of its framing";
}
