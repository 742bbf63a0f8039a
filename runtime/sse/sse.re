/* Lines to events.  Line ends are found sixteen bytes at a time, then re2c tells what the line
 * begins with.
 *
 *   feed   ...................data: {"a":1}\n\nevent: x\nda
 *          └ end of s->line ┘ └ line in place  ┘         └─ to s->line
 * */
#include "runtime/sse/sse.h"

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Bits of struct sse's state. */
enum {
    LATER_LINE = 1,  /* not the first line of the stream, which may begin with a BOM */
    AFTER_CR = 2,    /* a LF now belongs to the line end before */
    IN_BLOCK = 4,    /* there was a line since the last blank one */
    DATA_HELD = 8,   /* pending.data is in the buffer */
    NAME_HELD = 16,  /* pending.name is in the buffer */
};

enum field { FIELD_BLANK, FIELD_COMMENT, FIELD_DATA, FIELD_EVENT, FIELD_ERROR, FIELD_OTHER };

/* What the line is and what stands behind the colon.  A line end follows line. */
static enum field
classify(struct str line, struct str *value)
{
    const char *YYCURSOR = line.p;
    const char *YYMARKER;
    enum field field;
    /*!re2c
        re2c:define:YYCTYPE = "unsigned char";
        re2c:yyfill:enable = 0;

        end = [\r\n];
        colon = ":" " "?;

        end             { return FIELD_BLANK; }
        ":"             { return FIELD_COMMENT; }
        "data" colon    { field = FIELD_DATA; goto value; }
        "event" colon   { field = FIELD_EVENT; goto value; }
        "error" colon   { field = FIELD_ERROR; goto value; }
        "data" end      { field = FIELD_DATA; goto bare; }
        "event" end     { field = FIELD_EVENT; goto bare; }
        *               { return FIELD_OTHER; }
    */
value:
    *value = str_make(YYCURSOR, (size_t)(line.p + line.n - YYCURSOR));
    return field;
bare:
    *value = STR("");
    return field;
}

/* The first CR or LF, or end. */
static const char *
find_line_end(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, cr), _mm_cmpeq_epi8(x, lf));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask)
            return p + __builtin_ctz(mask);
    }
#endif
    while (p < end && *p != '\r' && *p != '\n')
        p++;
    return p;
}

void
sse_init(struct sse *s, size_t limit, sse_event_fn *event, void *ctx)
{
    *s = (struct sse){ .event = event, .ctx = ctx, .limit = limit };
    buf_init(&s->line, limit < SIZE_MAX ? limit + 1 : limit); /* and the line end */
    buf_init(&s->data, limit);
    buf_init(&s->name, limit);
}

void
sse_fini(struct sse *s)
{
    buf_fini(&s->line);
    buf_fini(&s->data);
    buf_fini(&s->name);
}

void
sse_reset(struct sse *s)
{
    buf_clear(&s->line);
    buf_clear(&s->data);
    buf_clear(&s->name);
    s->pending = (struct sse_event){ 0 };
    s->block = NULL;
    s->err = ERR_OK;
    s->offset = 0;
    s->state = 0;
}

/* The limit was crossed, or there is no memory, in the line that begins at `start`. */
static enum err
fail(struct sse *s, enum err err, size_t start)
{
    s->offset = start;
    return s->err = err;
}

/* Copy *span into b unless it is there already.  An error stays in b. */
static void
hold(struct sse *s, struct buf *b, struct str *span, unsigned held)
{
    if (!span->p || s->state & held)
        return;
    buf_puts(b, *span);
    *span = buf_str(b);
    s->state |= held;
}

/* End the block at stream offset `end`, delivering what it held. */
static enum err
dispatch(struct sse *s, size_t end)
{
    struct sse_event e = s->pending;
    e.end = end;
    if (s->block)
        e.raw = str_make(s->block, end - e.start);
    s->block = NULL;
    e.comment = e.comment && !e.data.p && !e.name.p;
    s->pending = (struct sse_event){ 0 };
    s->state &= ~(unsigned)(IN_BLOCK | DATA_HELD | NAME_HELD);
    if (e.data.n || e.comment)
        s->err = s->event(s->ctx, &e);
    buf_clear(&s->data);
    buf_clear(&s->name);
    return s->err;
}

static enum err
add_data(struct sse *s, struct str value, size_t start)
{
    struct str *data = &s->pending.data;
    if (!data->p) {
        *data = value;
        return ERR_OK;
    }
    hold(s, &s->data, data, DATA_HELD);
    buf_putc(&s->data, '\n');
    buf_puts(&s->data, value);
    *data = buf_str(&s->data);
    return s->data.err ? fail(s, s->data.err, start) : ERR_OK;
}

/* Take one line, which begins at stream offset `start` and has a line end behind it. */
static enum err
take_line(struct sse *s, struct str line, size_t start)
{
    if (!(s->state & LATER_LINE)) {
        s->state |= LATER_LINE;
        if (str_starts(line, STR("\xef\xbb\xbf"))) {
            line = str_skip(line, 3);
            start += 3;
        }
    }
    struct str value;
    enum field field = classify(line, &value);
    if (field == FIELD_BLANK)
        return dispatch(s, s->offset);
    if (field == FIELD_ERROR && (s->pending.data.p || s->pending.name.p) && dispatch(s, start))
        return s->err;
    if (!(s->state & IN_BLOCK)) {
        s->state |= IN_BLOCK;
        s->pending.start = start;
    }
    switch (field) {
    case FIELD_DATA:
        return add_data(s, value, start);
    case FIELD_ERROR:
        s->pending.name = STR("error");
        s->pending.data = value;
        break;
    case FIELD_EVENT:
        buf_clear(&s->name);
        s->state &= ~(unsigned)NAME_HELD;
        s->pending.name = value.n ? value : (struct str){ NULL, 0 };
        break;
    case FIELD_COMMENT:
        s->pending.comment = true;
        break;
    case FIELD_BLANK:
    case FIELD_OTHER:
        break;
    }
    return ERR_OK;
}

/* Put bytes behind the line that was carried over, which then begins at stream offset `start`. */
static enum err
carry(struct sse *s, const char *p, size_t n, size_t start)
{
    buf_put(&s->line, p, n);
    return s->line.err ? fail(s, s->line.err, start) : ERR_OK;
}

/* One line [p, end) of the feed with its line end at `end`. */
static enum err
feed_line(struct sse *s, const char *p, const char *end)
{
    size_t n = (size_t)(end - p);
    size_t held = s->line.n;
    size_t start = s->offset - held;
    if (n > s->limit || held > s->limit - n)
        return fail(s, ERR_LIMIT, start);
    s->offset += n + 1;
    if (!(s->state & IN_BLOCK) && held == 0 && s->state & LATER_LINE)
        s->block = p;
    if (held == 0)
        return take_line(s, str_make(p, n), start);
    if (carry(s, p, n + 1, start))
        return s->err;
    struct str line = { s->line.p, held + n };
    s->line.n = 0; /* the bytes, and spans of them, stay where they are until the next carry */
    return take_line(s, line, start);
}

/* Keep what the feed leaves over: the event's parts first, for they may point into s->line, then
 * [p, end). */
static enum err
keep_rest(struct sse *s, const char *p, const char *end)
{
    size_t start = s->offset - s->line.n;
    size_t left = (size_t)(end - p);
    s->block = NULL;
    hold(s, &s->data, &s->pending.data, DATA_HELD);
    hold(s, &s->name, &s->pending.name, NAME_HELD);
    if (s->data.err || s->name.err)
        return fail(s, ERR_MEMORY, start);
    if (left > s->limit || s->line.n > s->limit - left)
        return fail(s, ERR_LIMIT, start);
    s->offset += left;
    return left ? carry(s, p, left, start) : ERR_OK;
}

/* The length of an event at the start of rest that was delivered by the shortcut. */
static size_t
cut_short(struct sse *s, struct str rest)
{
    if (!s->shortcut || s->state & IN_BLOCK || s->line.n)
        return 0;
    size_t n = s->shortcut(s->ctx, rest, s->offset);
    s->offset += n;
    if (n && rest.p[n - 1] == '\r')
        s->state |= AFTER_CR;
    return n;
}

enum err
sse_feed(struct sse *s, const char *p, size_t n)
{
    if (s->err || n == 0)
        return s->err;
    const char *end = p + n;
    while (p < end) {
        if (s->state & AFTER_CR) {
            s->state &= ~(unsigned)AFTER_CR;
            if (*p == '\n') {
                p++;
                s->offset++;
                continue;
            }
        }
        size_t n_event = cut_short(s, str_make(p, (size_t)(end - p)));
        if (n_event) {
            p += n_event;
            continue;
        }
        const char *stop = find_line_end(p, end);
        if (stop == end)
            break;
        if (*stop == '\r')
            s->state |= AFTER_CR;
        if (feed_line(s, p, stop))
            return s->err;
        p = stop + 1;
    }
    return keep_rest(s, p, end);
}

enum err
sse_end(struct sse *s)
{
    if (s->err)
        return s->err;
    size_t n = s->line.n;
    size_t start = s->offset - n;
    if (n && (carry(s, "\n", 1, start) || take_line(s, str_make(s->line.p, n), start)))
        return s->err;
    return dispatch(s, s->offset);
}
