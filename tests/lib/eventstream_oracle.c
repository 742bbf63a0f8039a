/* The rules of the binary event stream, written down once more without any thought of speed or cuts. */
#include "tests/lib/eventstream_oracle.h"

uint32_t
eventstream_crc(struct str s)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (unsigned char)s.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

static size_t
number(struct str s, size_t at, size_t bytes)
{
    size_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)s.p[at + i];
    return v;
}

void
eventstream_describe(struct buf *out, const struct eventstream_message *m)
{
    struct eventstream_header h;
    struct str rest = m->headers;
    buf_printf(out, "[%zu,%zu) ", m->start, m->end);
    while (eventstream_header_next(&rest, &h)) {
        buf_puts(out, h.name);
        if (h.type == EVENTSTREAM_STRING) {
            buf_putc(out, '=');
            buf_puts(out, h.value);
        } else {
            buf_printf(out, ":%d=", (int)h.type);
            for (size_t i = 0; i < h.value.n; i++)
                buf_printf(out, "%02x", (unsigned char)h.value.p[i]);
        }
        buf_putc(out, ' ');
    }
    buf_puts(out, m->payload);
    buf_putc(out, '\n');
}

static bool
headers_fit(struct str s)
{
    static const size_t sizes[] = { 0, 0, 1, 2, 4, 8, 0, 0, 8, 16 };
    size_t at = 0;
    while (at < s.n) {
        size_t name = number(s, at, 1);
        at += 1 + name;
        if (name == 0 || at >= s.n || number(s, at, 1) > 9)
            return false;
        size_t type = number(s, at++, 1);
        size_t size = sizes[type];
        if (type == 6 || type == 7) {
            if (at + 2 > s.n)
                return false;
            size = number(s, at, 2);
            at += 2;
        }
        at += size;
    }
    return at == s.n;
}

/* The error of the message that s begins with. */
static enum err
judge(struct str s, size_t limit, struct eventstream_message *m)
{
    if (s.n < 12)
        return ERR_TRUNCATED;
    size_t total = number(s, 0, 4), headers = number(s, 4, 4);
    if (number(s, 8, 4) != eventstream_crc(str_make(s.p, 8)))
        return ERR_SYNTAX;
    if (total > limit)
        return ERR_LIMIT;
    if (total < 16 || headers > total - 16)
        return ERR_SYNTAX;
    if (headers > 131072)
        return ERR_LIMIT;
    if (total > s.n)
        return ERR_TRUNCATED;
    if (number(s, total - 4, 4) != eventstream_crc(str_make(s.p, total - 4)))
        return ERR_SYNTAX;
    m->headers = str_make(s.p + 12, headers);
    m->payload = str_make(s.p + 12 + headers, total - headers - 16);
    m->end = m->start + total;
    return headers_fit(m->headers) ? ERR_OK : ERR_SYNTAX;
}

void
eventstream_oracle(struct buf *out, struct str stream, size_t limit)
{
    size_t at = 0;
    while (at < stream.n) {
        struct eventstream_message m = { .start = at };
        enum err err = judge(str_skip(stream, at), limit, &m);
        if (err) {
            buf_printf(out, "%s at %zu\n", err_name(err), at);
            return;
        }
        eventstream_describe(out, &m);
        at = m.end;
    }
}
