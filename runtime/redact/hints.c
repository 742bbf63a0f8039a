#include "runtime/redact/hints.h"

#include "runtime/redact/class.h"
#include "runtime/redact/starts.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define MARGIN 16 /* bytes before and behind a block that are looked at */

/* Sets of places in a block, and of some around it. */
struct sets {
    uint64_t alnum, hex, colon, at;
    uint64_t number; /* what numbers are made of: digits, blanks and ( ) * + , - . / */
    uint64_t digit;
    uint64_t sign;   /* + and (, which may begin one */
    uint64_t escape; /* a backslash or % */
    unsigned number_behind, escape_before;
};

#ifdef __SSE2__

static inline __m128i
between(__m128i x, unsigned char low, unsigned char high)
{
    __m128i y = _mm_sub_epi8(x, _mm_set1_epi8((char)low));
    return _mm_cmpeq_epi8(_mm_min_epu8(y, _mm_set1_epi8((char)(high - low))), y);
}

static inline __m128i
is(__m128i x, char c)
{
    return _mm_cmpeq_epi8(x, _mm_set1_epi8(c));
}

static inline uint64_t
bits(__m128i x)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(x);
}

static inline __m128i
of_number(__m128i x)
{
    return _mm_or_si128(between(x, '(', '9'), is(x, ' '));
}

static inline __m128i
of_escape(__m128i x)
{
    return _mm_or_si128(is(x, '\\'), is(x, '%'));
}

static inline __m128i
load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline struct sets
sort(const char *p)
{
    struct sets s = { 0 };
#pragma GCC unroll 4
    for (unsigned i = 0; i < REDACT_BLOCK; i += 16) {
        __m128i x = load(p + i), lower = _mm_or_si128(x, _mm_set1_epi8(0x20));
        __m128i digit = between(x, '0', '9');
        s.alnum |= bits(_mm_or_si128(between(lower, 'a', 'z'), digit)) << i;
        s.hex |= bits(_mm_or_si128(between(lower, 'a', 'f'), digit)) << i;
        s.digit |= bits(digit) << i;
        s.sign |= bits(_mm_or_si128(is(x, '+'), is(x, '('))) << i;
        s.colon |= bits(is(x, ':')) << i;
        s.at |= bits(is(x, '@')) << i;
        s.number |= bits(of_number(x)) << i;
        s.escape |= bits(of_escape(x)) << i;
    }
    s.number_behind = (unsigned)bits(of_number(load(p + REDACT_BLOCK)));
    s.escape_before = (unsigned)bits(of_escape(load(p - 16)));
    return s;
}

#else

static struct sets
sort(const char *p)
{
    struct sets s = { 0 };
    for (int i = -MARGIN; i < REDACT_BLOCK + MARGIN; i++) {
        char c = p[i];
        bool escape = c == '\\' || c == '%', number = (c >= '(' && c <= '9') || c == ' ';
        if (i < 0) {
            s.escape_before |= (unsigned)escape << (i + MARGIN);
        } else if (i >= REDACT_BLOCK) {
            s.number_behind |= (unsigned)number << (i - REDACT_BLOCK);
        } else {
            s.alnum |= (uint64_t)redact_is(c, CLASS_A) << i;
            s.hex |= (uint64_t)redact_is(c, CLASS_H) << i;
            s.digit |= (uint64_t)(c >= '0' && c <= '9') << i;
            s.sign |= (uint64_t)(c == '+' || c == '(') << i;
            s.colon |= (uint64_t)(c == ':') << i;
            s.at |= (uint64_t)(c == '@') << i;
            s.number |= (uint64_t)number << i;
            s.escape |= (uint64_t)escape << i;
        }
    }
    return s;
}

#endif

#ifdef __SSE2__

/* Places where the next three bytes may be those that a secret begins with: a table of sixteen for each half of each byte,
 * looked up for 32 places at once, says of which groups they are. */
__attribute__((target("avx2"))) static uint64_t
likely(const char *p)
{
    const __m256i half = _mm256_set1_epi8(15);
    uint64_t none = 0;
#pragma GCC unroll 2
    for (unsigned i = 0; i < REDACT_BLOCK; i += 32) {
        __m256i groups = _mm256_set1_epi8(-1);
#pragma GCC unroll 3
        for (unsigned k = 0; k < 3; k++) {
            __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + i + k));
            __m256i low = _mm256_broadcastsi128_si256(load((const char *)starts_low[k]));
            __m256i high = _mm256_broadcastsi128_si256(load((const char *)starts_high[k]));
            low = _mm256_shuffle_epi8(low, _mm256_and_si256(x, half));
            high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(x, 4), half));
            groups = _mm256_and_si256(groups, _mm256_and_si256(low, high));
        }
        __m256i zero = _mm256_cmpeq_epi8(groups, _mm256_setzero_si256());
        none |= (uint64_t)(unsigned)_mm256_movemask_epi8(zero) << i;
    }
    return ~none;
}

static inline bool
can_tell_likely(void)
{
    return __builtin_cpu_supports("avx2");
}

#else

static uint64_t
likely(const char *p)
{
    (void)p;
    return ~UINT64_C(0);
}

static inline bool
can_tell_likely(void)
{
    return false;
}

#endif

/* Of these words those that begin as a secret does. */
static inline uint64_t
choose(uint64_t words, const char *p, size_t left, bool open)
{
    uint64_t chosen = 0;
    for (; words; words &= words - 1) {
        unsigned i = (unsigned)__builtin_ctzll(words);
        const unsigned char *w = (const unsigned char *)p + i;
        uint64_t found = starts[0][w[0]];
        found &= i + 1 < left ? starts[1][w[1]] : open ? ~UINT64_C(0) : 0;
        found &= i + 2 < left ? starts[2][w[2]] : open ? ~UINT64_C(0) : 0;
        chosen |= (uint64_t)(found != 0) << i;
    }
    return chosen;
}

static inline uint64_t
followed(uint64_t set, unsigned behind, unsigned n)
{
    return set >> n | (uint64_t)behind << (REDACT_BLOCK - n);
}

/* Colons between hexadecimal digits or colons, or before a colon. */
static uint64_t
choose_colons(const struct sets *s, const char *p, size_t left, bool open)
{
    char before = p[-1], behind = p[REDACT_BLOCK];
    uint64_t last = left > REDACT_BLOCK ? 63 : left - 1;
    uint64_t unknown = (uint64_t)(open && left <= REDACT_BLOCK) << last;
    uint64_t hex_before = s->hex << 1 | redact_is(before, CLASS_H);
    uint64_t colon_behind = s->colon >> 1 | (uint64_t)(behind == ':') << 63 | unknown;
    uint64_t hex_behind = s->hex >> 1 | (uint64_t)redact_is(behind, CLASS_H) << 63 | unknown;
    return s->colon & ((hex_before & hex_behind) | colon_behind);
}

struct redact_hints
redact_hints(struct str text, size_t at, bool open)
{
    char copy[MARGIN + REDACT_BLOCK + MARGIN];
    const char *p = text.p + at;
    size_t left = text.n - at;
    if (at < MARGIN || left < REDACT_BLOCK + MARGIN) {
        size_t before = at < MARGIN ? at : MARGIN;
        size_t n = left < REDACT_BLOCK + MARGIN ? left : REDACT_BLOCK + MARGIN;
        memset(copy, 0, sizeof copy);
        memcpy(copy + MARGIN - before, p - before, before + n);
        memset(copy + MARGIN + n, open ? ' ' : 0, sizeof copy - MARGIN - n);
        p = copy + MARGIN;
    }
    struct sets s = sort(p);
    uint64_t there = left < REDACT_BLOCK ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
    uint64_t before = s.alnum << 1 | redact_is(p[-1], CLASS_A);
    /* Behind an escape (\n, %20, \u000a) a word begins although a letter or digit stands before. */
    uint64_t escaped = 0;
    if (s.escape | s.escape_before)
        escaped = s.escape << 2 | s.escape << 3 | s.escape << 6 | s.escape_before >> 14
                  | s.escape_before >> 13 | s.escape_before >> 10;
    uint64_t begins = (~before | escaped) & there;
    uint64_t candidates = ((s.digit & begins) | s.sign) & there, run = s.number;
    if (candidates)
        for (unsigned k = 1; k < 7; k++)
            run &= followed(s.number, s.number_behind, k);
    uint64_t words = s.alnum & begins;
    if (left >= REDACT_BLOCK + 2 && can_tell_likely())
        words &= likely(p);
    return (struct redact_hints){
        .words = choose(words, p, left, open),
        .numbers = candidates & run,
        .ats = s.at & there,
        .colons = s.colon ? choose_colons(&s, p, left, open) & there : 0,
    };
}
