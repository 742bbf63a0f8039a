/* From guards to views. */
#include "server/gateway/outlook.h"

#include "server/gateway/clock.h"
#include "server/gateway/guarding.h"
#include "server/gateway/service.h"

#define SECOND 1e9 /* ns */

static enum route_standing
standing(enum guard_standing s)
{
    switch (s) {
    case GUARD_READY:
        return ROUTE_READY;
    case GUARD_LAST:
        return ROUTE_RESTING;
    case GUARD_SHUT:
        break;
    }
    return ROUTE_SHUT;
}

static double
seconds_between(uint64_t from, uint64_t to)
{
    return to > from ? (double)(to - from) / SECOND : 0;
}

/* A deployment that has its hands full is the last that is asked; with a full queue it is not. */
static void
look_at_limits(const struct deployment *d, uint64_t now, struct route_view *v)
{
    if (!d->limited)
        return;
    struct limiter_view seen = limits_view(d->limited, &d->limits, now);
    if (seen.reason == LIMITER_FINE || v->standing == ROUTE_SHUT)
        return;
    v->standing = seen.reason == LIMITER_LATE ? ROUTE_RESTING : ROUTE_SHUT;
    v->shut_for = (double)seen.wait_ns / SECOND;
}

static void
look(void *ctx, const struct offer *offer, struct str name, struct route_view *v)
{
    struct outlook *o = ctx;
    const struct gateway *g = o->gateway;
    uint64_t now = o->now ? *o->now : clock_ns();
    if (!g->service->guards)
        return;
    struct guarded *x = guarding_find(g, offer, name, o->arena);
    struct guard_view seen = guarded_view(x, &g->guard_options, now);
    uint64_t latency = o->stream ? seen.first_ns : seen.whole_ns;
    v->standing = standing(seen.standing);
    v->shut_for = v->standing == ROUTE_SHUT ? seconds_between(now, seen.until) : 0;
    v->in_flight = seen.running;
    v->latency = (double)(latency ? latency : seen.whole_ns) / SECOND;
    v->silent_for = seconds_between(seen.heard, now);
    v->requests = (double)seen.requests_a_minute;
    v->tokens = (double)seen.tokens_a_minute;
    look_at_limits(offer->deployment, now, v);
}

struct route_outlook
outlook_of_guards(struct outlook *o)
{
    return (struct route_outlook){ look, o };
}
