/* The parts of struct str that are too long for the header. */
#include "runtime/base/str.h"

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Eight bytes at a time: what is shorter than that has its loop. */
#define WORD      8u
#define EACH(c)   (0x0101010101010101u * (unsigned char)(c))
#define TOP_BITS  EACH(0x80)
#define LOW_BITS  EACH(0x7f)
#define CASE_STEP ('a' - 'A')

static uint64_t
word_at(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static unsigned char
lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + CASE_STEP) : u;
}

/* CASE_STEP in each byte of a word that is a letter. */
static uint64_t
word_steps(uint64_t x)
{
    uint64_t low = (x | EACH(CASE_STEP)) & LOW_BITS;
    uint64_t from_a = low + EACH(0x80 - 'a'), behind_z = low + EACH(0x7f - 'z');
    return (from_a & ~behind_z & ~x & TOP_BITS) >> 2;
}

/* They may differ in the case of letters: a bit where both have one. */
static bool
words_alike(const char *a, const char *b)
{
    uint64_t x = word_at(a), differ = x ^ word_at(b);
    return differ == 0 || (differ & ~word_steps(x)) == 0;
}

bool
str_eq_nocase_rest(struct str a, struct str b)
{
    size_t i = 0;
    if (a.n >= WORD) {
        for (; i + WORD < a.n; i += WORD)
            if (!words_alike(a.p + i, b.p + i))
                return false;
        return words_alike(a.p + a.n - WORD, b.p + a.n - WORD);
    }
    while (i < a.n && lower(a.p[i]) == lower(b.p[i]))
        i++;
    return i == a.n;
}

static bool
is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* The top bit of each byte of a word that is a control character; those above the first one may be wrong. */
static uint64_t
word_controls(uint64_t x)
{
    uint64_t del = x ^ EACH(0x7f);
    return (((x - EACH(0x20)) & ~x) | ((del - EACH(1)) & ~del)) & TOP_BITS;
}

size_t
str_control(struct str s)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; s.n - i >= 16; i += 16) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
        const __m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(low, del));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
#endif
    /* Whole words, the last of which may reach back over what was seen. */
    for (; s.n >= WORD && i < s.n; i += WORD) {
        if (s.n - i < WORD)
            i = s.n - WORD;
        if (word_controls(word_at(s.p + i)))
            break;
    }
    while (i < s.n && !is_control(s.p[i]))
        i++;
    return i;
}

size_t
str_count_controls(struct str s)
{
    size_t i = 0, count = 0;
#ifdef __SSE2__
    const __m128i zero = _mm_setzero_si128();
    __m128i sums = zero;
    for (; s.n - i >= 16; i += 16) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
        const __m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));
        const __m128i ones = _mm_sub_epi8(zero, _mm_or_si128(low, del));
        sums = _mm_add_epi64(sums, _mm_sad_epu8(ones, zero));
    }
    count = (size_t)_mm_cvtsi128_si64(sums)
            + (size_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
#endif
    for (; i < s.n; i++)
        count += is_control(s.p[i]);
    return count;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim_end(struct str s)
{
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str
str_trim(struct str s)
{
    s = str_trim_end(s);
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    return s;
}

bool
str_glob(struct str glob, struct str s)
{
    size_t g = 0, i = 0;
    /* Where to go on after a mismatch: behind the last star, one byte later. */
    size_t star = glob.n, mark = 0;
    while (i < s.n) {
        if (g < glob.n && glob.p[g] == '*') {
            star = g++;
            mark = i;
        } else if (g < glob.n && glob.p[g] == s.p[i]) {
            g++;
            i++;
        } else if (star < glob.n) {
            g = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (g < glob.n && glob.p[g] == '*')
        g++;
    return g == glob.n;
}

static size_t
min2(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t
str_distance(struct str a, struct str b, size_t limit)
{
    size_t gap = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (gap >= limit || a.n > STR_DISTANCE_MAX || b.n > STR_DISTANCE_MAX)
        return limit;
    /* Three rows of the table: of the prefix of a two shorter, one shorter, and the current one. */
    size_t rows[3][STR_DISTANCE_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.n; j++)
        above[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replace = above[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            row[j] = min2(replace, min2(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                row[j] = min2(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return min2(above[b.n], limit);
}
