/* least-busy: where the fewest requests run for its share. */
#include "runtime/route/choice.h"

unsigned
route_idlest(const struct route_view *v, unsigned n, const struct route_ask *ask, struct dice *dice)
{
    double busy[ROUTE_VIEWS_MAX];
    (void)ask;
    for (unsigned i = 0; i < n; i++)
        busy[i] = v[i].in_flight / v[i].share;
    return route_shuffle_best(v, busy, route_least(busy, n), n, dice);
}
