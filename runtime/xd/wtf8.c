/* Halves of surrogate pairs at the edges of fragments. */
#include "runtime/xd/wtf8.h"

#include "runtime/base/digits.h"
#include "runtime/base/utf8.h"
#include "runtime/json/text.h"

#define HALF_BYTES 3u
#define LOW_FIRST  0xdc00u
#define HIGH_FIRST 0xd800u

/* The unit of the escape \uXXXX at the start of s, or 0. */
static unsigned
escape_unit(struct str s)
{
    unsigned v = 0;
    if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
        return 0;
    for (unsigned i = 2; i < 6; i++) {
        int h = digits_hex_value(s.p[i]);
        if (h < 0)
            return 0;
        v = v << 4 | (unsigned)h;
    }
    return v;
}

static bool
is_low(unsigned unit)
{
    return unit >= LOW_FIRST && unit < LOW_FIRST + 0x400;
}

static void
put_half(char *to, unsigned unit)
{
    to[0] = (char)(0xe0 | unit >> 12);
    to[1] = (char)(0x80 | (unit >> 6 & 0x3f));
    to[2] = (char)(0x80 | (unit & 0x3f));
}

/* The half that three bytes stand for, or 0: valid UTF-8 has 0x80..0x9f behind 0xed. */
static unsigned
get_half(const char *p)
{
    unsigned char a = (unsigned char)p[0], b = (unsigned char)p[1], c = (unsigned char)p[2];
    return a == 0xed && b >= 0xa0 ? 0xd000u | (b & 0x3fu) << 6 | (c & 0x3fu) : 0;
}

static unsigned
half_at_start(struct str s)
{
    unsigned unit = s.n >= HALF_BYTES ? get_half(s.p) : 0;
    return is_low(unit) ? unit : 0;
}

static unsigned
half_at_end(struct str s)
{
    unsigned unit = s.n >= HALF_BYTES ? get_half(s.p + s.n - HALF_BYTES) : 0;
    return unit && !is_low(unit) ? unit : 0;
}

struct str
wtf8_unescape(struct arena *a, struct str inner)
{
    unsigned low = escape_unit(inner), high = 0;
    if (!is_low(low))
        low = 0;
    struct str body = json_unescape_part(a, str_skip(inner, low ? 6 : 0), &high);
    if (!body.p || (!low && !high))
        return body;
    char *to = arena_bytes(a, body.n + 2 * HALF_BYTES);
    if (!to)
        return (struct str){ NULL, 0 };
    size_t n = 0;
    if (low) {
        put_half(to, low);
        n = HALF_BYTES;
    }
    if (body.n)
        memcpy(to + n, body.p, body.n);
    n += body.n;
    if (high) {
        put_half(to + n, high);
        n += HALF_BYTES;
    }
    return (struct str){ to, n };
}

bool
wtf8_is_clean(struct str s, unsigned half)
{
    return s.n == 0 || (half == 0 && !half_at_start(s) && !half_at_end(s));
}

struct str
wtf8_join(struct arena *a, struct str s, unsigned *half)
{
    if (wtf8_is_clean(s, *half))
        return s;
    char lead[HALF_BYTES * 2];
    size_t n = 0;
    unsigned low = half_at_start(s);
    if (low && *half) {
        n = utf8_encode(lead, 0x10000u + ((*half - HIGH_FIRST) << 10) + (low - LOW_FIRST));
    } else if (low || *half) {
        memcpy(lead, UTF8_REPLACEMENT, HALF_BYTES);
        n = HALF_BYTES;
    }
    s = str_skip(s, low ? HALF_BYTES : 0);
    *half = half_at_end(s);
    s.n -= *half ? HALF_BYTES : 0;
    if (n == 0)
        return s;
    char *to = arena_bytes(a, n + s.n);
    if (!to)
        return (struct str){ NULL, 0 };
    memcpy(to, lead, n);
    if (s.n)
        memcpy(to + n, s.p, s.n);
    return (struct str){ to, n + s.n };
}
