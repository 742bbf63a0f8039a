/* Short texts written one behind the other, where there is room to spare: copying most of them takes a few moves instead
 * of a call.
 *
 *   char room[100 + BRIEF_SPARE], *to = room;
 *   to = brief_put(to, BRIEF("status="));        writes up to BRIEF_SPARE bytes behind what it returns
 *   to = brief_copy(to, STR("200"));             writes nothing there */
#ifndef LLMUX_BASE_BRIEF_H
#define LLMUX_BASE_BRIEF_H

#include "runtime/base/str.h"

#define BRIEF_SPARE 32
#define BRIEF_MOST  32 /* bytes that are copied without a call */

/* A constant behind which there are BRIEF_SPARE bytes more, all zero. */
struct brief {
    const char *p;
    size_t n;
};

#define BRIEF_ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
/* A string literal as one; and in a static initialiser. */
#define BRIEF(lit) ((struct brief){ "" lit BRIEF_ZEROS, sizeof(lit) - 1 })

#define BRIEF_INIT(lit) \
    { \
        "" lit BRIEF_ZEROS, sizeof(lit) - 1 \
    }

/* Write b; returns its end. */
static inline char *
brief_put(char *to, struct brief b)
{
    memcpy(to, b.p, BRIEF_SPARE);
    if (b.n > BRIEF_SPARE)
        memcpy(to + BRIEF_SPARE, b.p + BRIEF_SPARE, b.n - BRIEF_SPARE);
    return to + b.n;
}

/* Write s, of which nothing behind its end is read; returns its end. */
static inline char *
brief_copy(char *to, struct str s)
{
    enum { LONG = 16, MIDDLE = 8, SHORT = 4 };
    if (s.n > BRIEF_MOST) {
        memcpy(to, s.p, s.n);
    } else if (s.n >= LONG) {
        memcpy(to, s.p, LONG);
        memcpy(to + s.n - LONG, s.p + s.n - LONG, LONG);
    } else if (s.n >= MIDDLE) {
        memcpy(to, s.p, MIDDLE);
        memcpy(to + s.n - MIDDLE, s.p + s.n - MIDDLE, MIDDLE);
    } else if (s.n >= SHORT) {
        memcpy(to, s.p, SHORT);
        memcpy(to + s.n - SHORT, s.p + s.n - SHORT, SHORT);
    } else if (s.n) {
        to[0] = s.p[0];
        to[s.n / 2] = s.p[s.n / 2];
        to[s.n - 1] = s.p[s.n - 1];
    }
    return to + s.n;
}

#endif
