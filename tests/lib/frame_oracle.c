/* Lines and arrays, written down once more without any thought of speed or cuts. */
#include "tests/lib/frame_oracle.h"

#include <string.h>

static const struct str bom = STR_INIT("\xef\xbb\xbf");

static void
describe_str(struct buf *out, const char *label, struct str s)
{
    buf_printf(out, " %s=", label);
    buf_puts(out, s.p ? s : STR("-"));
}

void
frame_describe(struct buf *out, const struct frame *f)
{
    buf_printf(out, "[%zu,%zu)%s", f->start, f->end, f->failed ? " failed" : "");
    if (f->kind == FRAME_DATA) {
        describe_str(out, "name", f->name);
        describe_str(out, "data", f->data);
    } else {
        buf_puts(out, f->kind == FRAME_BEAT ? STR(" beat") : STR(" last"));
        if (f->name.p || f->data.p)
            buf_puts(out, STR(" with content"));
    }
    buf_putc(out, '\n');
}

static void
lines_oracle(struct buf *out, struct str s, size_t limit)
{
    for (size_t at = 0, end; at < s.n; at = end) {
        const char *lf = memchr(s.p + at, '\n', s.n - at);
        size_t n = lf ? (size_t)(lf - s.p) - at : s.n - at, start = at;
        struct str line = { s.p + at, n };
        end = at + n + (lf != NULL);
        if (n > limit) {
            buf_printf(out, "limit at %zu\n", at);
            return;
        }
        if (at == 0 && str_starts(line, bom)) {
            line = str_skip(line, 3);
            start = 3;
        }
        struct frame f = { .data = str_trim(line), .start = start, .end = end };
        if (f.data.n)
            frame_describe(out, &f);
    }
}

/* Behind the closing brace of the object at s.p[at], or s.n. */
static size_t
object_end(struct str s, size_t at)
{
    bool in_text = false;
    int open = 0;
    for (size_t i = at; i < s.n; i++) {
        char c = s.p[i];
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '{' || c == '['))
            open++;
        else if (!in_text && (c == '}' || c == ']') && --open == 0)
            return i + 1;
    }
    return s.n;
}

static void
array_oracle(struct buf *out, struct str s, size_t limit)
{
    size_t at = 0;
    while (at < s.n && memchr(" \t\r\n\xef\xbb\xbf", s.p[at], 7))
        at++;
    if (at == s.n)
        return;
    if (s.p[at] != '[') {
        buf_printf(out, "syntax at %zu\n", at);
        return;
    }
    for (at++; at < s.n;) {
        struct frame f = { .kind = FRAME_LAST, .start = at, .end = at + 1 };
        if (memchr(" \t\r\n,", s.p[at], 5)) {
            at++;
            continue;
        }
        if (s.p[at] != '{') {
            if (s.p[at] == ']')
                frame_describe(out, &f);
            else
                buf_printf(out, "syntax at %zu\n", at);
            return;
        }
        f.kind = FRAME_DATA;
        f.end = object_end(s, at);
        f.data = str_make(s.p + at, f.end - at);
        if (f.data.n > limit) {
            buf_printf(out, "limit at %zu\n", at);
            return;
        }
        frame_describe(out, &f);
        at = f.end;
    }
}

void
frame_oracle(struct buf *out, enum framing framing, struct str stream, size_t limit)
{
    if (framing == FRAMING_NDJSON)
        lines_oracle(out, stream, limit);
    else
        array_oracle(out, stream, limit);
}
