/* Random numbers for choices among deployments, for pauses and for request ids; not for secrets.
 * Each worker has its own, so that nothing is shared.  (xorshift64*, Vigna 2016.) */
#ifndef LLMUX_BASE_DICE_H
#define LLMUX_BASE_DICE_H

#include <stdint.h>

struct dice {
    uint64_t state; /* never 0 */
};

/* Begin at a seed; the same seed gives the same numbers. */
static inline void
dice_init(struct dice *d, uint64_t seed)
{
    d->state = seed ? seed : 1;
}

static inline uint64_t
dice_next(struct dice *d)
{
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return d->state * UINT64_C(2685821657736338717);
}

/* A number below n, n > 0. */
static inline uint64_t
dice_below(struct dice *d, uint64_t n)
{
    return (dice_next(d) >> 11) % n;
}

/* A number in [0, 1). */
static inline double
dice_unit(struct dice *d)
{
    return (double)(dice_next(d) >> 11) * 0x1p-53;
}

#endif
