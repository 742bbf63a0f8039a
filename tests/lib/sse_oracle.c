/* The event stream's rules, written down once more without any thought of speed or cuts. */
#include "tests/lib/sse_oracle.h"

static void
describe_str(struct buf *out, const char *label, struct str s)
{
    buf_printf(out, " %s=", label);
    buf_puts(out, s.p ? s : STR("-"));
}

void
sse_describe(struct buf *out, const struct sse_event *e)
{
    buf_printf(out, "[%zu,%zu)", e->start, e->end);
    if (e->comment) {
        buf_puts(out, !e->name.p && !e->data.p ? STR(" beat") : STR(" beat with content"));
    } else {
        describe_str(out, "name", e->name);
        describe_str(out, "data", e->data);
    }
    buf_putc(out, '\n');
}

/* The block of lines being read. */
struct block {
    bool open, comment;
    size_t start;
    struct str name;
    struct buf data; /* each line with a LF behind it, as in the standard */
};

static void
end_block(struct buf *out, struct block *b, size_t end)
{
    struct sse_event e = { .start = b->start, .end = end, .name = b->name };
    if (b->data.n)
        e.data = str_make(b->data.p, b->data.n - 1);
    e.comment = b->comment && !b->data.n && !b->name.p;
    if (e.data.n || e.comment)
        sse_describe(out, &e);
    b->open = b->comment = false;
    b->name.p = NULL;
    buf_clear(&b->data);
}

/* Does the line set this field?  If so, to what? */
static bool
is_field(struct str line, const char *field, struct str *value)
{
    if (!str_starts(line, str_from(field)))
        return false;
    *value = str_skip(line, strlen(field));
    if (value->n && value->p[0] != ':')
        return false;
    *value = str_skip(*value, 1);
    if (str_starts(*value, STR(" ")))
        *value = str_skip(*value, 1);
    return true;
}

/* False when the data is longer than limit. */
static bool
take_line(struct buf *out, struct block *b, struct str line, size_t start, size_t limit)
{
    struct str value;
    bool error = str_starts(line, STR("error:")) && is_field(line, "error", &value);
    if (error && (b->data.n || b->name.p))
        end_block(out, b, start);
    if (!b->open)
        b->start = start;
    b->open = true;
    if (error || is_field(line, "data", &value)) {
        if (error)
            b->name = STR("error");
        buf_puts(&b->data, value);
        buf_putc(&b->data, '\n');
        return b->data.n - 1 <= limit;
    }
    if (is_field(line, "event", &value))
        b->name = value.n ? value : (struct str){ NULL, 0 };
    if (str_starts(line, STR(":")))
        b->comment = true;
    return true;
}

void
sse_oracle(struct buf *out, struct str s, size_t limit)
{
    struct block b = { 0 };
    buf_init(&b.data, s.n + 1);
    size_t at = 0;
    while (at < s.n) {
        size_t start = at;
        while (at < s.n && s.p[at] != '\r' && s.p[at] != '\n')
            at++;
        struct str line = { s.p + start, at - start };
        bool ended = at < s.n;
        size_t end = at + ended;
        if (line.n > limit) {
            buf_printf(out, "limit at %zu\n", start);
            goto out;
        }
        if (start == 0 && str_starts(line, STR("\xef\xbb\xbf"))) {
            line = str_skip(line, 3);
            start = 3;
        }
        if (line.n == 0 && ended) {
            end_block(out, &b, end);
        } else if (line.n && !take_line(out, &b, line, start, limit)) {
            buf_printf(out, "limit at %zu\n", start);
            goto out;
        }
        at = end;
        if (ended && at < s.n && s.p[at - 1] == '\r' && s.p[at] == '\n')
            at++;
    }
    end_block(out, &b, s.n);
out:
    buf_fini(&b.data);
}
