/* Base64 in both directions, three bytes to four letters. */
#include "runtime/base/base64.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define BAD 0x80u
#define xx  BAD

/* The six bits of a letter of either alphabet ("+/" or "-_"), BAD for anything else. */
/* clang-format off */
static const uint8_t values[128] = {
    xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx,
    xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx,
    xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, xx, 62, xx, 62, xx, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, xx, xx, xx, xx, xx, xx,
    xx,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, xx, xx, xx, xx, 63,
    xx, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, xx, xx, xx, xx, xx,
};
/* clang-format on */

#undef xx

void
base64_encode(struct buf *out, struct str bytes)
{
    if (bytes.n > SIZE_MAX / 4 * 3 - 3) {
        out->err = out->err ? out->err : ERR_LIMIT;
        return;
    }
    size_t n = (bytes.n + 2) / 3 * 4;
    char *to = n ? buf_room(out, n) : NULL;
    if (!to)
        return;
    const uint8_t *p = (const uint8_t *)bytes.p;
    const uint8_t *end = p + bytes.n;
    for (; end - p >= 3; p += 3, to += 4) {
        unsigned bits = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        to[0] = letters[bits >> 18];
        to[1] = letters[bits >> 12 & 63];
        to[2] = letters[bits >> 6 & 63];
        to[3] = letters[bits & 63];
    }
    if (p < end) {
        unsigned bits = (unsigned)p[0] << 16 | (end - p > 1 ? (unsigned)p[1] << 8 : 0);
        to[0] = letters[bits >> 18];
        to[1] = letters[bits >> 12 & 63];
        to[2] = end - p > 1 ? letters[bits >> 6 & 63] : '=';
        to[3] = '=';
    }
    out->n += n;
}

static unsigned
value(char c)
{
    unsigned char u = (unsigned char)c;
    return u < 128 ? values[u] : BAD;
}

/* The text without its padding, which must fill the last group of four; false when it does not. */
static bool
strip_padding(struct str *text)
{
    size_t pad = 0;
    while (pad < 2 && pad < text->n && text->p[text->n - 1 - pad] == '=')
        pad++;
    if (pad && text->n % 4)
        return false;
    text->n -= pad;
    return true;
}

bool
base64_decode(struct buf *out, struct str text)
{
    if (!strip_padding(&text) || text.n % 4 == 1)
        return false;
    size_t n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
    char *to = n ? buf_room(out, n) : NULL;
    if (!to)
        return n == 0;
    const char *p = text.p, *end = text.p + text.n;
    for (; end - p >= 4; p += 4, to += 3) {
        unsigned a = value(p[0]), b = value(p[1]), c = value(p[2]), d = value(p[3]);
        if ((a | b | c | d) & BAD)
            return false;
        unsigned bits = a << 18 | b << 12 | c << 6 | d;
        to[0] = (char)(bits >> 16);
        to[1] = (char)(bits >> 8);
        to[2] = (char)bits;
    }
    if (p < end) {
        unsigned a = value(p[0]), b = value(p[1]), c = end - p > 2 ? value(p[2]) : 0;
        if ((a | b | c) & BAD)
            return false;
        to[0] = (char)(a << 2 | b >> 4);
        if (end - p > 2)
            to[1] = (char)(b << 4 | c >> 2);
    }
    out->n += n;
    return true;
}
