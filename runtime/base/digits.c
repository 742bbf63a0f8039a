/* Several digits at a time. */
#include "runtime/base/digits.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

const char digits_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

struct str
digits_of(char room[DIGITS_ROOM], uint64_t v, unsigned least)
{
    size_t at = DIGITS_ROOM;
    for (; v >= 10; v /= 100) {
        at -= 2;
        memcpy(room + at, digits_pairs + v % 100 * 2, 2);
    }
    if (v || at == DIGITS_ROOM)
        room[--at] = (char)('0' + v);
    while (DIGITS_ROOM - at < least)
        room[--at] = '0';
    return str_make(room + at, DIGITS_ROOM - at);
}

bool
digits_read(struct str text, uint64_t *v)
{
    *v = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, digit, v))
            return false;
    }
    return text.n > 0;
}

bool
digits_read_hex(struct str text, uint64_t *v)
{
    *v = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;
        if (digit > 15 || *v >> 60)
            return false;
        *v = *v << 4 | digit;
    }
    return text.n > 0;
}

static inline char *
put_wide(char *to, uint64_t v, unsigned width)
{
    char *at = to + width;
    for (; at - to > 1; v /= 100) {
        at -= 2;
        memcpy(at, digits_pairs + v % 100 * 2, 2);
    }
    if (at > to)
        *to = (char)('0' + v % 10);
    return to + width;
}

/* A bit is log10(2) of a digit, so that the bits of v say how many digits it has, or one too few. */
char *
digits_put_long(char *to, uint64_t v)
{
    static const uint64_t powers[DIGITS_ROOM] = {
        UINT64_C(1),
        UINT64_C(10),
        UINT64_C(100),
        UINT64_C(1000),
        UINT64_C(10000),
        UINT64_C(100000),
        UINT64_C(1000000),
        UINT64_C(10000000),
        UINT64_C(100000000),
        UINT64_C(1000000000),
        UINT64_C(10000000000),
        UINT64_C(100000000000),
        UINT64_C(1000000000000),
        UINT64_C(10000000000000),
        UINT64_C(100000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000),
        UINT64_C(10000000000000000000),
    };
    unsigned n = (64 - (unsigned)__builtin_clzll(v)) * 1233 >> 12;
    return put_wide(to, v, n + (n < DIGITS_ROOM && v >= powers[n]));
}

char *
digits_put_wide(char *to, uint64_t v, unsigned width)
{
    return put_wide(to, v, width);
}

#ifdef __SSE2__

/* All sixteen at a time: those above nine go on at 'a'.  Where this is, bytes are little-endian. */
void
digits_hex(char to[16], uint64_t v)
{
    const __m128i half = _mm_set1_epi8(0x0f);
    __m128i bytes = _mm_cvtsi64_si128((long long)__builtin_bswap64(v));
    __m128i x = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), half),
                                  _mm_and_si128(bytes, half));
    __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(9)),
                                    _mm_set1_epi8('a' - '0' - 10));
    x = _mm_add_epi8(_mm_add_epi8(x, _mm_set1_epi8('0')), letters);
    _mm_storeu_si128((__m128i *)(void *)to, x);
}

#else

void
digits_hex(char to[16], uint64_t v)
{
    for (unsigned i = 0; i < 16; i++)
        to[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 0xf];
}

#endif
