/* The provider's side of an exchange. */
#include "server/gateway/attempt.h"

#include "server/gateway/answer.h"
#include "server/gateway/bill.h"
#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/guarding.h"
#include "server/gateway/patience.h"
#include "server/gateway/proposal.h"
#include "server/gateway/whole.h"
#include "server/gateway/worker.h"
#include "server/upstream/upstream.h"

#define ARENA_MAX    ((size_t)256 << 20) /* of one attempt */
#define BODY_MAX     ((size_t)256 << 20) /* of a request that was written anew */
#define BODY_KEPT    ((size_t)2 << 10)   /* of the memory for it, from exchange to exchange */
#define DOCUMENT_MAX ((size_t)48 << 20)  /* of a whole reply */
#define ERROR_MAX    ((size_t)1 << 20)   /* of an error; what is behind that is not read */

void
attempt_init(struct attempt *a)
{
    *a = (struct attempt){ .call = NULL };
    arena_init(&a->arena, ARENA_MAX);
    buf_init(&a->body, BODY_MAX);
    buf_init(&a->collected, DOCUMENT_MAX);
}

void
attempt_fini(struct attempt *a)
{
    stream_destroy(a->stream);
    arena_fini(&a->arena);
    buf_fini(&a->body);
    buf_fini(&a->collected);
}

/* --- errors -------------------------------------------------------------------------------- */

/* What the client is told about a call that failed; what curl knows goes to the log. */
static const struct {
    enum ir_fault kind;
    const char *text;
} failures[UPSTREAM_RESULTS] = {
    [UPSTREAM_DNS] = { IR_FAULT_PROTOCOL, "its name cannot be resolved" },
    [UPSTREAM_REFUSED] = { IR_FAULT_PROTOCOL, "it cannot be reached" },
    [UPSTREAM_TLS] = { IR_FAULT_PROTOCOL, "no secure connection can be made" },
    [UPSTREAM_PROXY] = { IR_FAULT_PROTOCOL, "the proxy refused the connection" },
    [UPSTREAM_RESET] = { IR_FAULT_PROTOCOL, "it closed the connection without a reply" },
    [UPSTREAM_TRUNCATED] = { IR_FAULT_PROTOCOL, "its reply was cut off" },
    [UPSTREAM_PROTOCOL] = { IR_FAULT_PROTOCOL, "it does not speak proper HTTP" },
    [UPSTREAM_TOO_LARGE] = { IR_FAULT_PROTOCOL, "its reply is too large" },
    [UPSTREAM_TIMEOUT_CONNECT] = { IR_FAULT_TIMEOUT, "no connection in time" },
    [UPSTREAM_TIMEOUT_FIRST_BYTE] = { IR_FAULT_TIMEOUT, "no reply in time" },
    [UPSTREAM_TIMEOUT_IDLE] = { IR_FAULT_TIMEOUT, "it stopped in the middle of its reply" },
    [UPSTREAM_TIMEOUT_TOTAL] = { IR_FAULT_TIMEOUT, "its reply took too long" },
    [UPSTREAM_MEMORY] = { IR_FAULT_INTERNAL, "the gateway is out of memory" },
    [UPSTREAM_OTHER] = { IR_FAULT_PROTOCOL, "the call failed" },
};

struct ir_error
attempt_error(struct attempt *a, enum ir_fault kind, const char *text)
{
    struct str name = a->candidate.offer->deployment->config->name;
    struct ir_error e = { .set = true, .kind = kind };
    e.message = arena_printf(&a->arena, "provider %.*s: %s", STR_ARG(name), text);
    return e;
}

static struct ir_error
error_of_result(struct attempt *a, enum upstream_result r)
{
    return attempt_error(a, failures[r].kind, failures[r].text);
}

/* The provider's own words, whatever their form. */
static struct ir_error
read_error(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    struct ir_error e;
    struct xd xd;
    xd_init(&xd, a->target.dialect, a->target.op->kind, &a->arena, NULL);
    xd.doc = x->worker->doc;
    xd_error_named(&xd, a->error_word);
    xd_error_read(&xd, buf_str(&a->collected), a->status, &e);
    x->worker->doc = xd.doc;
    if (a->status < 400)
        e = attempt_error(a, IR_FAULT_PROTOCOL, "redirections are not followed");
    if (a->retry_after.set)
        e.retry_after = a->retry_after;
    return e;
}

void
attempt_name_reply(const struct exchange *x, struct ir_reply *r)
{
    if (r->id.n == 0)
        r->id = x->request_id;
    if (r->model.n == 0)
        r->model = x->attempt.model;
}

/* --- the reply ----------------------------------------------------------------------------- */

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
    if (head->status == 401 || head->status == 403)
        spoil(x);
    if (d->retry_after.p)
        xd_seconds(upstream_head_get(head, d->retry_after), &a->retry_after);
    if (d->error_word.p)
        a->error_word = arena_str(&a->arena, upstream_head_get(head, d->error_word));
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
static enum attempt_reply
tell_reply(const struct exchange *x, struct str s)
{
    const struct xd_dialect *d = x->attempt.target.dialect;
    while (s.n && memchr(" \t\r\n", *s.p, 4))
        s = str_skip(s, 1);
    if (s.n == 0)
        return ATTEMPT_SILENT;
    bool document = memchr("{[<\"", *s.p, 4), stream = false;
    for (enum framing f = 0; f < FRAMINGS && !stream; f++)
        stream = framing_is_in(d->framings, f) && framing_fits(f, s);
    if (document != stream)
        return stream ? ATTEMPT_STREAM : ATTEMPT_DOCUMENT;
    return x->wants_stream ? ATTEMPT_STREAM : ATTEMPT_DOCUMENT;
}

/* The attempt has failed, and the client has got nothing of it. */
static void
fail(struct exchange *x, enum ir_fault kind, const char *text)
{
    struct ir_error e = attempt_error(&x->attempt, kind, text);
    exchange_attempt_failed(x, &e, (struct str){ NULL, 0 });
}

static void
collect(struct exchange *x, const char *p, size_t n)
{
    struct attempt *a = &x->attempt;
    buf_put(&a->collected, p, n);
    if (a->reply == ATTEMPT_ERROR && (a->collected.n > ERROR_MAX || a->collected.err)) {
        struct ir_error e = read_error(x);
        exchange_attempt_failed(x, &e, STR("the error's body is too large"));
    } else if (a->collected.err) {
        fail(x, IR_FAULT_PROTOCOL, "its reply is too large");
    }
}

static void
pass(struct exchange *x, struct str bytes)
{
    if (x->attempt.bill)
        bill_feed(x->attempt.bill, bytes);
    answer_passage(x, bytes);
}

static void
take_data(struct exchange *x, const char *p, size_t n)
{
    struct attempt *a = &x->attempt;
    if (x->state != EXCHANGE_REPLYING)
        a->heard_us = clock_us() - a->start_us;
    if (!a->first_us) {
        a->first_us = a->heard_us;
        guarding_first(x);
    }
    if (a->reply == ATTEMPT_SILENT) {
        a->reply = tell_reply(x, str_make(p, n));
        if (a->reply == ATTEMPT_STREAM && !stream_open(x, str_trim(str_make(p, n)))) {
            fail(x, IR_FAULT_INTERNAL, "the gateway is out of memory");
            return;
        }
    }
    if (a->reply == ATTEMPT_STREAM)
        stream_feed(x, p, n);
    else if (a->reply == ATTEMPT_PASSAGE)
        pass(x, str_make(p, n));
    else
        collect(x, p, n);
}

static void
on_data(void *ctx, const char *p, size_t n)
{
    const struct race_leg *leg = ctx;
    struct exchange *x = leg->x;
    if (x->state == EXCHANGE_LINGERING)
        return;
    bool entered = race_enter(x, leg);
    bool bad = x->attempt.reply == ATTEMPT_ERROR;
    if (!bad)
        race_end(x);
    take_data(x, p, n); /* may be the end of x, unless it races */
    if (bad && entered)
        race_leave(x, entered);
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
    struct ir_error e = error_of_result(a, ok ? UPSTREAM_OTHER : report->result);
    if (a->reply == ATTEMPT_STREAM) {
        x->detail = arena_str(&x->arena, report->message);
        stream_end(x, ok ? NULL : &e);
    } else if (a->reply == ATTEMPT_PASSAGE) {
        end_passage(x, ok ? NULL : &e, report->message);
    } else if (a->reply == ATTEMPT_ERROR) {
        e = read_error(x);
        exchange_attempt_failed(x, &e, report->message);
    } else if (!ok) {
        exchange_attempt_failed(x, &e, report->message);
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

static const struct upstream_handler handler = {
    .head = on_head,
    .data = on_data,
    .done = on_done,
};

/* --- begin and end ------------------------------------------------------------------------- */

static void on_credentials(void *ctx, const struct fault *why);

/* What is kept from the last attempt is memory. */
static void
renew(struct exchange *x, const struct candidate *c)
{
    struct attempt *a = &x->attempt;
    *a = (struct attempt){ .leg = a->leg,
                           .candidate = *c,
                           .wait = { .told = on_credentials, .ctx = x },
                           .arena = a->arena,
                           .body = a->body,
                           .collected = a->collected,
                           .stream = a->stream };
}

/* This deployment cannot do it.  What another one said before is worth more to the client. */
static void
unfit(struct exchange *x, const struct fault *f)
{
    if (!x->error.set)
        xd_error_of_fault(f, IR_FAULT_INVALID, &x->arena, &x->error);
}

static bool
propose(struct exchange *x, struct proposal *p)
{
    struct attempt *a = &x->attempt;
    const struct proposal_source from = { .front = x->front,
                                          .body = http_exchange_body(x->http),
                                          .doc = &x->tape->doc,
                                          .tape = &x->tape->ask,
                                          .passage = &x->tape->passage,
                                          .fetched = &x->tape->fetched.have,
                                          .head = http_exchange_head(x->http),
                                          .request_id = x->request_id,
                                          .traceparent = trail_parent(x, &a->arena),
                                          .tracestate = x->trail.state };
    struct fault f;
    arena_reset(&x->worker->scratch);
    enum err err = proposal_make(p, &from, a->candidate.offer->deployment, &a->target, a->model,
                                 (int64_t)(clock_wall_ms() / 1000), &x->worker->scratch, &a->body,
                                 &f);
    if (err)
        unfit(x, &f);
    a->kindred = p->kindred;
    a->asked_usage = p->asks_usage;
    a->sends_own = a->body.n > 0;
    arena_append(&x->arena, &a->dropped, p->dropped);
    return err == ERR_OK;
}

/* Add what proves who pays, which may depend on all the rest. */
static bool
prove(struct exchange *x, struct proposal *p)
{
    struct attempt *a = &x->attempt;
    struct keeper *k = lease_keeper(x->lease, a->candidate.offer->deployment);
    const struct keeper_request req = { .method = a->target.op->method,
                                        .url = a->url,
                                        .headers = p->headers,
                                        .n_headers = p->n_headers,
                                        .body = p->body };
    unsigned n = k ? keeper_apply(k, &req, &x->worker->scratch, p->headers + p->n_headers) : 0;
    p->n_headers += n;
    return !k || n > 0;
}

static bool
call(struct exchange *x, const struct proposal *p, struct fault *f)
{
    struct attempt *a = &x->attempt;
    const struct deployment *d = a->candidate.offer->deployment;
    const struct upstream_request req = {
        .method = a->target.op->method,
        .url = a->url,
        .headers = p->headers,
        .n_headers = p->n_headers,
        .body = p->body,
        .deadlines = patience_deadlines(&a->candidate.offer->model->timeouts, exchange_left_ms(x)),
        .ca_file = d->config->ca_file,
        .proxy = d->config->proxy,
    };
    if (!a->start_us)
        a->start_us = clock_us();
    a->call = upstream_start(x->worker->upstream, &req, &handler, a->leg, f);
    a->sends = a->call;
    return a->call;
}

/* It should work, but does not even begin. */
static enum attempt_start
broken(struct exchange *x, const struct ir_error *e, const struct fault *why)
{
    x->error = ir_error_copy(&x->arena, e);
    x->detail = why ? arena_str(&x->arena, str_from(why->text)) : (struct str){ NULL, 0 };
    return ATTEMPT_BROKEN;
}

static void on_fetched(void *ctx, const struct fault *why);

static enum attempt_start
go(struct exchange *x)
{
    struct proposal p;
    struct fault f = { .text = "the request cannot be signed" };
    switch (fetched_ask(x, on_fetched, &f)) {
    case FETCHED_ALL:
        break;
    case FETCHED_WAITING:
        return ATTEMPT_STARTED;
    case FETCHED_FAILED:
        unfit(x, &f);
        return ATTEMPT_UNFIT;
    }
    if (!propose(x, &p))
        return ATTEMPT_UNFIT;
    x->attempts++;
    if (prove(x, &p) && call(x, &p, &f))
        return ATTEMPT_STARTED;
    struct ir_error e = error_of_result(&x->attempt, UPSTREAM_OTHER);
    return broken(x, &e, &f);
}

/* What the request names by its address is here, or it is not to be had. */
static void
on_fetched(void *ctx, const struct fault *why)
{
    struct exchange *x = ctx;
    if (why)
        unfit(x, why);
    exchange_attempt_started(x, why ? ATTEMPT_UNFIT : go(x));
}

static enum attempt_start
no_credentials(struct exchange *x, const struct fault *why)
{
    struct ir_error e = attempt_error(&x->attempt, IR_FAULT_PROTOCOL,
                                      "credentials for it cannot be had");
    x->attempts++;
    return broken(x, &e, why);
}

static void
on_credentials(void *ctx, const struct fault *why)
{
    struct exchange *x = ctx;
    exchange_attempt_started(x, why ? no_credentials(x, why) : go(x));
}

static struct str
address(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    struct str id = x->front.asked.id;
    if (id.p)
        return deployment_url_of(&a->target, id, http_exchange_head(x->http)->query, &a->arena);
    return deployment_url(&a->target, x->wants_stream, a->model, &a->arena);
}

enum attempt_start
attempt_go_on(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    struct fault f;
    if (!guarding_begin(x))
        return ATTEMPT_SHUT;
    a->url = address(x);
    struct keeper *k = lease_keeper(x->lease, a->candidate.offer->deployment);
    if (!k)
        return go(x);
    a->start_us = clock_us();
    switch (keeper_ask(k, &a->wait, &f)) {
    case KEEPER_READY:
        return go(x);
    case KEEPER_WAITING:
        return ATTEMPT_STARTED;
    case KEEPER_FAILED:
        break;
    }
    return no_credentials(x, &f);
}

enum attempt_start
attempt_start(struct exchange *x, const struct candidate *c)
{
    struct attempt *a = &x->attempt;
    struct fault f;
    renew(x, c);
    a->model = offer_upstream(c->offer, c->name, &x->arena);
    if (proposal_target(&x->front, c->offer->deployment, &a->target, &f)) {
        unfit(x, &f);
        return ATTEMPT_UNFIT;
    }
    switch (guarding_enter(x)) {
    case SEMAPHORE_IN:
        break;
    case SEMAPHORE_QUEUED:
        return ATTEMPT_QUEUED;
    case SEMAPHORE_FULL:
        return ATTEMPT_SHUT;
    }
    return attempt_go_on(x);
}

void
attempt_release_body(struct attempt *a)
{
    if (!a->call || !upstream_release_body(a->call))
        return;
    a->sends = false;
    buf_shrink(&a->body, BODY_KEPT);
}

void
attempt_stop(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    keeper_leave(&a->wait);
    if (x->tape)
        media_batch_stop(&x->tape->fetched.batch);
    upstream_cancel(a->call);
    a->call = NULL;
    attempt_account(x);
    guarding_end(x);
    if (a->stream)
        stream_close(a->stream);
    arena_reset(&a->arena);
    buf_shrink(&a->body, BODY_KEPT);
    buf_shrink(&a->collected, BODY_KEPT);
    a->dropped = (struct str){ NULL, 0 };
}
