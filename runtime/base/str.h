/* Borrowed byte strings.
 *
 * A struct str points into memory that somebody else owns and is not NUL-terminated.  p == NULL
 * means "absent", which differs from "present and empty" (p != NULL, n == 0). */
#ifndef LLMUX_BASE_STR_H
#define LLMUX_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* A string literal as a struct str; works in static initialisers too. */
#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_INIT(lit) \
    { \
        "" lit, sizeof(lit) - 1 \
    }
/* Arguments for a "%.*s" conversion. */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str
str_make(const char *p, size_t n)
{
    return (struct str){ p, n };
}

/* The string of a NUL-terminated p; absent when p is NULL. */
static inline struct str
str_from(const char *p)
{
    return (struct str){ p, p ? strlen(p) : 0 };
}

/* Most that differ do so in length, or in the first byte. */
static inline bool
str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool
str_is(struct str a, const char *lit)
{
    size_t n = strlen(lit);
    return a.n == n && (n == 0 || memcmp(a.p, lit, n) == 0);
}

static inline bool
str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool
str_ends(struct str s, struct str suffix)
{
    if (s.n < suffix.n)
        return false;
    return suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
}

/* By bytes, what is a prefix of the other first: below, at or above 0, for sorting. */
static inline int
str_compare(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0; /* an empty one may be NULL */
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* The first n bytes removed; n is cut to the length. */
static inline struct str
str_skip(struct str s, size_t n)
{
    if (n > s.n)
        n = s.n;
    return (struct str){ n ? s.p + n : s.p, s.n - n };
}

/* The longer part of str_eq_nocase: strings of one length whose first characters may be the same. */
bool str_eq_nocase_rest(struct str a, struct str b);
/* ASCII-case-insensitive equality, for header names and media types. */
static inline bool
str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n
           && (a.n == 0 || (((a.p[0] ^ b.p[0]) & ~0x20) == 0 && str_eq_nocase_rest(a, b)));
}
/* The offset of the first ASCII control character (below 0x20, and 0x7f); s.n when there is none. */
size_t str_control(struct str s);
/* How many of them it has. */
size_t str_count_controls(struct str s);
/* Without leading and trailing space, tab, CR and LF. */
struct str str_trim(struct str s);
/* Without those behind it only. */
struct str str_trim_end(struct str s);
/* Does s match the glob, in which '*' stands for any run of bytes and nothing else is special? */
bool str_glob(struct str glob, struct str s);
#define STR_DISTANCE_MAX 128
/* The edit distance (insert, delete, replace, swap of neighbours), cut off at `limit`; for
 * suggestions.  A string longer than STR_DISTANCE_MAX is `limit` away from everything. */
size_t str_distance(struct str a, struct str b, size_t limit);

#endif
