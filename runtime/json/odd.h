/* What is odd about the bytes of a JSON string, 16 at a time, or 32 where the processor can. */
#ifndef LLMUX_JSON_ODD_H
#define LLMUX_JSON_ODD_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define ODD_BLOCK 16u
#define ODD_WIDE  32u

/* What can stand for itself in a string. */
static inline bool
odd_is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

#ifdef __SSE2__
static inline __m128i
odd_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Each byte that cannot, as 0xff. */
static inline __m128i
odd_find(__m128i x)
{
    const __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
    return _mm_or_si128(control, _mm_or_si128(quote, slash));
}
#endif

/* Which of the 16 bytes at p cannot, a bit for each. */
static inline unsigned
odd_bytes(const char *p)
{
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8(odd_find(odd_load(p)));
#else
    unsigned mask = 0;
    for (unsigned i = 0; i < ODD_BLOCK; i++)
        mask |= (unsigned)!odd_is_plain(p[i]) << i;
    return mask;
#endif
}

/* How many of the 16 bytes at p stand in front of the first that cannot, or is no ASCII. */
static inline unsigned
odd_plain_front(const char *p)
{
#ifdef __SSE2__
    const __m128i x = odd_load(p);
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(x, odd_find(x)));
    return mask ? (unsigned)__builtin_ctz(mask) : ODD_BLOCK;
#else
    unsigned i = 0;
    while (i < ODD_BLOCK && odd_is_plain(p[i]) && (unsigned char)p[i] < 0x80)
        i++;
    return i;
#endif
}

#ifdef __SSE2__
/* Which of the 32 bytes at p cannot, or are no ASCII, a bit for each.  With signs, controls and what is
 * above ASCII are both less than a blank.  By the low half of a byte it is known which of the quote
 * and the backslash it could be: no other byte is the same as what stands for its half. */
__attribute__((target("avx2"))) static inline uint32_t
odd_wide(const char *p)
{
    const __m256i end_of = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0, '\\', 0, 0, 0));
    const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
    const __m256i ends = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(end_of, x), x);
    const __m256i outside = _mm256_subs_epi8(x, _mm256_set1_epi8(' '));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(outside, ends));
}
#endif

/* The byte that a short escape stands for, by its letter; NUL: there is none. */
static inline char
odd_byte_of(char letter)
{
    static const char byte_of[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    return byte_of[(unsigned char)letter];
}

#endif
