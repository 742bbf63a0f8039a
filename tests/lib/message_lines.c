/* A name, a blank, a payload. */
#include "tests/lib/message_lines.h"

#include "runtime/base/utf8.h"
#include "runtime/frame/messages.h"

#define NAME_MAX_BYTES 1000u

static struct str
next_line(struct str *s)
{
    const char *end = s->n ? memchr(s->p, '\n', s->n) : NULL;
    struct str line = { s->p, end ? (size_t)(end - s->p) : s->n };

    *s = str_skip(*s, line.n + 1);
    return line;
}

/* An error of the framing has its words in a header. */
static void
write_error(struct buf *out, struct str name, struct str words)
{
    struct eventstream_writer w;
    eventstream_open(&w, out);
    eventstream_put(&w, STR(":message-type"), STR("error"));
    eventstream_put(&w, STR(":error-code"), name);
    eventstream_put(&w, STR(":error-message"), words);
    eventstream_close(&w);
}

void
message_lines_write(struct buf *out, struct str lines)
{
    for (struct str line; (line = next_line(&lines)).n;) {
        struct eventstream_writer w;
        bool failed = str_starts(line, STR("! ")), error = str_starts(line, STR("!! "));
        line = str_skip(line, error ? 3 : failed ? 2 : 0);
        const char *blank = line.n ? memchr(line.p, ' ', line.n) : NULL;
        size_t n = blank ? (size_t)(blank - line.p) : line.n;
        struct str name = { line.p, n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES };
        if (error) {
            write_error(out, name, utf8_cut(str_skip(line, n + 1), NAME_MAX_BYTES));
            continue;
        }
        messages_open(&w, out, failed ? MESSAGES_EXCEPTION : MESSAGES_EVENT, name);
        buf_puts(out, str_skip(line, n + 1));
        eventstream_close(&w);
    }
}
