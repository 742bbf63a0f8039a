/* lowest-usage: with most of its minute left: used requests of rpm, used tokens of tpm, whichever is
 * the fuller.  Where neither was said, tokens for its share, or requests where no tokens are known.
 * What runs and has not been counted yet counts as much as a usual request.
 *
 * One that comes back after a while has used nothing; so that not everything falls on it, who
 * carries twice its share is passed over. */
#include "runtime/route/choice.h"

#define BOUND 2.0

/* Tokens, those of running requests guessed. */
static double
used_tokens(const struct route_view *v)
{
    double each = v->requests >= 1 ? v->tokens / v->requests : 0;
    return v->tokens + each * v->in_flight;
}

static double
fullness(const struct route_view *v)
{
    double tokens = used_tokens(v);
    double of_rpm = v->rpm ? v->requests / (double)v->rpm : 0;
    double of_tpm = v->tpm ? tokens / (double)v->tpm : 0;
    return of_rpm > of_tpm ? of_rpm : of_tpm;
}

/* Can all be compared by what they said? */
static bool
is_said(const struct route_view *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!v[i].rpm && !v[i].tpm)
            return false;
    return true;
}

static bool
has_tokens(const struct route_view *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (v[i].tokens > 0)
            return true;
    return false;
}

unsigned
route_freest(const struct route_view *v, unsigned n, const struct route_ask *ask, struct dice *dice)
{
    double used[ROUTE_VIEWS_MAX];
    double shares = route_total_share(v, n), running = route_total_in_flight(v, n) + 1;
    bool said = is_said(v, n), tokens = has_tokens(v, n);
    (void)ask;
    for (unsigned i = 0; i < n; i++) {
        double plain = tokens ? used_tokens(&v[i]) : v[i].requests;
        used[i] = said ? fullness(&v[i]) : plain / v[i].share;
        if (route_is_crowded(&v[i], running, shares, BOUND))
            used[i] = DBL_MAX;
    }
    return route_shuffle_best(v, used, route_least(used, n), n, dice);
}
