/* lowest-latency: the fastest, without a herd.
 *
 * A latency tells how it was.  When all follow it at once, the fastest is slow before anybody has
 * measured that, and then all run to the next.  Two things keep them apart.  What counts is latency
 * times pressure: how much the candidate carries beside the average; among equals that is
 * least-busy, and one that is faster by far gets nearly all the same.  And the better is only the
 * likelier: small differences make small ones of the load, as nobody's latency is known so well.
 *
 * One that nobody has measured is taken for as fast as the fastest, until a request runs there; one
 * that was not measured for long is tried now and then, as it may have recovered. */
#include "runtime/route/choice.h"

#define FEW     4    /* requests that are no load */
#define STALE   30.0 /* seconds after which a latency is old news */
#define CURIOUS 32   /* one request of so many looks after old news */

/* How long one waits who asks it now, compared to others. */
static double
pressure(const struct route_view *v, double mean_share, double mean_in_flight)
{
    return 1 + v->in_flight * mean_share / v->share / (mean_in_flight + FEW);
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

/* The better the likelier, by a power that leaves one that is twice as slow hardly anything. */
static double
appeal(double score, double best)
{
    double x = best / score;
    x *= x;
    x *= x;
    return x * x;
}

unsigned
route_fastest(const struct route_view *v, unsigned n, const struct route_ask *ask,
              struct dice *dice)
{
    double score[ROUTE_VIEWS_MAX], low, high, sum = 0;
    double share = route_total_share(v, n) / n, in_flight = route_total_in_flight(v, n) / n;
    unsigned old = stalest(v, n), i = 0;
    (void)ask;
    if (old < n && dice_below(dice, CURIOUS) == 0)
        return old;
    known_range(v, n, &low, &high);
    for (unsigned k = 0; k < n; k++) {
        double guess = v[k].in_flight ? high : low;
        double latency = v[k].latency > 0 ? v[k].latency : guess;
        score[k] = latency * pressure(&v[k], share, in_flight);
    }
    double best = route_least(score, n);
    for (unsigned k = 0; k < n; k++)
        sum += score[k] = appeal(score[k], best) * v[k].share;
    double at = dice_unit(dice) * sum;
    while (i + 1 < n && at >= score[i])
        at -= score[i++];
    return i;
}
