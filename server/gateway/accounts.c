/* What is told of attempts, and to whom. */
#include "runtime/ir/reply.h"
#include "server/gateway/admission.h"
#include "server/gateway/attempt.h"
#include "server/gateway/exchange.h"
#include "server/gateway/guarding.h"
#include "server/gateway/measure.h"
#include "server/gateway/transcript.h"
#include "server/gateway/worker.h"

void
attempt_guess_usage(struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    struct ir_usage *u = &x->attempt.tally.usage;
    struct ir_usage told;
    if (!a->stream || !a->stream->open || !a->tally.begun || a->tally.ended)
        return;
    bool whole = xd_reader_usage(&a->stream->reader, &told);
    ir_usage_merge(u, &told);
    int64_t said = (int64_t)admission_guess(xd_reader_text_bytes(&a->stream->reader));
    u->set = true;
    if (!u->input.set) {
        u->input = (struct ir_int){ (int64_t)admission_guess(recovery_bytes_in(x)), true };
        x->guessed = true;
    }
    if (!u->output.set || (!whole && u->output.v < said)) {
        u->output = (struct ir_int){ said, true };
        x->guessed = true;
    }
}

void
attempt_account(struct exchange *x, uint64_t now_us)
{
    struct attempt *a = &x->attempt;
    const struct seams *s = &x->gateway->seams;
    const bool left = !a->asked_us && (a->cut || x->gone); /* the client did not wait for it */
    if (a->accounted || !a->start_us || left)
        return;
    a->accounted = true;
    attempt_guess_usage(x);
    guarding_end(x, now_us * 1000);
    uint64_t total_us = now_us - a->start_us;
    x->upstream_us += attempt_wait_us(a, now_us);
    const struct account record = {
        .request_id = x->request_id,
        .provider = a->candidate.offer->deployment->config->name,
        .model = a->candidate.name,
        .upstream_model = a->model,
        .operation = x->front.op->kind,
        .attempt = x->attempts,
        .status = a->status,
        .fault = x->error.set ? x->error.kind : IR_FAULT_UNSET,
        .gone = x->gone,
        .usage = a->tally.usage,
        .start_us = a->start_us,
        .first_us = a->first_us,
        .total_us = total_us,
    };
    trail_hop(x, total_us);
    measure_attempt(x, total_us);
    for (unsigned i = 0; i < s->n_accountants; i++)
        s->accountants[i].record(s->accountants[i].ctx, &record);
}

uint64_t
attempt_wait_us(const struct attempt *a, uint64_t now_us)
{
    return a->heard_us || !a->start_us ? a->heard_us : now_us - a->start_us;
}

/* For the attempt's span. */
static void
listen(struct exchange *x, const struct ir_event *e)
{
    struct attempt *a = &x->attempt;
    if (e->kind == IR_EVENT_BEGIN && x->trail.tells)
        a->tally.heard = trail_listen(x, &a->arena);
    if (a->tally.heard)
        transcript_event(a->tally.heard, e);
}

/* The strings of the tally outlive the event. */
void
attempt_tally(struct exchange *x, const struct ir_event *e)
{
    struct attempt *a = &x->attempt;
    struct tally *t = &a->tally;
    const struct seams *s = &x->gateway->seams;
    switch (e->kind) {
    case IR_EVENT_BEGIN:
        t->begun = true;
        t->model = arena_str(&x->arena, e->reply->model);
        t->id = arena_str(&x->arena, e->reply->id);
        ir_usage_merge(&t->usage, &e->reply->usage);
        break;
    case IR_EVENT_FINISH:
        t->stop = t->stop ? t->stop : e->stop;
        if (e->usage)
            ir_usage_merge(&t->usage, e->usage);
        break;
    case IR_EVENT_END:
        t->ended = true;
        break;
    case IR_EVENT_FAIL:
        t->failed = true;
        t->error = ir_error_copy(&a->arena, e->error);
        break;
    case IR_EVENT_OPEN:
    case IR_EVENT_GROW:
    case IR_EVENT_CLOSE:
    case IR_EVENT_BEAT:
        break;
    }
    t->usage.rest = (struct ir_rest){ 0 };
    if (x->trail.tells)
        listen(x, e);
    for (unsigned i = 0; i < s->n_taps; i++)
        s->taps[i].event(s->taps[i].ctx, x->request_id, e);
}
