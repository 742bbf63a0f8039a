/* Frames of server-sent events, and lines. */
#include "tests/corpus/frames.h"

#include <string.h>

#include "runtime/sse/sse.h"

#define FRAME_MAX (64u << 20)

struct run {
    frames_fn *fn;
    void *ctx;
};

static enum err
on_event(void *ctx, const struct sse_event *e)
{
    const struct run *r = ctx;
    struct str data = str_trim(e->data);
    if (!e->comment && data.n)
        r->fn(r->ctx, e->name, data);
    return ERR_OK;
}

static bool
each_event(struct str bytes, struct run *r)
{
    struct sse s;
    sse_init(&s, FRAME_MAX, on_event, r);
    bool ok = !sse_feed(&s, bytes.p, bytes.n) && !sse_end(&s);
    sse_fini(&s);
    return ok;
}

static bool
each_line(struct str bytes, const struct run *r)
{
    while (bytes.n) {
        const char *end = memchr(bytes.p, '\n', bytes.n);
        struct str line = { bytes.p, end ? (size_t)(end - bytes.p) : bytes.n };
        bytes = str_skip(bytes, line.n + (end != NULL));
        line = str_trim(line);
        if (line.n)
            r->fn(r->ctx, (struct str){ NULL, 0 }, line);
    }
    return true;
}

bool
frames_each(enum frames_form form, struct str bytes, frames_fn *fn, void *ctx)
{
    struct run r = { fn, ctx };
    return form == FRAMES_LINES ? each_line(bytes, &r) : each_event(bytes, &r);
}
