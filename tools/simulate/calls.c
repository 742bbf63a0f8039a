/* Calls of upstreams, as attempt.c, race.c and pursuit.c make them: what is decided there is decided by the same
 * functions here (route.h, rival.h, retry.h, guard.h, limits.h). */
#include "tools/simulate/state.h"

#define CROWD 100 /* requests in a row */

/* --- the end of one ------------------------------------------------------------------------- */

static bool
is_good(const struct call *k)
{
    return !k->fate.fault && !k->fate.silent;
}

static void
tell_guard(struct call *k, bool cut, bool beaten)
{
    struct course *c = k->course;
    const struct request *x = c->requests[k->who];
    const struct upstream_fate *f = &k->fate;
    const struct guard_report report = {
        .fault = cut         ? IR_FAULT_UNSET
                 : f->silent ? IR_FAULT_TIMEOUT
                             : f->fault,
        .status = f->status,
        .cut = cut,
        .mute = !k->heard,
        .beaten = beaten,
        .wait_ns = (uint64_t)(f->retry_after * SECOND),
        .whole_ns = c->now - k->began,
        .tokens = is_good(k) ? (uint64_t)(x->tokens_in + (cut ? 0 : x->tokens_out)) : 0,
    };
    guarded_done(k->guard, &c->house.gateway.guard_options, c->now, k->ticket, &report);
}

/* Take a call off its upstream, and tell its guard and its limits. */
static void
end_call(struct call *k, bool cut, bool beaten)
{
    struct course *c = k->course;
    const struct request *x = c->requests[k->who];
    const struct config_price *price = &k->to.offer->model->price;
    struct limiter_report r = { .sign = ADAPTIVE_NOTHING };
    if (k->runs) {
        double out = is_good(k) && !cut ? x->tokens_out : 0;
        tell_guard(k, cut, beaten);
        c->upstreams[k->upstream].running--;
        if (is_good(k) && price->set)
            c->result->cost += (x->tokens_in * price->input + out * price->output) / 1e6;
        r.used = (uint64_t)(x->tokens_in + out);
        if (!cut && (k->fate.silent || k->fate.fault == IR_FAULT_RATE))
            r.sign = ADAPTIVE_REFUSED;
        else if (!cut && k->heard)
            r.sign = ADAPTIVE_TIMED;
        r.sign_ns = (uint64_t)(k->fate.first * SECOND);
    }
    k->number = 0;
    limits_leave(&k->place, c->now, r);
}

/* --- the beginning -------------------------------------------------------------------------- */

/* The largest share of the last hundred requests. */
static void
count_crowd(struct course *c, unsigned upstream)
{
    struct series *s = &c->result->chosen;
    series_add(s, upstream);
    c->recent[upstream]++;
    if (s->n <= CROWD)
        return;
    c->recent[(unsigned)s->v[s->n - CROWD - 1]]--;
    double share = (double)c->recent[upstream] / CROWD;
    if (share > c->result->crowd)
        c->result->crowd = share;
}

static bool
is_racing(const struct request *x)
{
    return x->calls[0].number && x->calls[1].number;
}

/* When it is to be looked at again, as race_arm says. */
static void
plan_rival(struct call *k, bool probes)
{
    struct course *c = k->course;
    if (is_racing(c->requests[k->who]))
        return;
    const struct rival_plan p = guarded_rival(k->guard, &c->house.gateway.restraint.hedge, probes);
    agenda_put(&c->agenda, c->now + RIVAL_WATCH_NS, EVENT_WATCH, k->who, k->number);
    k->due = p.cause;
    if (p.cause != RIVAL_NONE)
        agenda_put(&c->agenda, c->now + p.after_ns, EVENT_RIVAL, k->who, k->number);
}

static void
run(struct call *k, bool probes)
{
    struct course *c = k->course;
    struct request *x = c->requests[k->who];
    struct upstream *u = &c->upstreams[k->upstream];
    double patience = c->scenario->patience;
    k->runs = true;
    k->began = c->now;
    k->fate = upstream_begin(u, seconds(c->now - BEGINNING), x->tokens_out, &c->dice);
    k->fate.silent |= k->fate.first > patience;
    c->result->calls++;
    c->result->calls_of[k->upstream]++;
    if (u->running > c->result->peak_of[k->upstream])
        c->result->peak_of[k->upstream] = u->running;
    if (k->number == 1)
        count_crowd(c, k->upstream);
    if (k->fate.silent)
        agenda_put(&c->agenda, later(c, patience), EVENT_END, k->who, k->number);
    else if (k->fate.fault)
        agenda_put(&c->agenda, later(c, k->fate.whole), EVENT_END, k->who, k->number);
    else
        agenda_put(&c->agenda, later(c, k->fate.first), EVENT_FIRST, k->who, k->number);
    plan_rival(k, probes);
}

/* Its deployment has a place for it: does its guard let it through? */
static bool
go(struct call *k)
{
    struct course *c = k->course;
    enum guard_reason why = GUARD_FINE;
    struct request *x = c->requests[k->who];
    k->guard = guards_find(c->house.service.guards, k->to.offer->deployment,
                           offer_upstream(k->to.offer, k->to.name, &x->arena));
    if (!guarded_begin(k->guard, &c->house.gateway.guard_options, c->now, &k->ticket, &why)) {
        end_call(k, true, false);
        return false;
    }
    run(k, why == GUARD_PROBED);
    return true;
}

static void give_place_up(struct request *x, struct call *k);

static void
told(void *ctx)
{
    struct call *k = ctx;
    struct request *x = k->course->requests[k->who];
    if (k->place.place != LIMITS_IN || !go(k))
        give_place_up(x, k);
}

static struct call *
find_call(struct request *x, unsigned number)
{
    for (unsigned i = 0; i < 2; i++)
        if (x->calls[i].number == number)
            return &x->calls[i];
    return NULL;
}

/* Where a new call can be. */
static struct call *
free_call(struct request *x, const struct candidate *to)
{
    struct call *k = &x->calls[x->calls[0].number ? 1 : 0];
    const struct gatehouse *h = &x->course->house;
    *k = (struct call){ .course = x->course, .who = x->who, .number = ++x->n_calls, .to = *to };
    k->upstream = (unsigned)(to->offer->deployment - h->gateway.deployments);
    k->place.note.bell = &x->course->house.bell;
    k->place.told = told;
    k->place.ctx = k;
    return k;
}

/* Ask for a place, and begin. */
static enum semaphore_answer
start(struct request *x, const struct candidate *to)
{
    struct course *c = x->course;
    const struct deployment *d = to->offer->deployment;
    struct call *k = free_call(x, to);
    struct limiter_refusal no;
    enum semaphore_answer a = limits_enter(&k->place, d->limited, &d->limits, c->now,
                                           (uint64_t)x->tokens_in, x->priority, &no);
    if (a == SEMAPHORE_QUEUED)
        agenda_put(&c->agenda, c->now + d->limits.wait_ns, EVENT_FULL, x->who, k->number);
    if (a == SEMAPHORE_FULL)
        k->number = 0;
    if (a == SEMAPHORE_IN && !go(k))
        return SEMAPHORE_FULL;
    return a;
}

static bool
may_retry(struct request *x)
{
    const struct course *c = x->course;
    return limits_spend_retry(c->house.budget, &c->house.gateway.restraint.retries, c->now);
}

bool
calls_next(struct request *x, bool costs)
{
    struct candidate to;
    while (route_next(&x->route, &x->course->dice, &to)) {
        if (costs && !may_retry(x))
            return false;
        costs = false;
        if (start(x, &to) != SEMAPHORE_FULL)
            return true;
        route_exclude(&x->route);
    }
    return false;
}

/* It has waited in vain. */
static void
give_place_up(struct request *x, struct call *k)
{
    end_call(k, true, false);
    route_exclude(&x->route);
    if (!calls_next(x, false))
        course_fail(x);
}

/* Ask a candidate for a second call, at once or not at all. */
static enum rival_start
ask_rival(void *ctx, const struct candidate *to)
{
    struct request *x = ctx;
    switch (start(x, to)) {
    case SEMAPHORE_IN:
        return RIVAL_BEGUN;
    case SEMAPHORE_QUEUED:
        end_call(find_call(x, x->n_calls), true, false);
        return RIVAL_BUSY;
    case SEMAPHORE_FULL:
        break;
    }
    return RIVAL_REFUSED;
}

static void
begin_rival(struct call *k, enum rival_cause cause)
{
    struct course *c = k->course;
    struct request *x = c->requests[k->who];
    const struct restraint *r = &c->house.gateway.restraint;
    const struct rival_rates rates = { &r->retries, &r->hedge };
    if (x->first || is_racing(x) || !k->runs
        || !limits_affords(c->house.budget, &rates, cause, c->now, 1)
        || !route_race(&x->route, &c->dice, ask_rival, x))
        return;
    limits_book(c->house.budget, &rates, cause, c->now, 1);
    c->result->rivals++;
}

/* --- what happens to them ------------------------------------------------------------------- */

/* Nothing of the request runs any more, and it has failed: again, later, or not at all. */
static void
recover(struct request *x)
{
    struct course *c = x->course;
    const struct restraint *o = &c->house.gateway.restraint;
    const struct retry_scene s = { .repeats = route_repeats(&x->route),
                                   .shut_ns = (uint64_t)(route_pause(&x->route) * SECOND),
                                   .told_ns = x->told,
                                   .left_ns = RETRY_NO_LIMIT };
    struct retry_plan p = retry_plan(&o->retry, &s, dice_next(&c->dice));
    if (p.when == RETRY_NEVER || (p.when == RETRY_LATER && !may_retry(x))) {
        course_fail(x);
        return;
    }
    c->result->retries++;
    if (p.when == RETRY_LATER)
        agenda_put(&c->agenda, c->now + p.pause_ns, EVENT_RETRY, x->who, 0);
    else if (!calls_next(x, true))
        course_fail(x);
}

/* A first token: the client gets this reply, whoever else runs is cut. */
static void
win(struct call *k)
{
    struct course *c = k->course;
    struct request *x = c->requests[k->who];
    k->heard = true;
    x->first = c->now;
    guarded_first(k->guard, &c->house.gateway.guard_options, c->now, c->now - k->began, NULL);
    guarded_proven(k->guard, &c->house.gateway.guard_options, c->now, &k->ticket);
    for (unsigned i = 0; i < 2; i++)
        if (x->calls[i].number && &x->calls[i] != k)
            end_call(&x->calls[i], true, x->calls[i].began < k->began);
    agenda_put(&c->agenda, later(c, k->fate.whole - k->fate.first), EVENT_END, k->who, k->number);
}

static void
lose_or_finish(struct call *k)
{
    struct request *x = k->course->requests[k->who];
    bool good = is_good(k);
    x->told = (uint64_t)(k->fate.retry_after * SECOND);
    x->error = (struct ir_error){ .kind = k->fate.silent ? IR_FAULT_TIMEOUT : k->fate.fault,
                                  .status = { k->fate.status, k->fate.status > 0 } };
    const struct candidate to = k->to;
    end_call(k, false, false);
    if (!good && retry_place(&x->error) == RETRY_ELSEWHERE)
        route_forsake(&x->route, &to);
    if (good)
        course_finish(x, k->upstream);
    else if (retry_place(&x->error) == RETRY_NOWHERE)
        course_fail(x);
    else if (x->calls[0].number || x->calls[1].number)
        return;
    else
        recover(x);
}

/* Is who was asked silent? */
static void
watch(struct call *k)
{
    struct course *c = k->course;
    struct request *x = c->requests[k->who];
    if (x->first || !k->runs)
        return;
    if (!is_racing(x)
        && guarded_has_lost(k->guard, &c->house.gateway.guard_options, c->now, k->began))
        begin_rival(k, RIVAL_SILENCE);
    agenda_put(&c->agenda, c->now + RIVAL_WATCH_NS, EVENT_WATCH, k->who, k->number);
}

void
calls_event(struct request *x, enum event e, unsigned number)
{
    struct call *k = find_call(x, number);
    if (!k || !number)
        return;
    if (e == EVENT_FIRST)
        win(k);
    else if (e == EVENT_END)
        lose_or_finish(k);
    else if (e == EVENT_RIVAL)
        begin_rival(k, k->due);
    else if (e == EVENT_WATCH)
        watch(k);
    else if (e == EVENT_FULL && !k->runs)
        give_place_up(x, k);
}

void
calls_cut(struct request *x)
{
    for (unsigned i = 0; i < 2; i++)
        if (x->calls[i].number)
            end_call(&x->calls[i], true, false);
}
