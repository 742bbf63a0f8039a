/* A token bucket: so many a minute, and a burst at once.
 *
 *   fills at `per_minute` ─► |~~~~~~~| holds `burst` ─► taken one by one, or many at a time
 *
 * What something will cost is often known only when it is over: it is taken by guess and settled
 * later, so the level may fall below nothing, and then all wait until that is made good.  The rate
 * may change while it runs: what has flowed in stays.  Times are in nanoseconds that never run
 * backwards. */
#ifndef LLMUX_RESILIENCE_BUCKET_H
#define LLMUX_RESILIENCE_BUCKET_H

#include <stdint.h>

#define BUCKET_MOST ((uint64_t)100 * 1000 * 1000) /* of rate, burst, and what is taken at a time */

struct bucket_options {
    uint64_t per_minute; /* 0: no limit */
    uint64_t burst;      /* >= 1 */
};

/* All zeros at first: full when it is first used. */
struct bucket {
    int64_t missing; /* below the brim, in shares of one: see bucket.c */
    uint64_t at;     /* when it was last filled */
};

/* How long until n are there; 0: they are.  For more than the burst it is enough that the bucket is
 * full. */
uint64_t bucket_wait(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n);
/* Take n, be they there or not. */
void bucket_take(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n);
/* There are at most n: somebody else has counted, too. */
void bucket_cap(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n);
/* Give back what was taken too much. */
void bucket_give(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n);

#endif
