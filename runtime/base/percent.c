/* See percent.h. */
#include "runtime/base/percent.h"

static bool
is_plain(char c, const char *keep)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c && (strchr("-._~", c) || strchr(keep, c)));
}

void
percent_encode(struct buf *out, struct str s, const char *keep)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char code[3] = { '%', hex[c >> 4], hex[c & 15] };
        if (is_plain(s.p[i], keep))
            buf_putc(out, s.p[i]);
        else
            buf_put(out, code, sizeof code);
    }
}

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
percent_decode(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool coded = s.p[i] == '%' && i + 2 < s.n && digit(s.p[i + 1]) >= 0
                     && digit(s.p[i + 2]) >= 0;
        if (coded)
            buf_putc(out, (char)(digit(s.p[i + 1]) * 16 + digit(s.p[i + 2])));
        else
            buf_putc(out, s.p[i]);
        i += coded ? 2 : 0;
    }
}
