/* Documents from providers to clients. */
#include "server/gateway/whole.h"

#include "runtime/ir/reply.h"
#include "server/gateway/answer.h"
#include "server/gateway/clock.h"
#include "server/gateway/dropped.h"
#include "server/gateway/worker.h"

/* The reply was understood: what a stream's events would have told. */
static void
tell_event(void *ctx, const struct ir_event *e)
{
    attempt_tally(ctx, e);
}

static void
fail(struct exchange *x, const struct fault *f)
{
    struct attempt *a = &x->attempt;
    struct ir_error e = attempt_error(a, IR_FAULT_PROTOCOL, "its reply cannot be understood");
    exchange_attempt_failed(
        x, &e, arena_printf(&a->arena, "%s%s%s", f->path, f->path[0] ? ": " : "", f->text));
}

void
whole_answer(struct exchange *x, const struct ir_reply *reply)
{
    struct buf *out = &x->worker->out;
    struct xd xd;
    xd_init(&xd, x->front.dialect, x->front.op->kind, &x->attempt.arena, out);
    xd.now = (int64_t)(clock_wall_ms() / 1000);
    enum err err = xd_reply_write(&xd, reply);
    xd_fini(&xd);
    if (err) {
        buf_clear(out);
        fail(x, &xd.fault);
        return;
    }
    dropped_add(&x->attempt.dropped, &xd.lost, x->front.dialect, &x->arena);
    answer_document(x, buf_str(out));
    buf_clear(out);
    exchange_finish(x);
}

/* Read the document; false when that has ended the attempt. */
static bool
read_reply(struct exchange *x, struct ir_reply *reply)
{
    struct attempt *a = &x->attempt;
    struct ir_error e;
    struct xd xd;
    xd_init(&xd, a->candidate.offer->deployment->dialect, a->target.op->kind, &a->arena, NULL);
    xd.doc = x->worker->doc;
    enum err err = xd_reply_read(&xd, buf_str(&a->collected), reply, &e);
    x->worker->doc = xd.doc;
    if (err == ERR_REMOTE)
        exchange_attempt_failed(x, &e, (struct str){ NULL, 0 });
    else if (err)
        fail(x, &xd.fault);
    else if (!a->kindred)
        dropped_add(&a->dropped, &xd.lost, x->front.dialect, &x->arena);
    return err == ERR_OK;
}

void
whole_reply(struct exchange *x)
{
    struct ir_reply reply;
    if (!read_reply(x, &reply))
        return;
    ir_reply_speak(&reply, tell_event, x);
    if (x->wants_stream) {
        stream_speak(x, &reply);
    } else if (x->attempt.kindred) {
        answer_document(x, buf_str(&x->attempt.collected));
        exchange_finish(x);
    } else {
        whole_answer(x, &reply);
    }
}
