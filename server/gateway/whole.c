/* Documents from providers to clients. */
#include "server/gateway/whole.h"

#include "runtime/ir/reply.h"
#include "runtime/xd/ask.h"
#include "runtime/xd/seal_ids.h"
#include "server/gateway/answer.h"
#include "server/gateway/clock.h"
#include "server/gateway/dropped.h"
#include "server/gateway/redaction.h"
#include "server/gateway/restoring.h"
#include "server/gateway/sealing.h"
#include "server/gateway/worker.h"

#define RESTORED_MAX ((size_t)64 << 20) /* of a document with values put back */

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

/* What the request had hidden is put back: into the model of a chat, which tells signed thinking from other texts, and
 * into the bytes of anything else. */
static void
restore_written(struct exchange *x, const struct xd_answer *answer)
{
    const struct vault *v = redaction_vault(&x->attempt);
    struct buf *out = &x->worker->out;
    struct putback p;
    struct buf written;
    if (!v || answer->kind == XD_OP_CHAT)
        return;
    written = *out;
    buf_init(out, written.cap);
    putback_begin(&p, v);
    putback_feed(&p, buf_str(&written), out);
    putback_end(&p, out);
    buf_fini(&written);
}

/* An answer of any kind, written in the client's dialect. */
static void
write_answer(struct exchange *x, const struct xd_answer *answer)
{
    struct buf *out = &x->worker->out;
    struct xd xd;
    xd_init_op(&xd, x->front.dialect, x->front.op, &x->attempt.arena, out);
    xd.now = (int64_t)(clock_wall_ms() / 1000);
    struct xd_answer own = *answer;
    if (own.kind == XD_OP_CHAT && redaction_vault(&x->attempt))
        restoring_reply(redaction_vault(&x->attempt), &x->attempt.arena, &own.chat);
    enum err err = xd_answer_write(&xd, &own);
    restore_written(x, &own);
    err = err ? err : out->err;
    xd_fini(&xd);
    if (err) {
        buf_clear(out);
        fail(x, &xd.fault);
        return;
    }
    dropped_add(&x->attempt.dropped, &xd.lost, x->front.op, &x->arena);
    answer_document(x, buf_str(out));
    buf_clear(out);
    exchange_finish(x);
}

bool
whole_has_ids(const struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    return !a->kindred
           && sealing_goes_in_ids(a->candidate.offer->deployment, x->front.dialect, a->model);
}

void
whole_answer(struct exchange *x, const struct ir_reply *reply)
{
    const struct xd_answer answer = { .kind = XD_OP_CHAT, .chat = *reply };
    write_answer(x, &answer);
}

/* Read the document; false when that has ended the attempt. */
static bool
read_answer(struct exchange *x, struct xd *xd, struct xd_answer *answer)
{
    struct attempt *a = &x->attempt;
    struct ir_error e;
    xd_init(xd, a->target.dialect, a->target.op->kind, &a->arena, NULL);
    xd->doc = x->worker->doc;
    sealing_begin(xd, &a->target, a->kindred);
    enum err err = xd_answer_read(xd, buf_str(&a->collected), answer, &e);
    x->worker->doc = xd->doc;
    if (err == ERR_REMOTE)
        exchange_attempt_failed(x, &e, (struct str){ NULL, 0 });
    else if (err)
        fail(x, &xd->fault);
    else if (!a->kindred)
        dropped_add(&a->dropped, &xd->lost, x->front.op, &x->arena);
    return err == ERR_OK;
}

/* The provider's bytes, with what the request had hidden put back into them, in `anew`, if there was anything; m is the
 * chat that they are, or NULL.  Absent when memory is short. */
static struct str
bytes_of(struct exchange *x, const struct ir_reply *m, struct buf *anew)
{
    const struct vault *v = redaction_vault(&x->attempt);
    buf_init(anew, RESTORED_MAX);
    if (!v || !restoring_document(v, &x->worker->doc, m, anew))
        return buf_str(&x->attempt.collected);
    return anew->err ? (struct str){ NULL, 0 } : buf_str(anew);
}

/* The client's own dialect, and nothing to change but what bytes_of does. */
static void
copy_answer(struct exchange *x, const struct ir_reply *m)
{
    struct buf anew;
    struct str bytes = bytes_of(x, m, &anew);
    if (bytes.p) {
        answer_document(x, bytes);
        exchange_finish(x);
    } else {
        fail(x, &(struct fault){ .err = anew.err, .text = "it is too large" });
    }
    buf_fini(&anew);
}

/* The same with marks on the seals; false when these cannot be put there. */
static bool
copy_marked(struct exchange *x, const struct xd *xd, const struct ir_reply *m)
{
    struct buf *out = &x->worker->out;
    struct buf anew;
    struct str bytes = bytes_of(x, m, &anew);
    unsigned marked = sealing_mark(&xd->sealed, xd->seal, bytes, out);
    buf_fini(&anew);
    if (marked < xd->sealed.n || out->err) {
        buf_clear(out);
        return false;
    }
    answer_document(x, buf_str(out));
    buf_clear(out);
    exchange_finish(x);
    return true;
}

static void
settle_chat(struct exchange *x, const struct xd *xd, struct xd_answer *answer)
{
    attempt_name_reply(x, &answer->chat);
    ir_reply_speak(&answer->chat, tell_event, x);
    if (whole_has_ids(x))
        seal_ids_reply(&x->attempt.arena, &answer->chat);
    if (x->wants_stream)
        stream_speak(x, &answer->chat);
    else if (x->attempt.kindred && !xd->sealed.n)
        copy_answer(x, &answer->chat);
    else if (x->attempt.kindred && copy_marked(x, xd, &answer->chat))
        return;
    else
        write_answer(x, answer);
}

/* Answers that are no conversation have no events. */
static void
settle_other(struct exchange *x, struct xd_answer *answer)
{
    struct attempt *a = &x->attempt;
    enum err err = ERR_OK;
    a->tally.model = arena_str(&x->arena, xd_answer_model(answer));
    a->tally.usage = xd_answer_usage(answer);
    a->tally.usage.rest = (struct ir_rest){ 0 };
    bool changed = xd_answer_fit(&a->arena, &x->tape->ask, answer, &err);
    /* Providers of the client's family may have shapes of their own. */
    bool same = a->kindred && a->target.op->write_reply == x->front.op->write_reply;
    if (answer->kind == XD_OP_EMBEDDINGS && answer->embed.model.n == 0)
        answer->embed.model = a->model;
    if (err)
        fail(x, &(struct fault){ .err = err, .text = "it is too large" });
    else if (same && !changed)
        copy_answer(x, NULL);
    else
        write_answer(x, answer);
}

void
whole_reply(struct exchange *x)
{
    struct xd_answer answer;
    struct xd xd;
    if (!read_answer(x, &xd, &answer))
        return;
    if (answer.kind == XD_OP_CHAT)
        settle_chat(x, &xd, &answer);
    else
        settle_other(x, &answer);
}
