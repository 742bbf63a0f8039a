/* p2c: of two taken at random by share, the one that will be done sooner: latency times what runs
 * there already.  With old or coarse numbers this balances better than looking for the best of all,
 * as no two gateways look at the same two. */

#include "runtime/route/choice.h"

static double
wait(const struct route_view *v, double latency)
{
    return latency * (v->in_flight + 1) / v->share;
}

unsigned
route_pair(const struct route_view *v, unsigned n, const struct route_ask *ask, struct dice *dice)
{
    double taken[ROUTE_VIEWS_MAX] = { 0 };
    unsigned a = route_shuffle(v, n, ask, dice);
    taken[a] = 1;
    unsigned b = route_shuffle_best(v, taken, 0, n, dice);
    bool known = v[a].latency > 0 && v[b].latency > 0;
    double wait_a = wait(&v[a], known ? v[a].latency : 1);
    double wait_b = wait(&v[b], known ? v[b].latency : 1);
    return wait_b < wait_a ? b : a;
}
