/* lowest-cost: the cheapest for this request; among those of one price the least busy.  Whose price
 * nobody has said comes last. */
#include <float.h>

#include "runtime/route/choice.h"

/* What differs less is the same price. */
#define SAME (1 + 1e-9)

unsigned
route_cheapest(const struct route_view *v, unsigned n, const struct route_ask *ask,
               struct dice *dice)
{
    double cost[ROUTE_VIEWS_MAX], busy[ROUTE_VIEWS_MAX];
    for (unsigned i = 0; i < n; i++)
        cost[i] = v[i].priced ? v[i].price_in * ask->tokens_in + v[i].price_out * ask->tokens_out
                              : DBL_MAX / 2;
    double least = route_least(cost, n) * SAME;
    for (unsigned i = 0; i < n; i++)
        busy[i] = cost[i] <= least ? v[i].in_flight / v[i].share : DBL_MAX;
    return route_shuffle_best(v, busy, route_least(busy, n), n, dice);
}
