/* A limit of concurrent calls that finds itself: it grows by one for each round of calls that come
 * back as fast as usual, and shrinks by a tenth when they slow down or are refused.
 *
 *   recent = the mean of the newest; single calls differ a lot, whatever runs
 *   usual  = the lowest that this mean has been; it rises only while few calls run
 *   slow   = the recent is longer than `tolerance` times the usual
 *
 * Times are in nanoseconds that never run backwards. */
#ifndef LLMUX_RESILIENCE_ADAPTIVE_H
#define LLMUX_RESILIENCE_ADAPTIVE_H

#include <stdint.h>

struct adaptive_options {
    unsigned least, most; /* 1 <= least <= most */
    unsigned tolerance;   /* in thousandths, > 1000 */
};

enum adaptive_sign {
    ADAPTIVE_TIMED,   /* it succeeded, and took so long */
    ADAPTIVE_REFUSED, /* too much, it said, or it did not come back */
    ADAPTIVE_NOTHING, /* it says nothing about load */
};

/* All zeros at first. */
struct adaptive {
    double limit;     /* 0: at the beginning */
    double recent;    /* ns */
    double usual;     /* ns; 0: not known */
    unsigned samples; /* of recent, as far as it matters */
    uint64_t quiet;   /* until then it does not shrink again: these calls began before it did */
};

/* The limit that counts now. */
unsigned adaptive_limit(const struct adaptive *a, const struct adaptive_options *o);
/* A call has ended; running: how many ran at the same time, this one included. */
void adaptive_learn(struct adaptive *a, const struct adaptive_options *o, uint64_t now,
                    enum adaptive_sign sign, uint64_t ns, unsigned running);

#endif
