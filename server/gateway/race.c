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
    if (x->racing || !a->call)
        return;
    deadline_set(&x->worker->deadlines, &x->watch, EXCHANGE_WATCH);
    const struct rival_plan p = guarded_rival(a->guarded, &x->gateway->restraint.hedge, a->probes);
    x->due = p.cause;
    if (p.cause != RIVAL_NONE)
        exchange_sleep(x, p.after_ns);
}

/* Has nothing been said, and is there time left? */
static bool
may_begin(const struct exchange *x)
{
    return x->state == EXCHANGE_TRYING && !x->racing && x->attempt.call
           && x->attempt.reply == ATTEMPT_SILENT && exchange_left_ms(x) > 0;
}

/* Have x->attempt ask a candidate. */
static enum rival_start
try(struct exchange *x, const struct candidate *c)
{
    switch (attempt_start(x, c)) {
    case ATTEMPT_STARTED:
        if (x->attempt.call)
            return RIVAL_BEGUN;
        x->attempt.start_us = 0; /* it waits for credentials: nobody was asked */
        return RIVAL_BUSY;
    case ATTEMPT_QUEUED:
        return RIVAL_BUSY;
    case ATTEMPT_UNFIT:
    case ATTEMPT_SHUT:
        return RIVAL_REFUSED;
    case ATTEMPT_BROKEN:
        break;
    }
    return RIVAL_BROKEN;
}

/* The same; nothing is left of an attempt that has not begun. */
static enum rival_start
ask(void *ctx, const struct candidate *c)
{
    struct exchange *x = ctx;
    const enum rival_start s = try(x, c);
    if (s != RIVAL_BEGUN) {
        x->attempt.cut = true;
        attempt_stop(x);
    }
    return s;
}

void
race_begin(struct exchange *x, enum rival_cause cause)
{
    const struct restraint *r = &x->gateway->restraint;
    const struct rival_rates rates = { &r->retries, &r->hedge };
    const uint64_t tokens = admission_guess(x->bytes_in), now = clock_ns();
    x->tried_ns = now;
    if (!may_begin(x) || !limits_affords(x->budget, &rates, cause, now, tokens) || !has_rival(x))
        return;
    const struct ir_error error = x->error;
    const struct str detail = x->detail;
    swap(x);
    bool runs = route_race(&x->route, &x->worker->dice, ask, x);
    swap(x);
    x->racing = runs;
    x->error = error;
    x->detail = detail;
    if (runs)
        limits_book(x->budget, &rates, cause, now, tokens);
}

void
race_watch(struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    if (x->state != EXCHANGE_TRYING || !a->call)
        return;
    if (!x->racing
        && guarded_has_lost(a->guarded, &x->gateway->guard_options, clock_ns(), a->asked_us * 1000))
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
        x->rival->beaten = x->rival->asked_us < x->attempt.asked_us;
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
