/* Two calls for one request. */
#include "server/gateway/race.h"

#include <stdlib.h>

#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/guards.h"
#include "server/gateway/worker.h"

/* What an attempt holds may be moved as long as it has no stream: nothing points to it but its
 * call, by its leg. */
static void
swap(struct exchange *x)
{
    struct attempt a = x->attempt;
    x->attempt = *x->rival;
    *x->rival = a;
}

/* Most exchanges never have one. */
static bool
has_rival(struct exchange *x)
{
    if (x->rival)
        return true;
    x->rival = calloc(1, sizeof *x->rival);
    if (!x->rival)
        return false;
    attempt_init(x->rival);
    x->rival->leg = &x->legs[1];
    return true;
}

void
race_arm(struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    const struct hedge_options *o = &x->gateway->restraint.hedge;
    if (x->racing || !a->call)
        return;
    deadline_set(&x->worker->deadlines, &x->watch, EXCHANGE_WATCH);
    uint64_t ns = 0;
    if (a->probes)
        ns = guarded_probe_after(a->guarded);
    else if (o->permille)
        ns = guarded_hedge_after(a->guarded, o);
    x->due = a->probes ? RIVAL_PROBE : RIVAL_HEDGE;
    if (ns)
        exchange_sleep(x, ns);
}

/* Does the budget have room?  Probes are our own wish, and as few as the breaker allows. */
static bool
may_spend(struct exchange *x, enum rival_cause cause)
{
    const struct restraint *r = &x->gateway->restraint;
    const struct budget_options cap = hedge_budget(&r->hedge);
    switch (cause) {
    case RIVAL_HEDGE:
        return limits_spend_hedge(x->budget, &cap, clock_ns(), admission_guess(x->bytes_in));
    case RIVAL_SILENCE:
        return limits_spend_retry(x->budget, &r->retries, clock_ns());
    case RIVAL_PROBE:
        return true;
    case RIVAL_NONE:
        break;
    }
    return false;
}

/* Has nothing been said, and does the route have somebody else? */
static bool
may_begin(struct exchange *x)
{
    return x->state == EXCHANGE_TRYING && !x->racing && x->attempt.call
           && x->attempt.reply == ATTEMPT_SILENT && x->route.tries > 0
           && route_repeats(&x->route) == 0;
}

/* Start the first of the deployments that were not asked yet which can begin at once: one that would
 * have to wait is no help. */
static bool
start(struct exchange *x)
{
    struct candidate c;
    while (route_repeats(&x->route) == 0 && route_next(&x->route, &x->worker->dice, &c)) {
        enum attempt_start how = attempt_start(x, &c);
        if (how == ATTEMPT_STARTED && x->attempt.call)
            return true;
        x->attempt.cut = true;
        attempt_stop(x);
        if (how == ATTEMPT_STARTED || how == ATTEMPT_BROKEN)
            break;
        route_exclude(&x->route);
    }
    return false;
}

void
race_begin(struct exchange *x, enum rival_cause cause)
{
    if (!may_begin(x) || !has_rival(x) || !may_spend(x, cause))
        return;
    const struct ir_error error = x->error;
    const struct str detail = x->detail;
    swap(x);
    bool runs = start(x);
    swap(x);
    x->racing = runs;
    x->error = error;
    x->detail = detail;
}

void
race_watch(struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    if (x->state != EXCHANGE_TRYING || !a->call)
        return;
    if (!x->racing
        && guarded_has_lost(a->guarded, &x->gateway->guard_options, clock_ns(), a->start_us * 1000))
        race_begin(x, RIVAL_SILENCE);
    deadline_set(&x->worker->deadlines, &x->watch, EXCHANGE_WATCH);
}

bool
race_enter(struct exchange *x, const struct race_leg *leg)
{
    if (!x->racing || x->attempt.leg == leg)
        return false;
    swap(x);
    return true;
}

void
race_leave(struct exchange *x, bool entered)
{
    if (entered && x->racing)
        swap(x);
}

/* The one who waited less is not waited for. */
static void
cut_other(struct exchange *x)
{
    const uint64_t waited = x->upstream_us;
    swap(x);
    x->attempt.cut = true;
    attempt_stop(x);
    swap(x);
    x->upstream_us = waited;
}

void
race_won(struct exchange *x)
{
    if (x->racing)
        x->rival->beaten = x->rival->start_us < x->attempt.start_us;
    race_end(x);
}

void
race_end(struct exchange *x)
{
    if (!x->racing)
        return;
    x->racing = false;
    cut_other(x);
}

void
race_lost(struct exchange *x)
{
    const uint64_t waited = x->upstream_us;
    x->racing = false;
    attempt_stop(x);
    swap(x);
    x->upstream_us = waited;
    x->error.set = false;
    x->detail = (struct str){ NULL, 0 };
}

void
race_forget(struct exchange *x)
{
    if (x->rival)
        attempt_fini(x->rival);
    free(x->rival);
    x->rival = NULL;
}
