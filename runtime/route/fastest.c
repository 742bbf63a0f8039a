/* lowest-latency: the fastest, without a herd.
 *
 * A latency tells how it was; when all follow it at once, the fastest is slow before anybody has
 * measured that.  So what counts is latency times pressure: how much the candidate carries beside
 * the average.  Among equals that is least-busy; one that is faster by far gets nearly all.
 * Nobody's latency is known to a tenth, so within that chance decides.
 *
 * One that nobody has measured is taken for as fast as the fastest, until a request runs there; one
 * that was not measured for long is tried now and then, as it may have recovered. */
#include "runtime/route/choice.h"

#define SAME    1.1  /* what differs less is the same */
#define STALE   10.0 /* seconds after which a latency is old news */
#define CURIOUS 32   /* one request of so many looks after old news */

/* How long one waits who asks it now, compared to others. */
static double
pressure(const struct route_view *v, double mean_share, double mean_in_flight)
{
    return 1 + v->in_flight * mean_share / v->share / (mean_in_flight + 1);
}

/* The one that was not measured for longest, if that is long; n if there is none. */
static unsigned
stalest(const struct route_view *v, unsigned n)
{
    unsigned found = n;
    for (unsigned i = 0; i < n; i++)
        if (v[i].latency > 0 && v[i].silent_for > STALE && v[i].in_flight == 0
            && (found == n || v[i].silent_for > v[found].silent_for))
            found = i;
    return found;
}

/* The lowest and the highest latency that are known; 1 when none is. */
static void
known_range(const struct route_view *v, unsigned n, double *low, double *high)
{
    *low = *high = 0;
    for (unsigned i = 0; i < n; i++) {
        double l = v[i].latency;
        if (l > 0 && (*low == 0 || l < *low))
            *low = l;
        if (l > *high)
            *high = l;
    }
    if (*low == 0)
        *low = *high = 1;
}

unsigned
route_fastest(const struct route_view *v, unsigned n, const struct route_ask *ask,
              struct dice *dice)
{
    double score[ROUTE_VIEWS_MAX], low, high;
    double share = route_total_share(v, n) / n, in_flight = route_total_in_flight(v, n) / n;
    unsigned old = stalest(v, n);
    (void)ask;
    if (old < n && dice_below(dice, CURIOUS) == 0)
        return old;
    known_range(v, n, &low, &high);
    for (unsigned i = 0; i < n; i++) {
        double guess = v[i].in_flight ? high : low;
        double latency = v[i].latency > 0 ? v[i].latency : guess;
        score[i] = latency * pressure(&v[i], share, in_flight);
    }
    return route_shuffle_best(v, score, route_least(score, n) * SAME, n, dice);
}
