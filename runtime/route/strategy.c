/* The strategies by name, and who takes part. */
#include "runtime/route/strategy.h"

#include "runtime/route/choice.h"

const struct str route_strategy_names[ROUTE_STRATEGIES + 1] = {
    [ROUTE_SIMPLE_SHUFFLE] = STR_INIT("simple-shuffle"),
    [ROUTE_ROUND_ROBIN] = STR_INIT("round-robin"),
    [ROUTE_LEAST_BUSY] = STR_INIT("least-busy"),
    [ROUTE_LOWEST_LATENCY] = STR_INIT("lowest-latency"),
    [ROUTE_LOWEST_COST] = STR_INIT("lowest-cost"),
    [ROUTE_LOWEST_USAGE] = STR_INIT("lowest-usage"),
    [ROUTE_PRIORITY] = STR_INIT("priority"),
    [ROUTE_TAG] = STR_INIT("tag"),
    [ROUTE_CACHE_AFFINITY] = STR_INIT("cache-affinity"),
    [ROUTE_P2C] = STR_INIT("p2c"),
    [ROUTE_STRATEGIES] = { 0 },
};

static route_choice *const choices[ROUTE_STRATEGIES] = {
    [ROUTE_SIMPLE_SHUFFLE] = route_shuffle, [ROUTE_ROUND_ROBIN] = route_rotation,
    [ROUTE_LEAST_BUSY] = route_idlest,      [ROUTE_LOWEST_LATENCY] = route_fastest,
    [ROUTE_LOWEST_COST] = route_cheapest,   [ROUTE_LOWEST_USAGE] = route_freest,
    [ROUTE_PRIORITY] = route_shuffle,       [ROUTE_TAG] = route_shuffle,
    [ROUTE_CACHE_AFFINITY] = route_home,    [ROUTE_P2C] = route_pair,
};

/* Is a to be preferred to b, whatever the strategy?  Above 0: yes, below: the other way round.
 * Both may serve. */
static int
prefer(const struct route_view *a, const struct route_view *b)
{
    if (a->tags != b->tags)
        return a->tags == ROUTE_MATCHING ? 1 : -1;
    if (a->standing != b->standing)
        return a->standing == ROUTE_READY ? 1 : -1;
    if (a->bound != b->bound)
        return a->bound ? 1 : -1;
    return (a->tier < b->tier) - (a->tier > b->tier);
}

unsigned
route_admit(struct route_view *v, unsigned n)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++) {
        if (v[i].standing == ROUTE_SHUT || v[i].tags == ROUTE_FOREIGN)
            continue;
        int better = kept ? prefer(&v[i], &v[0]) : 0;
        if (better > 0)
            kept = 0;
        if (better >= 0)
            v[kept++] = v[i];
    }
    return kept;
}

unsigned
route_choose(enum route_strategy s, const struct route_view *v, unsigned n,
             const struct route_ask *ask, struct dice *dice)
{
    n = n < ROUTE_VIEWS_MAX ? n : ROUTE_VIEWS_MAX;
    return n == 1 ? 0 : choices[s](v, n, ask, dice);
}
