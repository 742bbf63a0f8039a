/* Messages are cut where their lengths say; both checksums are looked at before anything else. */
#include "runtime/frame/eventstream.h"

#include <assert.h>
#include <limits.h>
#include <zlib.h>

enum { PRELUDE = 12, TRAILER = 4, LEAST = PRELUDE + TRAILER };

static uint32_t
get32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void
set32(char *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (char)(unsigned char)(v >> (24 - 8 * i));
}

static uint32_t
checksum(const char *p, size_t n)
{
    static_assert(EVENTSTREAM_MAX <= UINT_MAX, "the length fits zlib's");
    return (uint32_t)crc32(0, (const unsigned char *)p, (uInt)n);
}

void
eventstream_init(struct eventstream *s, size_t limit, eventstream_fn *message, void *ctx)
{
    *s = (struct eventstream){
        .message = message,
        .ctx = ctx,
        .limit = limit < EVENTSTREAM_MAX ? limit : EVENTSTREAM_MAX,
    };
    buf_init(&s->held, s->limit > PRELUDE ? s->limit : PRELUDE);
}

void
eventstream_fini(struct eventstream *s)
{
    buf_fini(&s->held);
}

void
eventstream_reset(struct eventstream *s)
{
    buf_clear(&s->held);
    s->err = ERR_OK;
    s->why = NULL;
    s->offset = 0;
    s->total = 0;
}

/* Of the message that begins at stream offset `start`. */
static enum err
refuse(struct eventstream *s, enum err err, size_t start, const char *why)
{
    s->offset = start;
    s->why = why;
    return s->err = err;
}

/* Look at the lengths of the message at p, of which the prelude is there. */
static enum err
take_prelude(struct eventstream *s, const char *p, size_t start)
{
    if (checksum(p, PRELUDE - 4) != get32(p + PRELUDE - 4))
        return refuse(s, ERR_SYNTAX, start, "the checksum of a message's lengths is wrong");
    s->total = get32(p);
    s->headers = get32(p + 4);
    if (s->total > s->limit)
        return refuse(s, ERR_LIMIT, start, "a message is too large");
    if (s->total < LEAST || s->headers > s->total - LEAST)
        return refuse(s, ERR_SYNTAX, start, "a message is shorter than what it holds");
    if (s->headers > EVENTSTREAM_HEADERS_MAX)
        return refuse(s, ERR_LIMIT, start, "the headers of a message are too large");
    return ERR_OK;
}

bool
eventstream_header_next(struct str *headers, struct eventstream_header *h)
{
    static const unsigned char fixed[] = {
        [EVENTSTREAM_BYTE] = 1, [EVENTSTREAM_SHORT] = 2,     [EVENTSTREAM_INT] = 4,
        [EVENTSTREAM_LONG] = 8, [EVENTSTREAM_TIMESTAMP] = 8, [EVENTSTREAM_UUID] = 16,
    };
    struct str s = *headers;
    size_t name = s.n ? (unsigned char)s.p[0] : 0;
    if (name == 0 || s.n < name + 2)
        return false;
    h->name = str_make(s.p + 1, name);
    unsigned type = (unsigned char)s.p[1 + name];
    s = str_skip(s, name + 2);
    if (type >= sizeof fixed)
        return false;
    size_t n = fixed[type];
    if (type == EVENTSTREAM_BYTES || type == EVENTSTREAM_STRING) {
        if (s.n < 2)
            return false;
        n = (size_t)((unsigned char)s.p[0] << 8 | (unsigned char)s.p[1]);
        s = str_skip(s, 2);
    }
    if (s.n < n)
        return false;
    h->type = (enum eventstream_type)type;
    h->value = str_make(s.p, n);
    *headers = str_skip(s, n);
    return true;
}

struct str
eventstream_string(const struct eventstream_message *m, const char *name)
{
    struct str rest = m->headers;
    struct eventstream_header h;
    while (eventstream_header_next(&rest, &h))
        if (h.type == EVENTSTREAM_STRING && str_is(h.name, name))
            return h.value;
    return (struct str){ NULL, 0 };
}

static bool
headers_are_whole(struct str headers)
{
    struct eventstream_header h;
    while (eventstream_header_next(&headers, &h))
        ;
    return headers.n == 0;
}

/* Take the message at p, all of which is there and whose lengths are known. */
static enum err
take_message(struct eventstream *s, const char *p, size_t start)
{
    size_t body = s->total - TRAILER;
    if (checksum(p, body) != get32(p + body))
        return refuse(s, ERR_SYNTAX, start, "the checksum of a message is wrong");
    struct eventstream_message m = {
        .headers = { p + PRELUDE, s->headers },
        .payload = { p + PRELUDE + s->headers, body - PRELUDE - s->headers },
        .start = start,
        .end = start + s->total,
    };
    if (!headers_are_whole(m.headers))
        return refuse(s, ERR_SYNTAX, start, "a message's headers are cut off or of no known type");
    s->total = 0;
    s->offset = m.end;
    return s->err = s->message(s->ctx, &m);
}

/* Lengthen the held bytes to `want` as far as the feed goes; false when it did not. */
static bool
fill(struct eventstream *s, struct str *feed, size_t want)
{
    size_t n = want - s->held.n < feed->n ? want - s->held.n : feed->n;
    buf_put(&s->held, feed->p, n);
    if (s->held.err) {
        refuse(s, s->held.err, s->offset - s->held.n, "there is no memory for a message");
        return false;
    }
    s->offset += n;
    *feed = str_skip(*feed, n);
    return s->held.n == want;
}

/* Go on with the message that was carried over. */
static enum err
feed_held(struct eventstream *s, struct str *feed)
{
    if (s->total == 0) {
        if (!fill(s, feed, PRELUDE) || take_prelude(s, s->held.p, s->offset - PRELUDE))
            return s->err;
    }
    if (!fill(s, feed, s->total))
        return s->err;
    size_t start = s->offset - s->total;
    s->held.n = 0; /* the bytes stay where they are until the next fill */
    return take_message(s, s->held.p, start);
}

enum err
eventstream_feed(struct eventstream *s, const char *p, size_t n)
{
    struct str feed = { p, n };
    if (!s->err && feed.n && s->held.n)
        feed_held(s, &feed);
    while (!s->err && feed.n) {
        bool known = feed.n >= PRELUDE && take_prelude(s, feed.p, s->offset) == ERR_OK;
        size_t total = s->total;
        if (s->err)
            break;
        if (!known || feed.n < total) {
            fill(s, &feed, known ? total : PRELUDE);
            break;
        }
        if (take_message(s, feed.p, s->offset) == ERR_OK)
            feed = str_skip(feed, total);
    }
    return s->err;
}

enum err
eventstream_end(struct eventstream *s)
{
    if (s->err || s->held.n == 0)
        return s->err;
    return refuse(s, ERR_TRUNCATED, s->offset - s->held.n, "a message is cut off");
}

/* --- writing --- */

void
eventstream_open(struct eventstream_writer *w, struct buf *out)
{
    static const char unknown[PRELUDE];
    *w = (struct eventstream_writer){ .out = out, .start = out->n };
    buf_put(out, unknown, PRELUDE);
    w->payload = out->n;
}

void
eventstream_put(struct eventstream_writer *w, struct str name, struct str value)
{
    assert(name.n > 0 && name.n <= UINT8_MAX && value.n <= UINT16_MAX);
    buf_putc(w->out, (char)(unsigned char)name.n);
    buf_puts(w->out, name);
    buf_putc(w->out, EVENTSTREAM_STRING);
    buf_putc(w->out, (char)(unsigned char)(value.n >> 8));
    buf_putc(w->out, (char)(unsigned char)value.n);
    buf_puts(w->out, value);
    w->payload = w->out->n;
}

void
eventstream_close(struct eventstream_writer *w)
{
    char sum[TRAILER] = { 0 };
    struct buf *out = w->out;
    if (!out->err && out->n - w->start > EVENTSTREAM_MAX - TRAILER)
        out->err = ERR_LIMIT;
    if (out->err)
        return;
    char *p = out->p + w->start;
    size_t n = out->n - w->start;
    set32(p, (uint32_t)(n + TRAILER));
    set32(p + 4, (uint32_t)(w->payload - w->start - PRELUDE));
    set32(p + PRELUDE - 4, checksum(p, PRELUDE - 4));
    set32(sum, checksum(p, n));
    buf_put(out, sum, TRAILER);
}
