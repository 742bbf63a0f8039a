/* JSON string escapes, both ways. */
#include "runtime/json/text.h"

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/digits.h"
#include "runtime/base/utf8.h"
#include "runtime/json/odd.h"

#define HIGH_FIRST  0xd800u /* surrogate halves: high ones, then low ones */
#define LOW_FIRST   0xdc00u
#define LOW_LAST    0xdfffu
#define REPLACEMENT 0xfffdu

/* The number of bytes at p that need no escape. */
static size_t
plain_run(const char *p, size_t n)
{
    size_t i = 0;
    while (n >= ODD_BLOCK && i < n) {
        if (n - i < ODD_BLOCK)
            i = n - ODD_BLOCK; /* the last block reaches back over what was seen */
        unsigned mask = odd_bytes(p + i);
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
        i += ODD_BLOCK;
    }
    while (i < n && odd_is_plain(p[i]))
        i++;
    return i;
}

/* The letter of a short escape, by the byte it stands for; NUL: there is none. */
static const char letter_of[128] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
};

#define ESCAPE_MAX 6u

/* The escape of c, at most ESCAPE_MAX bytes, into to; returns its length. */
static size_t
escape_one(char *to, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    to[0] = '\\';
    to[1] = letter_of[c];
    if (to[1])
        return 2;
    memcpy(to + 1, "u00", 3);
    to[4] = hex[c >> 4];
    to[5] = hex[c & 15];
    return ESCAPE_MAX;
}

/* Escape n bytes; returns the length of what they come to.  There is room for ESCAPE_MAX bytes each,
 * and for a block. */
static size_t
escape_bytes(char *to, const char *p, size_t n)
{
    char *from = to;
    const char *end = p + n;
    while (end - p >= (ptrdiff_t)ODD_BLOCK) {
        unsigned mask = odd_bytes(p);
        size_t run = mask ? (size_t)__builtin_ctz(mask) : ODD_BLOCK;
        memcpy(to, p, ODD_BLOCK);
        to += run;
        p += run;
        if (mask)
            to += escape_one(to, (unsigned char)*p++);
    }
    for (; p < end; p++)
        if (odd_is_plain(*p))
            *to++ = *p;
        else
            to += escape_one(to, (unsigned char)*p);
    return (size_t)(to - from);
}

void
json_escape(struct buf *out, struct str s)
{
    enum { STEP = 256 };
    char text[STEP * ESCAPE_MAX + ODD_BLOCK];
    while (s.n) {
        size_t run = plain_run(s.p, s.n);
        buf_put(out, s.p, run);
        s = str_skip(s, run);
        if (s.n == 0)
            return;
        size_t n = s.n < STEP ? s.n : STEP;
        buf_put(out, text, escape_bytes(text, s.p, n));
        s = str_skip(s, n);
    }
}

/* The UTF-16 unit that the escape at the start of s stands for; returns the escape's length.
 * What is no escape counts as U+FFFD, never reaching behind s. */
static size_t
escape_unit(struct str s, unsigned *unit)
{
    *unit = REPLACEMENT;
    if (s.n < 2)
        return s.n;
    char letter = s.p[1], byte = odd_byte_of(letter);
    if (byte)
        *unit = (unsigned char)byte;
    if (letter != 'u')
        return 2;
    unsigned v = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = i < s.n ? digits_hex_value(s.p[i]) : -1;
        if (digit < 0)
            return i;
        v = v << 4 | (unsigned)digit;
    }
    *unit = v;
    return 6;
}

/* A stretch of decoded text: a run of the source, or one code point in own. */
struct piece {
    const char *p;
    size_t n;
    char own[4];
};

static bool
point(struct piece *out, unsigned c)
{
    out->n = utf8_encode(out->own, c);
    out->p = out->own;
    return true;
}

/* The next piece of *inner, which it is taken from; false at the end.  *half as in
 * json_unescape_part. */
static bool
next_piece(struct str *inner, unsigned *half, struct piece *out)
{
    while (inner->n) {
        unsigned unit = 0;
        size_t n = inner->p[0] == '\\' ? escape_unit(*inner, &unit) : 0;
        bool low = unit >= LOW_FIRST && unit <= LOW_LAST;
        if (*half && !low) {
            *half = 0;
            return point(out, REPLACEMENT);
        }
        if (n == 0) {
            const char *stop = memchr(inner->p, '\\', inner->n);
            out->p = inner->p;
            out->n = stop ? (size_t)(stop - inner->p) : inner->n;
            *inner = str_skip(*inner, out->n);
            return true;
        }
        *inner = str_skip(*inner, n);
        if (unit >= HIGH_FIRST && unit < LOW_FIRST) {
            *half = unit;
            continue;
        }
        if (low && *half)
            unit = 0x10000 + ((*half - HIGH_FIRST) << 10) + (unit - LOW_FIRST);
        else if (low)
            unit = REPLACEMENT;
        *half = 0;
        return point(out, unit);
    }
    return false;
}

/* Copy s up to its first backslash; returns how much that is.  There is room for all of s. */
static size_t
copy_run(char *to, struct str s)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i slash = _mm_set1_epi8('\\');
    for (; s.n - i >= 16; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
        _mm_storeu_si128((__m128i *)(void *)(to + i), x);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, slash));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
#endif
    for (; i < s.n && s.p[i] != '\\'; i++)
        to[i] = s.p[i];
    return i;
}

/* Decode the runs and short escapes at the front of *inner, as far as they go; returns the length
 * of what they come to. */
static size_t
unescape_simple(char *to, struct str *inner)
{
    struct str s = *inner;
    size_t n = 0;
    for (;;) {
        size_t run = copy_run(to + n, s);
        n += run;
        s = str_skip(s, run);
        char byte = s.n > 1 ? odd_byte_of(s.p[1]) : '\0';
        if (!byte)
            break;
        to[n++] = byte;
        s = str_skip(s, 2);
    }
    *inner = s;
    return n;
}

struct str
json_unescape_part(struct arena *a, struct str inner, unsigned *half)
{
    /* Decoding never lengthens, but for a pending half that comes out as three bytes, or joins
     * with six bytes of escape to four. */
    char *text = arena_bytes(a, inner.n + 3);
    if (!text)
        return (struct str){ NULL, 0 };
    size_t n = *half ? 0 : unescape_simple(text, &inner);
    struct piece piece;
    while (next_piece(&inner, half, &piece)) {
        memcpy(text + n, piece.p, piece.n);
        n += piece.n;
        if (!*half)
            n += unescape_simple(text + n, &inner);
    }
    return str_make(text, n);
}

struct str
json_unescape(struct arena *a, struct str inner)
{
    unsigned half = 0;
    struct str text = json_unescape_part(a, inner, &half);
    if (half && text.p) {
        /* There is room: the half's escape was six bytes long and has written nothing. */
        memcpy((char *)(uintptr_t)text.p + text.n, UTF8_REPLACEMENT, 3);
        text.n += 3;
    }
    return text;
}

size_t
json_unescaped_length(struct str inner)
{
    unsigned half = 0;
    size_t n = 0;
    for (struct piece piece; next_piece(&inner, &half, &piece);)
        n += piece.n;
    return n + (half ? sizeof UTF8_REPLACEMENT - 1 : 0);
}

bool
json_unescape_starts(struct str inner, struct str s)
{
    unsigned half = 0;
    struct piece piece;
    while (s.n && next_piece(&inner, &half, &piece)) {
        size_t n = piece.n < s.n ? piece.n : s.n;
        if (memcmp(piece.p, s.p, n) != 0)
            return false;
        s = str_skip(s, n);
    }
    return s.n == 0;
}

bool
json_unescape_is(struct str inner, struct str s)
{
    unsigned half = 0;
    struct piece piece;
    while (next_piece(&inner, &half, &piece)) {
        if (!str_starts(s, str_make(piece.p, piece.n)))
            return false;
        s = str_skip(s, piece.n);
    }
    return str_eq(s, half ? STR(UTF8_REPLACEMENT) : STR(""));
}
