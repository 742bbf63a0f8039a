/* Whether a loop has more to do than it can, by how late its own timer is, and who is refused for that.
 *
 *   late by more than the bound, several times in a row ─► the strain grows with each time
 *   late by less than half of it                        ─► it goes, more slowly
 *
 *   strain        0 ────────────── 1 ────────────── 2 ──────────────── 3
 *   refused         more and more    all of low, more   all but high, more
 *                   of low           of normal          and more of that
 *
 * It is how many are refused that adapts, not how late is too late: as many are let in as can be served within the
 * bound.  Times are in nanoseconds; no clock. */
#ifndef LLMUX_RESILIENCE_OVERLOAD_H
#define LLMUX_RESILIENCE_OVERLOAD_H

#include "runtime/resilience/semaphore.h"

#define OVERLOAD_PERIOD_NS ((uint64_t)100 * 1000 * 1000) /* between two samples */

/* All zeros at first. */
struct overload {
    double strain; /* 0 to 3 */
    unsigned late; /* samples above the bound, in a row */
};

/* Nothing was looked at for a while: what was late before that is no row with what comes. */
void overload_rest(struct overload *o);
/* The timer was so late; bound_ns: how late is too late, 0: never.  True when it begins or ceases to refuse. */
bool overload_sample(struct overload *o, uint64_t bound_ns, uint64_t lag_ns);
/* Is a new request of this priority refused?  random: any number, all of its 64 bits by chance. */
bool overload_refuses(const struct overload *o, enum semaphore_priority p, uint64_t random);
/* When none of this priority will be refused any more, if nothing more happens. */
uint64_t overload_wait_ns(const struct overload *o, enum semaphore_priority p);

#endif
