/* When a request gets a second call elsewhere while its first has not said anything yet, and who may have it.
 *
 *   HEDGE     it is later than usual, the config wants that, and the cap has room (hedge.h)
 *   PROBE     it tries whether a deployment that was given up works again: that is our business, and
 *             must not cost the client its time
 *   SILENCE   its deployment has fallen silent (silence.h): as good as failed, so it costs a retry
 *
 *   a cause ─► affordable? ─► candidates, one after the other ─► one begins ─► it is booked
 *
 * Times are in nanoseconds. */
#ifndef LLMUX_RESILIENCE_RIVAL_H
#define LLMUX_RESILIENCE_RIVAL_H

#include "runtime/resilience/hedge.h"

#define RIVAL_WATCH_NS \
    ((uint64_t)500 * 1000 * 1000) /* who waits looks so often whether it waits in vain */

enum rival_cause {
    RIVAL_NONE,
    RIVAL_HEDGE,
    RIVAL_PROBE,
    RIVAL_SILENCE,
};

/* A call has begun: when it shall have a rival unless it has said something, and why. */
struct rival_plan {
    enum rival_cause cause;
    uint64_t after_ns;
};
/* first: how long first bytes usually take there. */
struct rival_plan
rival_plan(const struct hedge_options *hedge, const struct latency *first, bool probes);

/* What rivals are paid from: those of a model. */
struct rival_purse {
    struct budget *retries, *hedges; /* calls */
    struct budget *hedged;           /* tokens */
};
struct rival_rates {
    const struct budget_options *retries;
    const struct hedge_options *hedge;
};
/* Is there room for one that may use so many tokens?  Nothing is taken. */
bool rival_is_affordable(const struct rival_purse *p, const struct rival_rates *o,
                         enum rival_cause cause, uint64_t now, uint64_t tokens);
/* One has begun. */
void rival_book(const struct rival_purse *p, const struct rival_rates *o, enum rival_cause cause,
                uint64_t now, uint64_t tokens);

/* What came of asking a candidate. */
enum rival_start {
    RIVAL_BEGUN,
    RIVAL_BUSY,    /* it would have to wait, for a place or for credentials: that is no help */
    RIVAL_REFUSED, /* it cannot serve this request, or not now */
    RIVAL_BROKEN,  /* it should, but could not even begin */
};
enum rival_step {
    RIVAL_RUNS,
    RIVAL_PASS, /* ask another one; this one may have the request another time */
    RIVAL_SKIP, /* ask another one, and this one not again */
    RIVAL_STOP, /* there is no rival now */
};
enum rival_step rival_step(enum rival_start s);

#endif
