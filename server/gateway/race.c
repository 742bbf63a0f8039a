/* Two calls for one request. */
#include "server/gateway/race.h"

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
    x->attempt = x->rival;
    x->rival = a;
}

void
race_arm(struct exchange *x)
{
    const struct hedge_options *o = &x->gateway->restraint.hedge;
    if (o->permille == 0 || x->racing || !x->attempt.call)
        return;
    uint64_t ns = guarded_hedge_after(x->attempt.guarded, o);
    if (ns)
        exchange_sleep(x, ns);
}

/* Does the route have somebody else, and the budget room? */
static bool
may_begin(struct exchange *x, struct candidate *c)
{
    struct budget_options cap = hedge_budget(&x->gateway->restraint.hedge);
    return x->state == EXCHANGE_TRYING && !x->racing && x->attempt.reply == ATTEMPT_SILENT
           && x->route.tries > 0 && route_repeats(&x->route) == 0
           && limits_spend(x->budget, LIMITS_HEDGE, &cap, clock_ns())
           && route_next(&x->route, &x->worker->dice, c);
}

void
race_begin(struct exchange *x)
{
    struct candidate c;
    if (!may_begin(x, &c))
        return;
    const struct ir_error error = x->error;
    const struct str detail = x->detail;
    swap(x);
    bool runs = attempt_start(x, &c) == ATTEMPT_STARTED && x->attempt.call;
    if (!runs) {
        x->attempt.cut = true;
        attempt_stop(x); /* it would have to wait: that is no help */
    }
    swap(x);
    x->racing = runs;
    x->error = error;
    x->detail = detail;
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
