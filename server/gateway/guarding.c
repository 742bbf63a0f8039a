/* Between attempts and guards. */
#include "server/gateway/guarding.h"

#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/gateway.h"
#include "server/gateway/worker.h"

#define NS_PER_S ((uint64_t)1000 * 1000 * 1000)

void
guarding_prepare(struct gateway *g)
{
    const struct service *s = g->service;
    for (unsigned i = 0; s->limits && i < g->config->n_providers; i++) {
        struct deployment *d = &g->deployments[i];
        if (limits_any(&d->limits))
            d->limited = limits_find(s->limits, LIMITS_DEPLOYMENT, d->account);
    }
    for (unsigned i = 0; s->guards && i < g->catalogue.n_exact; i++) {
        const struct model *m = &g->catalogue.exact[i];
        for (unsigned k = 0; k < m->n; k++) {
            struct offer *o = &m->offers[k];
            if (!o->model->wildcard && o->model->upstream.p)
                o->guarded = guards_find(s->guards, o->deployment, o->model->upstream);
        }
    }
}

struct guarded *
guarding_find(const struct gateway *g, const struct offer *o, struct str name, struct arena *a)
{
    struct guards *all = g->service->guards;
    if (o->guarded || !all)
        return o->guarded;
    return guards_find(all, o->deployment, offer_upstream(o, name, a));
}

/* Nobody was asked: when will it be of use? */
static struct ir_error
shut_error(struct exchange *x, enum guard_reason why, uint64_t now)
{
    struct attempt *a = &x->attempt;
    struct guard_view v = guarded_view(a->guarded, &x->gateway->guard_options, now);
    enum ir_fault kind = why == GUARD_RATE ? IR_FAULT_RATE : IR_FAULT_OVERLOADED;
    struct ir_error e = attempt_error(a, kind, guard_reason_text(why));
    if (v.until > now)
        e.retry_after = (struct ir_int){ (int64_t)((v.until - now + NS_PER_S - 1) / NS_PER_S),
                                         true };
    return e;
}

static void
told(void *ctx)
{
    struct exchange *x = ctx;
    struct limits_hold *h = &x->attempt.place;
    exchange_wake(x);
    if (h->place == LIMITS_IN) {
        x->tried_ns = clock_ns();
        exchange_attempt_started(x, attempt_go_on(x));
        return;
    }
    guarding_late(x);
    exchange_attempt_started(x, ATTEMPT_SHUT);
}

static void
note_full(struct exchange *x, const struct limiter_refusal *no)
{
    struct str name = x->attempt.candidate.offer->deployment->config->name;
    struct ir_error e = admission_error(LIMITS_DEPLOYMENT, no, name, &x->arena);
    if (!x->error.set)
        x->error = e;
}

enum semaphore_answer
guarding_enter(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    const struct deployment *d = a->candidate.offer->deployment;
    struct limiter_refusal no;
    if (!d->limited)
        return SEMAPHORE_IN;
    a->place.note.bell = &x->worker->bell;
    a->place.told = told;
    a->place.ctx = x;
    enum semaphore_answer answer = limits_enter(&a->place, d->limited, &d->limits, x->tried_ns,
                                                admission_guess(recovery_bytes_in(x)),
                                                x->admission.priority, &no);
    if (answer == SEMAPHORE_FULL)
        note_full(x, &no);
    return answer;
}

uint64_t
guarding_wait_ns(const struct exchange *x)
{
    return x->attempt.place.options->wait_ns;
}

void
guarding_late(struct exchange *x)
{
    struct limits_hold *h = &x->attempt.place;
    struct limiter_refusal no = { LIMITER_LATE, limits_estimate(h->limited, h->options) };
    note_full(x, &no);
}

bool
guarding_begin(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    enum guard_reason why = GUARD_FINE;
    const uint64_t now = x->tried_ns;
    a->guarded = guarding_find(x->gateway, a->candidate.offer, a->candidate.name, &x->arena);
    if (guarded_begin(a->guarded, &x->gateway->guard_options, now, &a->ticket, &why)) {
        a->is_guarded = true;
        a->probes = why == GUARD_PROBED;
        return true;
    }
    struct ir_error e = shut_error(x, why, now);
    if (!x->error.set)
        x->error = ir_error_copy(&x->arena, &e);
    return false;
}

void
guarding_put_off(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    if (!a->put_off)
        guarded_put_off(a->guarded);
    a->put_off = true;
}

void
guarding_made(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    if (a->put_off)
        guarded_made(a->guarded, clock_ns());
    a->put_off = false;
}

/* Of the deployment's time alone: how long credentials took is not its doing. */
static uint64_t
first_ns(const struct attempt *a)
{
    return a->first_us ? (a->start_us + a->first_us - a->asked_us) * 1000 : 0;
}

void
guarding_first(struct exchange *x, uint64_t now)
{
    struct attempt *a = &x->attempt;
    if (!a->is_guarded || a->reply == ATTEMPT_ERROR)
        return;
    const struct guard_quota *q = &a->remarks.allowance.quota;
    bool said = q->requests.told || q->tokens.told;
    guarded_first(a->guarded, &x->gateway->guard_options, now, first_ns(a), said ? q : NULL);
    if (said && a->place.limited)
        limits_learn(&a->place, now, q);
}

void
guarding_proven(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    if (a->is_guarded)
        guarded_proven(a->guarded, &x->gateway->guard_options, clock_ns(), &a->ticket);
}

uint64_t
guarding_tokens(const struct exchange *x)
{
    const struct ir_usage *u = &x->attempt.tally.usage;
    int64_t n = (u->input.set ? u->input.v : 0) + (u->output.set ? u->output.v : 0);
    return n > 0 ? (uint64_t)n : 0;
}

static void
report(struct exchange *x, uint64_t now)
{
    struct attempt *a = &x->attempt;
    struct guard_report r = { .status = a->status,
                              .cut = a->cut || x->gone,
                              .mute = !a->first_us || a->reply == ATTEMPT_ERROR,
                              .unasked = !a->asked_us,
                              .beaten = a->beaten,
                              .tokens = guarding_tokens(x) };
    if (r.unasked) { /* x->error may be of who was asked before */
        guarding_put_off(x);
        r.fault = a->bare ? IR_FAULT_AUTH : IR_FAULT_UNSET;
    } else {
        r.whole_ns = now - a->asked_us * 1000;
        if (x->error.set) {
            r.fault = x->error.kind;
            remarks_report(&a->remarks, &x->error, &r);
        }
    }
    guarded_done(a->guarded, &x->gateway->guard_options, now, a->ticket, &r);
}

/* What does it say about load? */
static enum adaptive_sign
sign_of(const struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    if (a->cut || x->gone || !a->asked_us)
        return ADAPTIVE_NOTHING;
    if (!x->error.set)
        return a->first_us ? ADAPTIVE_TIMED : ADAPTIVE_NOTHING;
    bool load = x->error.kind == IR_FAULT_RATE || x->error.kind == IR_FAULT_OVERLOADED
                || x->error.kind == IR_FAULT_TIMEOUT;
    return load ? ADAPTIVE_REFUSED : ADAPTIVE_NOTHING;
}

void
guarding_end(struct exchange *x, uint64_t now)
{
    struct attempt *a = &x->attempt;
    if (!a->is_guarded && !a->place.limited)
        return;
    if (a->is_guarded)
        report(x, now);
    a->is_guarded = false;
    if (a->place.limited)
        limits_leave(&a->place, now,
                     (struct limiter_report){
                         .used = guarding_tokens(x), .sign = sign_of(x), .sign_ns = first_ns(a) });
}
