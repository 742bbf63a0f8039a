/* UTF-8 checks and repairs. */
#include "runtime/base/utf8.h"

#include <stdbool.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef unsigned char byte;

/* The end of the ASCII run that starts at p. */
static const byte *
skip_ascii(const byte *p, const byte *end)
{
#ifdef __SSE2__
    while (end - p >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned high = (unsigned)_mm_movemask_epi8(x);
        if (high)
            return p + __builtin_ctz(high);
        p += 16;
    }
#endif
    while (p < end && *p < 0x80)
        p++;
    return p;
}

static bool
is_tail(byte c)
{
    return (c & 0xc0) == 0x80;
}

/* The length of the valid sequence of two or more bytes at p, or 0.  RFC 3629, section 4: the
 * second byte's range depends on the first, which keeps out overlong forms, surrogates and what
 * is above U+10FFFF. */
static size_t
sequence(const byte *p, const byte *end)
{
    size_t left = (size_t)(end - p);
    byte c = p[0];
    if (c < 0xc2 || c > 0xf4 || left < 2)
        return 0;
    if (c < 0xe0)
        return is_tail(p[1]) ? 2 : 0;
    byte low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    byte high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high || left < 3 || !is_tail(p[2]))
        return 0;
    if (c < 0xf0)
        return 3;
    return left >= 4 && is_tail(p[3]) ? 4 : 0;
}

size_t
utf8_valid(const char *text, size_t n)
{
    if (n == 0)
        return 0;
    const byte *start = (const byte *)text;
    const byte *p = start, *end = start + n;
    while ((p = skip_ascii(p, end)) < end) {
        do {
            size_t k = sequence(p, end);
            if (k == 0)
                return (size_t)(p - start);
            p += k;
        } while (p < end && *p >= 0x80);
    }
    return n;
}

void
utf8_sanitize(struct buf *out, struct str s)
{
    while (s.n) {
        size_t good = utf8_valid(s.p, s.n);
        buf_put(out, s.p, good);
        if (good == s.n)
            return;
        buf_puts(out, STR(UTF8_REPLACEMENT));
        s = str_skip(s, good + 1);
    }
}

size_t
utf8_encode(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

struct str
utf8_cut(struct str s, size_t n)
{
    if (s.n <= n)
        return s;
    size_t cut = n;
    while (cut > 0 && n - cut < 3 && is_tail((byte)s.p[cut]))
        cut--;
    /* Tail bytes without a first byte in reach are no sequence, so nothing can be split. */
    return (struct str){ s.p, is_tail((byte)s.p[cut]) ? n : cut };
}
