/* The inside of a JSON string where it stands in the source. */
#ifndef LLMUX_JSON_QUOTED_H
#define LLMUX_JSON_QUOTED_H

#include <stdbool.h>

#include "runtime/base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What was seen in it. */
enum quoted {
    QUOTED_ESCAPES = 1, /* a backslash */
    QUOTED_HALVES = 2,  /* an escape of a surrogate: of a pair, or a lone one */
    QUOTED_HIGH = 4,    /* a byte above 0x7f: whether it is UTF-8 is yet to be seen */
};

/* How many of the 16 bytes at p stand in front of the first that is no plain ASCII: a quote, a backslash, a control
 * character, or a byte above 0x7f. */
static inline unsigned
quoted_plain16(const char *p)
{
#ifdef __SSE2__
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
    __m128i odd = _mm_or_si128(_mm_or_si128(x, control), _mm_or_si128(quote, slash));
    unsigned mask = (unsigned)_mm_movemask_epi8(odd);
    return mask ? (unsigned)__builtin_ctz(mask) : 16;
#else
    unsigned i = 0;
    while (i < 16 && (unsigned char)p[i] >= 0x20 && (unsigned char)p[i] < 0x80 && p[i] != '"'
           && p[i] != '\\')
        i++;
    return i;
#endif
}

/* The length of the inside of the JSON string that begins at s, up to its closing quote; s.n when
 * there is none, or before it a control character or an escape that is none.  *has: enum quoted,
 * or'ed. */
size_t quoted_length(struct str s, unsigned *has);

/* The same without the instructions that not every processor has.  For tests. */
size_t quoted_length_anywhere(struct str s, unsigned *has);

#endif
