/* Tries and pauses. */
#include "server/gateway/pursuit.h"

#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/guarding.h"
#include "server/gateway/patience.h"
#include "server/gateway/worker.h"

static void
begin_waiting(struct exchange *x)
{
    x->state = EXCHANGE_TRYING;
    if (x->wants_stream && x->gateway->config->server.keepalive_comment)
        deadline_set(&x->worker->deadlines, &x->deadline, EXCHANGE_KEEPALIVE);
}

/* What other deployments of the model would say too, but another model might not. */
static bool
divert(struct exchange *x)
{
    if (x->error.kind == IR_FAULT_CONTEXT)
        return route_divert(&x->route, CONFIG_TROUBLE_CONTEXT);
    return x->error.kind == IR_FAULT_POLICY && route_divert(&x->route, CONFIG_TROUBLE_POLICY);
}

/* What keeps deployments from being asked, as bits. */
enum hindrance {
    HINDRANCE_TOLD = 1, /* the provider has said when to come back */
    HINDRANCE_RATE = 2, /* a limit of ours: so many a minute */
    HINDRANCE_FULL = 4, /* so many at a time */
    HINDRANCE_FAILED = 8,
};

static enum hindrance
hindrance_of(struct exchange *x, const struct offer *o, uint64_t now)
{
    const struct deployment *d = o->deployment;
    struct guarded *g = guarding_find(x->gateway, o, x->route.steps[0].name, &x->arena);
    const struct guard_view v = guarded_view(g, &x->gateway->guard_options, now);
    if (v.reason == GUARD_RATE)
        return HINDRANCE_TOLD;
    if (v.standing == GUARD_SHUT || !d->limited)
        return HINDRANCE_FAILED;
    switch (limits_view(d->limited, &d->limits, now).reason) {
    case LIMITER_REQUESTS:
    case LIMITER_TOKENS:
        return HINDRANCE_RATE;
    case LIMITER_FULL:
    case LIMITER_LATE:
        return HINDRANCE_FULL;
    case LIMITER_FINE:
        break;
    }
    return HINDRANCE_FAILED;
}

static unsigned
hindrances(struct exchange *x)
{
    const struct model *m = x->route.steps[0].model;
    const uint64_t now = clock_ns();
    unsigned all = 0;
    for (unsigned i = 0; i < m->n; i++)
        all |= hindrance_of(x, &m->offers[i], now);
    return all;
}

static const char *
hindrance_text(unsigned all)
{
    if (all == HINDRANCE_TOLD)
        return "has reached its provider's rate limit";
    if (!(all & HINDRANCE_FAILED))
        return "has reached a limit";
    return all == HINDRANCE_FAILED ? "is resting after failures"
                                   : "is resting after failures, or has reached a limit";
}

/* No deployment could be asked at all. */
static struct ir_error
lack_error(struct exchange *x)
{
    const struct route *r = &x->route;
    struct ir_error e = { .set = true, .kind = IR_FAULT_OVERLOADED };
    if (r->lack == ROUTE_LACK_TAGS) {
        e.kind = IR_FAULT_MISSING;
        e.code = STR("model_not_found");
        e.message = arena_printf(&x->arena, "no deployment of %.*s serves requests with these tags",
                                 STR_ARG(x->model));
        return e;
    }
    const unsigned why = hindrances(x);
    if (!(why & ~(unsigned)(HINDRANCE_TOLD | HINDRANCE_RATE)))
        e.kind = IR_FAULT_RATE;
    e.message = arena_printf(&x->arena, "every deployment of %.*s %s", STR_ARG(x->model),
                             hindrance_text(why));
    if (r->wait > 0)
        e.retry_after = (struct ir_int){ (int64_t)r->wait + 1, true };
    return e;
}

static void
give_up(struct exchange *x)
{
    static const struct ir_error late = { .set = true,
                                          .kind = IR_FAULT_TIMEOUT,
                                          .message = STR("no reply within x-llmux-timeout") };
    struct ir_error e = x->error;
    if (!e.set)
        e = exchange_left_ms(x) > 0 ? lack_error(x) : late;
    deadline_clear(&x->worker->deadlines, &x->deadline);
    exchange_refuse(x, &e);
}

static bool
may_retry(struct exchange *x)
{
    return limits_spend_retry(x->budget, &x->gateway->restraint.retries, clock_ns());
}

/* Does the attempt run, or wait to? */
static bool
settle(struct exchange *x, enum attempt_start how)
{
    switch (how) {
    case ATTEMPT_STARTED:
        x->error.set = false;
        x->detail = (struct str){ NULL, 0 };
        begin_waiting(x);
        if (x->attempt.call)
            race_arm(x);
        else if (x->patience_ms != PATIENCE_NO_LIMIT)
            exchange_sleep(x, exchange_left_ms(x) * 1000000);
        return true;
    case ATTEMPT_QUEUED:
        begin_waiting(x);
        exchange_sleep(x, guarding_wait_ns(x));
        return true;
    case ATTEMPT_UNFIT:
    case ATTEMPT_SHUT:
        x->attempt.start_us = 0; /* it is no attempt, though it may have waited for credentials */
        route_exclude(&x->route);
        break;
    case ATTEMPT_BROKEN:
        attempt_account(x, clock_us());
        break;
    }
    return false;
}

/* What the next attempt takes from the budget. */
enum cost {
    COST_NONE, /* it is the first, was paid for, or no failure of a provider's led to it */
    COST_RETRY,
};

/* Begin the next attempt that can be begun, at tried_ns. */
static void
try_first(struct exchange *x, enum cost cost)
{
    struct candidate c;
    while (exchange_left_ms(x) > 0 && route_next(&x->route, &x->worker->dice, &c)) {
        if (cost == COST_RETRY && !may_retry(x))
            break;
        cost = COST_NONE;
        attempt_stop(x);
        if (settle(x, attempt_start(x, &c)))
            return;
        x->tried_ns = clock_ns();
    }
    give_up(x);
}

/* The same, now. */
static void
try_next(struct exchange *x, enum cost cost)
{
    x->tried_ns = clock_ns();
    try_first(x, cost);
}

void
pursuit_begin(struct exchange *x)
{
    const struct restraint *r = &x->gateway->restraint;
    const uint64_t now = x->tried_ns;
    struct budget_options hedges = hedge_budget(&r->hedge);
    limits_count_retry(x->budget, &r->retries, now);
    if (r->hedge.permille)
        limits_count_hedge(x->budget, &hedges, now, admission_guess(x->bytes_in));
    try_first(x, COST_NONE);
}

void
pursuit_go_on(struct exchange *x)
{
    if (x->state == EXCHANGE_RESTING) {
        x->rested_us += clock_us() - x->rest_us;
    } else {
        guarding_late(x);
        route_exclude(&x->route);
    }
    try_next(x, COST_NONE);
}

void
pursuit_late(struct exchange *x)
{
    x->attempt.cut = true; /* it is the client that wanted it sooner */
    x->attempt.start_us = 0;
    attempt_stop(x);
    give_up(x);
}

void
exchange_attempt_started(struct exchange *x, enum attempt_start how)
{
    if (!settle(x, how))
        try_next(x, COST_NONE); /* nothing was sent */
}

static void
rest(struct exchange *x, uint64_t ns)
{
    x->state = EXCHANGE_RESTING;
    x->rest_us = clock_us();
    exchange_sleep(x, ns);
}

/* When the next try is of use. */
static struct retry_plan
plan(struct exchange *x)
{
    uint64_t left = exchange_left_ms(x);
    struct retry_scene s = { .repeats = route_repeats(&x->route),
                             .shut_ns = (uint64_t)(route_pause(&x->route) * 1e9),
                             .told_ns = remarks_wait_ns(&x->attempt.remarks, &x->error),
                             .left_ns = RETRY_NO_LIMIT };
    if (left != PATIENCE_NO_LIMIT)
        s.left_ns = left * 1000000;
    return retry_plan(&x->gateway->restraint.retry, &s, dice_next(&x->worker->dice));
}

static void
try_again(struct exchange *x)
{
    struct retry_plan p = plan(x);
    if (p.when == RETRY_NOW)
        try_next(x, COST_RETRY);
    else if (p.when == RETRY_NEVER || !may_retry(x))
        give_up(x);
    else
        rest(x, p.pause_ns);
}

void
exchange_attempt_failed(struct exchange *x, const struct ir_error *e, struct str detail)
{
    const enum retry_place place = retry_place(e);
    if (place == RETRY_NOWHERE)
        race_won(x); /* what is against the request itself need not be heard twice */
    x->error = ir_error_copy(&x->arena, e);
    x->detail = arena_str(&x->arena, detail);
    if (place == RETRY_ELSEWHERE)
        route_forsake(&x->route, &x->attempt.candidate);
    if (x->racing) {
        race_lost(x);
        return;
    }
    exchange_wake(x);
    attempt_stop(x);
    if (divert(x)) {
        try_next(x, COST_NONE);
        return;
    }
    if (place == RETRY_NOWHERE)
        give_up(x);
    else
        try_again(x);
}
