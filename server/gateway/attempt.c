/* The provider's side of an exchange. */
#include "server/gateway/attempt.h"

#include "server/gateway/clock.h"
#include "server/gateway/complaint.h"
#include "server/gateway/exchange.h"
#include "server/gateway/guarding.h"
#include "server/gateway/patience.h"
#include "server/gateway/proposal.h"
#include "server/gateway/redaction.h"
#include "server/gateway/reception.h"
#include "server/gateway/worker.h"
#include "server/upstream/upstream.h"

#define ARENA_MAX    ((size_t)256 << 20) /* of one attempt */
#define BODY_MAX     ((size_t)256 << 20) /* of a request that was written anew */
#define BODY_KEPT    ((size_t)2 << 10)   /* of the memory for it, from exchange to exchange */
#define DOCUMENT_MAX ((size_t)48 << 20)  /* of a whole reply */

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

static struct str
name_of(const struct attempt *a)
{
    return a->candidate.offer->deployment->config->name;
}

struct ir_error
attempt_error(struct attempt *a, enum ir_fault kind, const char *text)
{
    return complaint_make(name_of(a), kind, text, &a->arena);
}

struct ir_error
attempt_error_of_result(struct attempt *a, enum upstream_result r)
{
    return complaint_of_result(name_of(a), r, &a->arena);
}

struct ir_error
attempt_error_read(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    struct xd xd;
    xd_init(&xd, a->target.dialect, a->target.op->kind, &a->arena, NULL);
    xd.doc = x->worker->doc;
    struct ir_error e = complaint_read(&xd, name_of(a), a->status, &a->remarks,
                                       buf_str(&a->collected));
    x->worker->doc = xd.doc;
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

/* Of the memory for the body, a large one waits for who needs it next. */
static void
drop_body(struct exchange *x, size_t keep)
{
    struct buf *body = &x->attempt.body;
    if (body->room < BUF_SPARE_LEAST)
        buf_shrink(body, keep);
    else
        buf_return(body, &x->worker->spare);
}

static bool
propose(struct exchange *x, struct proposal *p)
{
    struct attempt *a = &x->attempt;
    struct redaction *r = a->redaction;
    const struct tape *tape = r ? r->tape : x->tape;
    struct proposal_source from = { .front = x->front,
                                    .body = r ? buf_str(&r->body) : http_exchange_body(x->http),
                                    .doc = &tape->doc,
                                    .tape = &tape->ask,
                                    .passage = &tape->passage,
                                    .fetched = &x->tape->fetched.have,
                                    .head = http_exchange_head(x->http),
                                    .request_id = x->request_id,
                                    .traceparent = trail_parent(x, &a->arena),
                                    .tracestate = x->trail.state };
    struct xd_ask rest;
    struct fault f;
    if (recovery_is_on(x)) {
        if (recovery_ask(x, &rest, &f)) {
            unfit(x, &f);
            return false;
        }
        from.tape = &rest;
        from.is_new = true;
    }
    arena_reset(&x->worker->scratch);
    buf_borrow(&a->body, &x->worker->spare, proposal_room(from.body));
    enum err err = proposal_make(p, &from, a->candidate.offer->deployment, &a->target, a->model,
                                 (int64_t)(clock_wall_ms() / 1000), &x->worker->scratch, &a->body,
                                 &f);
    if (err)
        unfit(x, &f);
    if (!err && r && p->body.p == from.body.p) { /* it is not kept for as long as the call is */
        buf_puts(&a->body, p->body);
        p->body = buf_str(&a->body);
    }
    a->kindred = p->kindred;
    a->asked_usage = p->asks_usage;
    a->sends_own = a->body.n > 0;
    if (!a->sends_own)
        drop_body(x, BODY_KEPT);
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
    const uint64_t now = clock_us();
    const struct upstream_request req = {
        .method = a->target.op->method,
        .url = a->url,
        .headers = p->headers,
        .n_headers = p->n_headers,
        .n_sane = p->n_sane,
        .body = p->body,
        .deadlines = patience_deadlines(&a->candidate.offer->model->timeouts, exchange_left_ms(x)),
        .ca_file = d->config->ca_file,
        .proxy = d->config->proxy,
        .http = d->config->http_version == CONFIG_HTTP_2 ? UPSTREAM_HTTP2 : UPSTREAM_HTTP1,
        .now_us = now,
    };
    a->start_us = a->start_us ? a->start_us : now;
    a->call = upstream_start(x->worker->upstream, &req, &reception_handler, a->leg, f);
    a->sends = a->call;
    if (!a->call)
        return false;
    a->asked_us = now;
    guarding_made(x);
    return true;
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
    if (!redaction_begin(x))
        return ATTEMPT_UNFIT;
    switch (fetched_ask(x, on_fetched, &f)) {
    case FETCHED_ALL:
        break;
    case FETCHED_WAITING:
        guarding_put_off(x);
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
    struct ir_error e = attempt_error_of_result(&x->attempt, UPSTREAM_OTHER);
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
    x->attempt.bare = true;
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
    a->queued = false;
    if (!guarding_begin(x))
        return ATTEMPT_SHUT;
    a->url = address(x);
    struct keeper *k = lease_keeper(x->lease, a->candidate.offer->deployment);
    if (!k)
        return go(x);
    const enum keeper_answer answer = keeper_ask(k, &a->wait, &f);
    if (answer == KEEPER_READY)
        return go(x);
    a->start_us = clock_us();
    if (answer == KEEPER_FAILED)
        return no_credentials(x, &f);
    guarding_put_off(x);
    return ATTEMPT_STARTED;
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
        a->queued = true;
        return ATTEMPT_QUEUED;
    case SEMAPHORE_FULL:
        return ATTEMPT_SHUT;
    }
    return attempt_go_on(x);
}

void
attempt_release_body(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    if (!a->call || !upstream_release_body(a->call))
        return;
    a->sends = false;
    drop_body(x, a->reply == ATTEMPT_STREAM ? 0 : BODY_KEPT);
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
    if ((a->start_us && !a->accounted) || a->is_guarded || a->place.limited) {
        const uint64_t now = clock_us();
        attempt_account(x, now);
        guarding_end(x, now * 1000);
    }
    if (a->stream)
        stream_close(a->stream);
    arena_reset(&a->arena);
    drop_body(x, BODY_KEPT);
    buf_shrink(&a->collected, BODY_KEPT);
    a->dropped = (struct str){ NULL, 0 };
}
