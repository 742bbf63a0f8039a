/* Lines to frames. */
#include "runtime/frame/lines.h"

#include <stdint.h>
#include <string.h>

void
lines_init(struct lines *l, size_t limit, frame_fn *frame, void *ctx)
{
    *l = (struct lines){ .frame = frame, .ctx = ctx, .limit = limit };
    buf_init(&l->line, limit);
}

void
lines_fini(struct lines *l)
{
    buf_fini(&l->line);
}

static enum err
fail(struct lines *l, enum err err, size_t start)
{
    l->offset = start;
    return l->err = err;
}

/* A line without its end, which began at stream offset `start` and, with its end, ends where the
 * stream was consumed to. */
static enum err
take_line(struct lines *l, struct str line, size_t start)
{
    if (start == 0 && str_starts(line, STR("\xef\xbb\xbf"))) {
        line = str_skip(line, 3);
        start = 3;
    }
    struct frame f = { .data = str_trim(line), .start = start, .end = l->offset };
    return f.data.n ? l->err = l->frame(l->ctx, &f) : ERR_OK;
}

/* Put bytes behind the line that was carried over. */
static enum err
carry(struct lines *l, const char *p, size_t n)
{
    size_t start = l->offset - l->line.n;
    if (n > l->limit || l->line.n > l->limit - n)
        return fail(l, ERR_LIMIT, start);
    buf_put(&l->line, p, n);
    if (l->line.err)
        return fail(l, l->line.err, start);
    l->offset += n;
    return ERR_OK;
}

/* One line of the feed, without its end, and perhaps with a beginning that was carried over. */
static enum err
feed_line(struct lines *l, const char *p, size_t n)
{
    size_t start = l->offset - l->line.n;
    if (l->line.n == 0 && n <= l->limit) {
        l->offset += n + 1;
        return take_line(l, str_make(p, n), start);
    }
    if (carry(l, p, n))
        return l->err;
    l->offset++;
    enum err err = take_line(l, buf_str(&l->line), start);
    buf_clear(&l->line);
    return err;
}

enum err
lines_feed(struct lines *l, const char *p, size_t n)
{
    const char *end = p + n;
    const char *stop;
    if (n == 0)
        return l->err;
    while (!l->err && (stop = memchr(p, '\n', (size_t)(end - p)))) {
        if (feed_line(l, p, (size_t)(stop - p)))
            return l->err;
        p = stop + 1;
    }
    return l->err || p == end ? l->err : carry(l, p, (size_t)(end - p));
}

enum err
lines_end(struct lines *l)
{
    if (l->err)
        return l->err;
    enum err err = take_line(l, buf_str(&l->line), l->offset - l->line.n);
    buf_clear(&l->line);
    return err;
}
