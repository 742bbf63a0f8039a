/* Between attempts and guards. */
#include "server/gateway/guarding.h"

#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/gateway.h"
#include "server/gateway/worker.h"

#define NS_PER_S ((uint64_t)1000 * 1000 * 1000)

static struct guarded *
find(struct exchange *x)
{
    struct guards *g = x->gateway->service->guards;
    const struct attempt *a = &x->attempt;
    return g ? guards_find(g, a->candidate.offer->deployment, a->model) : NULL;
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

bool
guarding_begin(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    enum guard_reason why;
    uint64_t now = clock_ns();
    a->guarded = find(x);
    if (guarded_begin(a->guarded, &x->gateway->guard_options, now, &a->ticket, &why)) {
        a->is_guarded = true;
        return true;
    }
    struct ir_error e = shut_error(x, why, now);
    if (!x->error.set)
        x->error = ir_error_copy(&x->arena, &e);
    return false;
}

static uint64_t
tokens_used(const struct ir_usage *u)
{
    int64_t n = (u->input.set ? u->input.v : 0) + (u->output.set ? u->output.v : 0);
    return n > 0 ? (uint64_t)n : 0;
}

void
guarding_end(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    if (!a->is_guarded)
        return;
    a->is_guarded = false;
    bool failed = x->error.set;
    struct guard_report r = { .fault = failed ? x->error.kind : IR_FAULT_UNSET,
                              .status = a->status,
                              .cut = a->cut || x->gone || !a->start_us,
                              .first_ns = a->first_us * 1000,
                              .tokens = tokens_used(&a->tally.usage) };
    if (failed && x->error.retry_after.set && x->error.retry_after.v > 0)
        r.wait_ns = (uint64_t)x->error.retry_after.v * NS_PER_S;
    uint64_t now = clock_ns();
    if (a->start_us)
        r.whole_ns = now - a->start_us * 1000;
    guarded_done(a->guarded, &x->gateway->guard_options, now, a->ticket, &r);
}
