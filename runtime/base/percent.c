/* See percent.h. */
#include "runtime/base/percent.h"

#include "runtime/base/digits.h"

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

void
percent_decode(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool coded = s.p[i] == '%' && i + 2 < s.n && digits_hex_value(s.p[i + 1]) >= 0
                     && digits_hex_value(s.p[i + 2]) >= 0;
        if (coded)
            buf_putc(out, (char)(digits_hex_value(s.p[i + 1]) * 16 + digits_hex_value(s.p[i + 2])));
        else
            buf_putc(out, s.p[i]);
        i += coded ? 2 : 0;
    }
}
