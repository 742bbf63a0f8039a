/* Second calls. */
#include "runtime/resilience/rival.h"

#define MS       ((uint64_t)1000 * 1000)
#define QUANTILE 950u /* of a thousand */
#define LEAST    (100 * MS)
#define MOST     (2000 * MS)
#define UNKNOWN  (500 * MS)

/* How long a probe may wait. */
static uint64_t
patience(const struct latency *first)
{
    if (first->total < LATENCY_SAMPLES)
        return UNKNOWN;
    uint64_t ns = latency_quantile(first, QUANTILE);
    ns = ns < LEAST ? LEAST : ns;
    return ns < MOST ? ns : MOST;
}

struct rival_plan
rival_plan(const struct hedge_options *hedge, const struct latency *first, bool probes)
{
    if (probes)
        return (struct rival_plan){ RIVAL_PROBE, patience(first) };
    uint64_t ns = hedge_after(hedge, first);
    return (struct rival_plan){ ns ? RIVAL_HEDGE : RIVAL_NONE, ns };
}

bool
rival_is_affordable(const struct rival_purse *p, const struct rival_rates *o,
                    enum rival_cause cause, uint64_t now, uint64_t tokens)
{
    const struct budget_options cap = hedge_budget(o->hedge);
    switch (cause) {
    case RIVAL_HEDGE:
        return budget_has(p->hedges, &cap, now, 1) && budget_has(p->hedged, &cap, now, tokens);
    case RIVAL_SILENCE:
        return budget_has(p->retries, o->retries, now, 1);
    case RIVAL_PROBE: /* our own wish, and as few as the breaker allows */
        return true;
    case RIVAL_NONE:
        break;
    }
    return false;
}

void
rival_book(const struct rival_purse *p, const struct rival_rates *o, enum rival_cause cause,
           uint64_t now, uint64_t tokens)
{
    const struct budget_options cap = hedge_budget(o->hedge);
    if (cause == RIVAL_HEDGE) {
        budget_book(p->hedges, &cap, now, 1);
        budget_book(p->hedged, &cap, now, tokens);
    } else if (cause == RIVAL_SILENCE) {
        budget_book(p->retries, o->retries, now, 1);
    }
}

enum rival_step
rival_step(enum rival_start s)
{
    switch (s) {
    case RIVAL_BEGUN:
        return RIVAL_RUNS;
    case RIVAL_BUSY:
        return RIVAL_PASS;
    case RIVAL_REFUSED:
        return RIVAL_SKIP;
    case RIVAL_BROKEN:
        break;
    }
    return RIVAL_STOP;
}
