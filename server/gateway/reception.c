/* Head, data, end. */
#include "server/gateway/reception.h"

#include "runtime/xd/overture.h"
#include "server/gateway/answer.h"
#include "server/gateway/bill.h"
#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/guarding.h"
#include "server/gateway/whole.h"
#include "server/gateway/worker.h"

#define ERROR_MAX    ((size_t)1 << 20) /* of an error; what is behind that is not read */
#define OVERTURE_MAX ((size_t)8 << 10) /* of a stream that races; who has said more has begun */

/* The provider does not take the credentials any more. */
static void
spoil(struct exchange *x)
{
    struct keeper *k = lease_keeper(x->lease, x->attempt.candidate.offer->deployment);
    if (k)
        keeper_spoil(k);
}

static void
take_head(struct exchange *x, const struct upstream_head *head)
{
    struct attempt *a = &x->attempt;
    const struct xd_dialect *d = a->target.dialect;
    a->status = head->status;
    upstream_timing(a->call, &a->timing);
    if (head->status < 200 || head->status > 299) {
        a->reply = ATTEMPT_ERROR;
    } else if (a->target.op->passes) {
        a->reply = ATTEMPT_PASSAGE;
        a->type = arena_str(&x->arena, upstream_head_get(head, STR("content-type")));
        a->bill = bill_open(x->front.dialect, x->front.op, a->type, &x->arena);
    }
    remarks_read(&a->remarks, d, head, &a->arena);
    if (a->remarks.refuses)
        spoil(x);
    if (d->request_id.p)
        a->request_id = arena_str(&x->arena, upstream_head_get(head, d->request_id));
}

static void
on_head(void *ctx, const struct upstream_head *head)
{
    const struct race_leg *leg = ctx;
    struct exchange *x = leg->x;
    bool entered = race_enter(x, leg);
    take_head(x, head);
    race_leave(x, entered);
}

/* The content type is not to be relied upon, but most streams do not begin like a JSON document or
 * a web page.  What could be either is what was asked for. */
enum attempt_reply
reception_tell(const struct xd_dialect *d, struct str s, bool wants_stream)
{
    while (s.n && memchr(" \t\r\n", *s.p, 4))
        s = str_skip(s, 1);
    if (s.n == 0)
        return ATTEMPT_SILENT;
    bool document = memchr("{[<\"", *s.p, 4), stream = false;
    for (enum framing f = 0; f < FRAMINGS && !stream; f++)
        stream = framing_is_in(d->framings, f) && framing_fits(f, s);
    if (document != stream)
        return stream ? ATTEMPT_STREAM : ATTEMPT_DOCUMENT;
    return wants_stream ? ATTEMPT_STREAM : ATTEMPT_DOCUMENT;
}

/* The attempt has failed, and the client has got nothing of it. */
static void
fail(struct exchange *x, enum ir_fault kind, const char *text)
{
    struct ir_error e = attempt_error(&x->attempt, kind, text);
    exchange_attempt_failed(x, &e, (struct str){ NULL, 0 });
}

/* False when the attempt has failed, and x is gone, perhaps. */
static bool
collect(struct exchange *x, const char *p, size_t n)
{
    struct attempt *a = &x->attempt;
    buf_put(&a->collected, p, n);
    if (a->reply == ATTEMPT_ERROR && (a->collected.n > ERROR_MAX || a->collected.err)) {
        struct ir_error e = attempt_error_read(x);
        exchange_attempt_failed(x, &e, STR("the error's body is too large"));
        return false;
    }
    if (a->collected.err) {
        fail(x, IR_FAULT_PROTOCOL, "its reply is too large");
        return false;
    }
    return true;
}

static void
pass(struct exchange *x, struct str bytes)
{
    if (x->attempt.bill)
        bill_feed(x->attempt.bill, bytes);
    answer_passage(x, bytes);
}

/* A sign of the provider. */
static void
note_sign(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    if (x->state == EXCHANGE_REPLYING && a->first_us)
        return;
    const uint64_t now = clock_us();
    if (x->state != EXCHANGE_REPLYING)
        a->heard_us = now - a->start_us;
    if (!a->first_us) {
        a->first_us = a->heard_us;
        guarding_first(x, now * 1000);
    }
}

static void
take_data(struct exchange *x, const char *p, size_t n)
{
    struct attempt *a = &x->attempt;
    note_sign(x);
    if (a->reply == ATTEMPT_SILENT) {
        a->reply = reception_tell(a->target.dialect, str_make(p, n), x->wants_stream);
        if (a->reply == ATTEMPT_STREAM && !stream_open(x, str_trim(str_make(p, n)))) {
            fail(x, IR_FAULT_INTERNAL, "the gateway is out of memory");
            return;
        }
    }
    if (a->reply == ATTEMPT_STREAM)
        (void)stream_feed(x, p, n);
    else if (a->reply == ATTEMPT_PASSAGE)
        pass(x, str_make(p, n));
    else
        (void)collect(x, p, n);
}

/* --- a race -------------------------------------------------------------------------------- */

/* The first bytes of one that races are kept until they show a reply that has begun: comments and errors do not win,
 * and an attempt with a stream cannot race.  FAILED: x is gone, perhaps. */
static enum overture
keep_first(struct exchange *x, const char *p, size_t n)
{
    struct attempt *a = &x->attempt;
    struct ir_error e = { .set = false };
    note_sign(x);
    buf_put(&a->collected, p, n);
    const struct str all = buf_str(&a->collected);
    const enum attempt_reply reply = reception_tell(a->target.dialect, all, x->wants_stream);
    if (reply == ATTEMPT_SILENT)
        buf_clear(&a->collected);
    if (reply == ATTEMPT_DOCUMENT)
        a->reply = reply; /* it wins when it is whole, and good */
    if (reply != ATTEMPT_STREAM)
        return OVERTURE_OPEN;
    enum overture o = overture_of(a->target.dialect, a->target.op->kind, all, false, &a->arena, &e);
    if (o == OVERTURE_FAILED)
        exchange_attempt_failed(x, &e, (struct str){ NULL, 0 });
    return o == OVERTURE_OPEN && all.n > OVERTURE_MAX ? OVERTURE_BEGUN : o;
}

/* What was kept comes now.  May be the end of x. */
static void
take_kept(struct exchange *x)
{
    struct buf kept = x->attempt.collected;
    buf_init(&x->attempt.collected, kept.cap);
    take_data(x, kept.p, kept.n);
    buf_fini(&kept);
}

/* False when the race is over, and x with it, perhaps. */
static bool
take_racing(struct exchange *x, const char *p, size_t n)
{
    enum overture o = OVERTURE_BEGUN;
    switch (x->attempt.reply) {
    case ATTEMPT_SILENT:
        o = keep_first(x, p, n);
        if (o == OVERTURE_BEGUN) {
            race_won(x);
            take_kept(x);
        }
        break;
    case ATTEMPT_PASSAGE:
    case ATTEMPT_STREAM:
        race_won(x);
        take_data(x, p, n);
        break;
    case ATTEMPT_ERROR:
    case ATTEMPT_DOCUMENT:
        note_sign(x);
        return collect(x, p, n);
    }
    return o == OVERTURE_OPEN;
}

static void
on_data(void *ctx, const char *p, size_t n)
{
    const struct race_leg *leg = ctx;
    struct exchange *x = leg->x;
    if (x->state == EXCHANGE_LINGERING)
        return;
    const bool entered = race_enter(x, leg);
    struct buf *kept = &x->attempt.collected;
    if (x->racing) {
        if (take_racing(x, p, n))
            race_leave(x, entered);
    } else if (x->attempt.reply == ATTEMPT_SILENT && kept->n) { /* it raced, and goes on alone */
        buf_put(kept, p, n);
        take_kept(x);
    } else {
        take_data(x, p, n);
    }
}

/* What was kept is all, and a reply: one that says nothing begins with its end. */
static void
end_begun(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    race_won(x);
    struct buf kept = a->collected;
    buf_init(&a->collected, kept.cap);
    a->reply = ATTEMPT_STREAM;
    if (!stream_open(x, str_trim(buf_str(&kept))))
        fail(x, IR_FAULT_INTERNAL, "the gateway is out of memory");
    else if (stream_feed(x, kept.p, kept.n))
        stream_end(x, NULL);
    buf_fini(&kept);
}

/* One that races has ended before its reply had begun: of what use is what was kept? */
static void
end_kept(struct exchange *x, struct str message)
{
    struct attempt *a = &x->attempt;
    struct ir_error e = attempt_error(a, IR_FAULT_PROTOCOL, "its reply ends before it has begun");
    if (overture_of(a->target.dialect, a->target.op->kind, buf_str(&a->collected), true, &a->arena,
                    &e)
        == OVERTURE_BEGUN)
        end_begun(x);
    else
        exchange_attempt_failed(x, &e, message);
}

/* What passes has come whole, or was cut off. */
static void
end_passage(struct exchange *x, const struct ir_error *e, struct str detail)
{
    if (x->attempt.bill)
        x->attempt.tally.usage = bill_read(x->attempt.bill, &x->arena);
    if (x->state != EXCHANGE_REPLYING && e) {
        exchange_attempt_failed(x, e, detail);
        return;
    }
    if (e) {
        x->error = ir_error_copy(&x->arena, e);
        x->detail = arena_str(&x->arena, detail);
        answer_break(x);
    } else if (x->state == EXCHANGE_REPLYING) {
        answer_end(x);
    } else {
        answer_nothing(x);
    }
    exchange_finish(x);
}

static void
take_end(struct exchange *x, const struct upstream_report *report)
{
    struct attempt *a = &x->attempt;
    if (x->state != EXCHANGE_REPLYING)
        a->heard_us = clock_us() - a->start_us;
    if (report->result == UPSTREAM_TIMEOUT_TOTAL && exchange_left_ms(x) == 0)
        a->cut = true; /* it is the client that wanted it sooner */
    bool ok = report->result == UPSTREAM_OK;
    struct ir_error e = { .set = false };
    if (!ok)
        e = attempt_error_of_result(a, report->result);
    if (a->reply == ATTEMPT_STREAM) {
        x->detail = arena_str(&x->arena, report->message);
        stream_end(x, ok ? NULL : &e);
    } else if (a->reply == ATTEMPT_PASSAGE) {
        end_passage(x, ok ? NULL : &e, report->message);
    } else if (a->reply == ATTEMPT_ERROR) {
        e = attempt_error_read(x);
        exchange_attempt_failed(x, &e, report->message);
    } else if (!ok) {
        exchange_attempt_failed(x, &e, report->message);
    } else if (a->reply == ATTEMPT_SILENT && a->collected.n) {
        end_kept(x, report->message);
    } else if (a->reply == ATTEMPT_SILENT) {
        fail(x, IR_FAULT_PROTOCOL, "its reply is empty");
    } else {
        whole_reply(x);
    }
}

static void
on_done(void *ctx, const struct upstream_report *report)
{
    const struct race_leg *leg = ctx;
    struct exchange *x = leg->x;
    (void)race_enter(x, leg);
    if (!x->attempt.status)
        upstream_timing(x->attempt.call, &x->attempt.timing);
    x->attempt.call = NULL;
    if (x->state == EXCHANGE_LINGERING)
        exchange_release(x);
    else
        take_end(x, report);
}

const struct upstream_handler reception_handler = {
    .head = on_head,
    .data = on_data,
    .done = on_done,
};
