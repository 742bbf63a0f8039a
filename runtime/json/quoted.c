/* Strings in 64 bytes a step, where the processor can: what is odd about a block becomes words with
 * a bit for each byte.
 *
 *   source    s a y   \ " h i \ "   "  ,
 *   slash     0 0 0 0 1 0 0 0 1 0 0 0  0
 *   escaped   0 0 0 0 0 1 0 0 0 1 0 0  0     the byte behind a backslash that is not escaped itself
 *   quote     0 0 0 0 0 1 0 0 0 1 0 1  0     the first that is not escaped is the end
 *
 * Text with an escape every few words, as code and prose have, costs little more than text
 * without. */
#include "runtime/json/quoted.h"

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/digits.h"
#include "runtime/json/odd.h"

#ifdef __SSE2__
#include <immintrin.h>
#define WIDE __attribute__((target("avx2")))
#endif

#define BLOCK 64u
#define FRONT 128u /* bytes for which a step of 64 does not pay */

#define HALF_FIRST 0xd800u
#define HALF_LAST  0xdfffu

/* Where a scan is. */
struct scan {
    struct str s;
    size_t at;    /* what is before it is fine */
    bool is_over; /* at is the answer */
    bool escaped; /* the byte at `at` is */
    unsigned has;
};

/* What may stand behind a backslash. */
static bool
is_letter(char c)
{
    return odd_byte_of(c) || c == 'u';
}

static void
end_scan(struct scan *q, size_t at)
{
    q->at = at;
    q->is_over = true;
}

/* The four digits behind the 'u' at `at`.  False when they are none. */
static bool
take_unicode(struct scan *q, size_t at)
{
    unsigned v = 0;
    if (q->s.n - at < 5)
        return false;
    for (size_t i = 1; i <= 4; i++) {
        int digit = digits_hex_value(q->s.p[at + i]);
        if (digit < 0)
            return false;
        v = v << 4 | (unsigned)digit;
    }
    if (v >= HALF_FIRST && v <= HALF_LAST)
        q->has |= QUOTED_HALVES;
    return true;
}

/* --- byte by byte --------------------------------------------------------------------------- */

static void
skip_plain(struct scan *q)
{
    unsigned n = ODD_BLOCK;
    while (n == ODD_BLOCK && q->s.n - q->at >= ODD_BLOCK) {
        n = odd_plain_front(q->s.p + q->at);
        q->at += n;
    }
}

static void
take_byte(struct scan *q)
{
    char c = q->s.p[q->at];
    bool escaped = q->escaped;
    q->escaped = c == '\\' && !escaped;
    if ((unsigned char)c >= 0x80)
        q->has |= QUOTED_HIGH;
    if (c == '\\')
        q->has |= QUOTED_ESCAPES;
    bool bad = (unsigned char)c < 0x20 || (escaped && !is_letter(c))
               || (escaped && c == 'u' && !take_unicode(q, q->at));
    if (bad)
        end_scan(q, q->s.n);
    else if (c == '"' && !escaped)
        end_scan(q, q->at);
    else
        q->at++;
}

static void
scan_bytes(struct scan *q)
{
    while (!q->is_over && q->at < q->s.n) {
        take_byte(q);
        if (!q->escaped && !q->is_over)
            skip_plain(q);
    }
}

/* --- block by block ------------------------------------------------------------------------- */

#ifdef __SSE2__

/* Which bytes stand behind a backslash that is not escaped itself; *carry: is the first one, and
 * the one behind the block?  The subtraction runs through each row of backslashes from its first
 * on, and so tells the odd ones from the even ones.  (J. Keiser, D. Lemire: simdjson.) */
static inline uint64_t
escaped_bytes(uint64_t slash, uint64_t *carry)
{
    const uint64_t odd = 0xaaaaaaaaaaaaaaaau;
    uint64_t first = slash & ~*carry;
    uint64_t code = (((first << 1) | odd) - first) ^ odd;
    uint64_t escaped = code ^ (slash | *carry);
    *carry = (code & slash) >> 63;
    return escaped;
}

static bool
take_unicodes(struct scan *q, uint64_t unicode)
{
    for (; unicode; unicode &= unicode - 1)
        if (!take_unicode(q, q->at + (size_t)__builtin_ctzll(unicode)))
            return false;
    return true;
}

/* The bytes of a block, or something said of each. */
struct wide {
    __m256i a, b;
};

WIDE static inline uint64_t
bits(struct wide w)
{
    return (uint32_t)_mm256_movemask_epi8(w.a)
           | (uint64_t)(uint32_t)_mm256_movemask_epi8(w.b) << 32;
}

WIDE static inline struct wide
equals(struct wide w, char c)
{
    const __m256i all = _mm256_set1_epi8(c);
    return (struct wide){ _mm256_cmpeq_epi8(w.a, all), _mm256_cmpeq_epi8(w.b, all) };
}

/* Controls, and what is above ASCII: both are less than a blank where bytes have signs. */
WIDE static inline struct wide
outside(struct wide w)
{
    const __m256i blank = _mm256_set1_epi8(' ');
    return (struct wide){ _mm256_cmpgt_epi8(blank, w.a), _mm256_cmpgt_epi8(blank, w.b) };
}

WIDE static inline bool
has_control(struct wide w, struct wide odd)
{
    __m256i a = _mm256_andnot_si256(w.a, odd.a), b = _mm256_andnot_si256(w.b, odd.b);
    return _mm256_movemask_epi8(_mm256_or_si256(a, b)) != 0;
}

/* Each half of a byte has a set of those high halves that it goes with: bit 0 for 2_ ("/), bit 1
 * for 5_ (\), bit 2 for 6_ (bfn), bit 3 for 7_ (rt). */
WIDE static inline __m256i
letters_of(__m256i x)
{
    const __m256i low_set = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1));
    const __m256i high_set = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i half = _mm256_set1_epi8(15);
    __m256i low = _mm256_shuffle_epi8(low_set, _mm256_and_si256(x, half));
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(x, 4), half);
    high = _mm256_shuffle_epi8(high_set, high);
    return _mm256_cmpgt_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
}

/* What may stand behind a backslash, but for 'u'. */
WIDE static inline struct wide
letters(struct wide w)
{
    return (struct wide){ letters_of(w.a), letters_of(w.b) };
}

WIDE static inline bool
is_plain(struct wide quote, struct wide slash, struct wide odd)
{
    __m256i a = _mm256_or_si256(_mm256_or_si256(quote.a, slash.a), odd.a);
    __m256i b = _mm256_or_si256(_mm256_or_si256(quote.b, slash.b), odd.b);
    return _mm256_movemask_epi8(_mm256_or_si256(a, b)) == 0;
}

/* A block that needs a closer look, a bit for each byte. */
struct block {
    uint64_t quote; /* not escaped */
    uint64_t escaped, unicode, high, bad;
};

WIDE static inline struct block
look(struct wide w, uint64_t quote, uint64_t escaped, struct wide odd)
{
    uint64_t high = bits(w), unicode = escaped & bits(equals(w, 'u'));
    return (struct block){
        .quote = quote,
        .escaped = escaped,
        .unicode = unicode,
        .high = high,
        .bad = (bits(odd) & ~high) | (escaped & ~unicode & ~bits(letters(w))),
    };
}

/* Pass the blocks that say nothing new: true at one with a quote, with an escape of a code point, or
 * with something bad; false when less than a block is left.  No calls in here, as those would take
 * the constants out of their registers. */
WIDE static bool
find_block(struct scan *q, uint64_t *carry, struct block *found)
{
    const char *p = q->s.p + q->at, *end = q->s.p + q->s.n;
    __m256i high = _mm256_setzero_si256();
    uint64_t escapes = 0, behind = *carry;
    bool is_found = false;
    for (; end - p >= (ptrdiff_t)BLOCK; p += BLOCK) {
        struct wide w = { _mm256_loadu_si256((const __m256i *)(const void *)p),
                          _mm256_loadu_si256((const __m256i *)(const void *)(p + 32)) };
        struct wide quote = equals(w, '"'), slash = equals(w, '\\'), odd = outside(w);
        if (!behind && is_plain(quote, slash, odd))
            continue;
        uint64_t escaped = escaped_bytes(bits(slash), &behind);
        uint64_t ends = bits(quote) & ~escaped;
        is_found = ends || (escaped & ~bits(letters(w))) || has_control(w, odd);
        if (is_found) {
            *found = look(w, ends, escaped, odd);
            break;
        }
        escapes |= escaped;
        high = _mm256_or_si256(high, _mm256_or_si256(w.a, w.b));
    }
    *carry = behind;
    q->at = (size_t)(p - q->s.p);
    q->has |= (escapes ? QUOTED_ESCAPES : 0u) | (_mm256_movemask_epi8(high) ? QUOTED_HIGH : 0u);
    return is_found;
}

/* To the string's end, or to the last bytes, which make no block. */
static void
scan_blocks(struct scan *q)
{
    struct block b;
    uint64_t carry = 0;
    while (find_block(q, &carry, &b)) {
        /* What is behind the end is no matter. */
        uint64_t inside = b.quote ? (b.quote & -b.quote) - 1 : ~(uint64_t)0;
        q->has |= (b.escaped & inside ? QUOTED_ESCAPES : 0u) | (b.high & inside ? QUOTED_HIGH : 0u);
        if (b.bad & inside || !take_unicodes(q, b.unicode & inside)) {
            end_scan(q, q->s.n);
            return;
        }
        if (b.quote) {
            end_scan(q, q->at + (size_t)__builtin_ctzll(b.quote));
            return;
        }
        q->at += BLOCK;
    }
    q->escaped = carry;
    q->has |= carry ? QUOTED_ESCAPES : 0u;
}

#endif

/* How far the front of s is plain, as most strings are all the way; they are short, too. */
static size_t
plain_front(struct str s)
{
    size_t at = 0;
    unsigned n = ODD_BLOCK;
    while (n == ODD_BLOCK && at < FRONT && s.n - at >= ODD_BLOCK) {
        n = odd_plain_front(s.p + at);
        at += n;
    }
    return at;
}

#ifdef __SSE2__
/* The same, 32 bytes a step; the last step goes back to have as many. */
WIDE static size_t
plain_front_wide(struct str s)
{
    size_t at = 0;
    uint32_t odd;
    for (; at < FRONT && s.n - at >= ODD_WIDE; at += ODD_WIDE)
        if ((odd = odd_wide(s.p + at)))
            return at + (size_t)__builtin_ctz(odd);
    if (at == 0 || at >= FRONT || at == s.n)
        return at;
    odd = odd_wide(s.p + s.n - ODD_WIDE) >> (ODD_WIDE - (s.n - at));
    return odd ? at + (size_t)__builtin_ctz(odd) : s.n;
}
#endif

/* The end of a scan, from its last bytes on, or from where no steps of 64 can be taken. */
static size_t
end_of(struct scan *q, unsigned *has)
{
    scan_bytes(q);
    *has = q->has;
    return q->at;
}

size_t
quoted_length_anywhere(struct str s, unsigned *has)
{
    struct scan q = { .s = s, .at = plain_front(s) };
    *has = 0;
    return q.at < s.n && s.p[q.at] == '"' ? q.at : end_of(&q, has);
}

#ifdef __SSE2__
static size_t
length_wide(struct str s, unsigned *has)
{
    struct scan q = { .s = s, .at = plain_front_wide(s) };
    *has = 0;
    if (q.at < s.n && s.p[q.at] == '"')
        return q.at;
    scan_blocks(&q);
    return end_of(&q, has);
}

size_t
quoted_length(struct str s, unsigned *has)
{
    return __builtin_cpu_supports("avx2") ? length_wide(s, has) : quoted_length_anywhere(s, has);
}
#else
size_t
quoted_length(struct str s, unsigned *has)
{
    return quoted_length_anywhere(s, has);
}
#endif
