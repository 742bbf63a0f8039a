/* cache-affinity: a conversation stays where the provider's prompt cache is warm.
 *
 * Each conversation has an order of all candidates, made from its key and their identities alone
 * (weighted rendezvous hashing): the first is its home.  All gateways that share the candidates
 * find the same home without talking to each other; when a candidate comes or goes, only the
 * conversations that move to it or away from it are cold.  Nobody carries much more than its share:
 * who does is passed over, in favour of the next in the conversation's order, which is the same
 * each time. */
#include <float.h>
#include <math.h>

#include "runtime/route/choice.h"

/* Of running requests: a quarter above the share. */
#define BOUND 1.25

/* Every bit of the result depends on every bit of x (the finaliser of splitmix64). */
static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Of an exponential distribution whose rate is the share: the smallest wins with its share. */
static double
distance(const struct route_view *v, uint64_t key)
{
    uint64_t h = mix(mix(key + UINT64_C(0x9e3779b97f4a7c15)) ^ v->identity);
    double unit = ((double)(h >> 11) + 0.5) * 0x1p-53;
    return -log(unit) / v->share;
}

unsigned
route_home(const struct route_view *v, unsigned n, const struct route_ask *ask, struct dice *dice)
{
    if (!ask->key)
        return route_shuffle(v, n, ask, dice);
    double shares = route_total_share(v, n), running = route_total_in_flight(v, n) + 1;
    double nearest = DBL_MAX;
    unsigned home = 0;
    for (unsigned i = 0; i < n; i++) {
        double d = distance(&v[i], ask->key);
        if (d >= nearest || route_is_crowded(&v[i], running, shares, BOUND))
            continue;
        nearest = d;
        home = i;
    }
    return home;
}
