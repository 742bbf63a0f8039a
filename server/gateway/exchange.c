/* The course of an exchange. */
#include "server/gateway/exchange.h"

#include <stdlib.h>

#include "runtime/base/utf8.h"
#include "server/gateway/answer.h"
#include "server/gateway/clock.h"
#include "server/gateway/measure.h"
#include "server/gateway/request_log.h"
#include "server/gateway/wants.h"
#include "server/gateway/worker.h"

#define MODELS_NAMED 20u  /* in the message for an unknown model */
#define MODEL_MAX    512u /* bytes of its name, which goes into headers and logs */

/* --- reading ------------------------------------------------------------------------------- */

static void
take_id(struct exchange *x)
{
    struct str given = http_head_get(http_exchange_head(x->http), STR("x-request-id"));
    if (request_id_is_sane(given)) {
        memcpy(x->id, given.p, given.n);
        x->request_id = str_make(x->id, given.n);
        return;
    }
    request_id_make(&x->worker->ids, clock_wall_ms(), &x->worker->dice, x->id);
    x->request_id = str_make(x->id, REQUEST_ID_MADE);
}

/* Refuse without an attempt. */
static void
refuse(struct exchange *x, const struct ir_error *e)
{
    x->error = *e;
    answer_error(x, e);
    exchange_finish(x);
}

static void
refuse_invalid(struct exchange *x, int status, const char *param, struct str message)
{
    struct ir_error e = { .set = true, .kind = IR_FAULT_INVALID, .message = message };
    e.param = str_from(param);
    e.status = (struct ir_int){ status, true };
    refuse(x, &e);
}

/* An encoded body would be read as broken JSON. */
static bool
is_encoded(const struct http_head *h)
{
    struct str coding = http_head_get(h, STR("content-encoding"));
    return coding.n && !str_eq_nocase(coding, STR("identity"));
}

static enum err
read_passage(struct exchange *x, struct fault *f)
{
    struct tape *t = x->tape;
    struct str type = http_head_get(http_exchange_head(x->http), STR("content-type"));
    enum err err = passage_read(&t->passage, type, http_exchange_body(x->http), &t->doc, &t->arena,
                                f);
    t->ask = (struct xd_ask){ .kind = x->front.op->kind };
    *xd_ask_model(&t->ask) = t->passage.model;
    return err;
}

static enum err
read_body(struct exchange *x, struct fault *f)
{
    struct tape *t = x->tape;
    struct xd xd;
    if (x->front.op->passes)
        return read_passage(x, f);
    xd_init_op(&xd, x->front.dialect, x->front.op, &t->arena, NULL);
    xd.doc = t->doc;
    enum err err = xd_ask_read(&xd, http_exchange_body(x->http), &t->ask);
    t->doc = xd.doc;
    *f = xd.fault;
    return err;
}

static void
refuse_body(struct exchange *x, const struct fault *f)
{
    struct ir_error e;
    xd_error_of_fault(f, f->err == ERR_MEMORY ? IR_FAULT_INTERNAL : IR_FAULT_INVALID, &x->arena,
                      &e);
    refuse(x, &e);
}

/* Read the request; false when that has ended the exchange. */
static bool
read_request(struct exchange *x)
{
    struct fault f;
    if (is_encoded(http_exchange_head(x->http))) {
        refuse_invalid(x, 415, NULL, STR("content-encoding: send the body as it is"));
        return false;
    }
    if (read_body(x, &f)) {
        refuse_body(x, &f);
        return false;
    }
    struct xd_ask *ask = &x->tape->ask;
    xd_asked_tell(&x->front.asked, &x->tape->arena, ask);
    struct str model = *xd_ask_model(ask);
    if (utf8_valid(model.p, model.n) < model.n) {
        refuse_invalid(x, 400, "model", STR("model: must be UTF-8"));
        return false;
    }
    if (model.n == 0 || model.n > MODEL_MAX) {
        refuse_invalid(x, 400, "model", STR("model: must have 1 to 512 bytes"));
        return false;
    }
    x->model = arena_str(&x->arena, model);
    x->wants_stream = ask->kind == XD_OP_CHAT && ask->chat.stream == IR_TRUE;
    x->wants_usage = x->wants_stream && ask->chat.stream_usage == IR_TRUE;
    return true;
}

static bool
pass_gates(struct exchange *x)
{
    const struct seams *s = &x->gateway->seams;
    const struct gate_view view = { .request_id = x->request_id,
                                    .peer = http_exchange_peer(x->http),
                                    .head = http_exchange_head(x->http),
                                    .front = x->front.dialect,
                                    .ask = &x->tape->ask };
    for (unsigned i = 0; i < s->n_gates; i++) {
        struct ir_error e = { .set = true, .kind = IR_FAULT_FORBIDDEN };
        if (s->gates[i].check(s->gates[i].ctx, &view, &x->arena, &e) == GATE_REFUSE) {
            refuse(x, &e);
            return false;
        }
    }
    return true;
}

static void
refuse_model(struct exchange *x)
{
    struct buf names;
    buf_init(&names, 4096);
    catalogue_print(&x->gateway->catalogue, MODELS_NAMED, &names);
    struct str message = arena_printf(&x->arena, "no such model: %.*s; there are: %.*s",
                                      STR_ARG(x->model), STR_ARG(buf_str(&names)));
    buf_fini(&names);
    struct ir_error e = { .set = true, .kind = IR_FAULT_MISSING, .message = message };
    e.code = STR("model_not_found");
    e.param = STR("model");
    refuse(x, &e);
}

static bool
find_route(struct exchange *x)
{
    const struct gateway *g = x->gateway;
    struct route_request q;
    wants_of(&q, &x->tape->ask, http_exchange_head(x->http), x->bytes_in, x->model, &x->arena);
    x->outlook = (struct outlook){ g, &x->arena, x->wants_stream };
    q.outlook = outlook_of_guards(&x->outlook);
    return route_begin(&x->route, &g->catalogue, &g->config->routing, &q, &x->arena);
}

/* --- trying -------------------------------------------------------------------------------- */

/* Overload and rate limits may be gone at the next try or at another deployment; a mistake in the
 * request is not. */
static bool
is_worth_a_try(const struct ir_error *e)
{
    return ir_fault_retryable(e->kind)
           || (e->status.set && (e->status.v == 429 || e->status.v >= 500));
}

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
    e.message = arena_printf(&x->arena, "every deployment of %.*s is resting after failures",
                             STR_ARG(x->model));
    if (r->wait > 0)
        e.retry_after = (struct ir_int){ (int64_t)r->wait + 1, true };
    return e;
}

static void
give_up(struct exchange *x)
{
    struct ir_error e = x->error.set ? x->error : lack_error(x);
    deadline_clear(&x->worker->deadlines, &x->deadline);
    refuse(x, &e);
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
        return true;
    case ATTEMPT_UNFIT:
    case ATTEMPT_SHUT:
        route_exclude(&x->route);
        break;
    case ATTEMPT_BROKEN:
        attempt_account(x);
        break;
    }
    return false;
}

/* Begin the next attempt that can be begun. */
static void
try_next(struct exchange *x)
{
    struct candidate c;
    while (route_next(&x->route, &x->worker->dice, &c)) {
        attempt_stop(x);
        if (settle(x, attempt_start(x, &c)))
            return;
    }
    give_up(x);
}

void
exchange_attempt_started(struct exchange *x, enum attempt_start how)
{
    if (!settle(x, how))
        try_next(x);
}

/* Leave a deployment that has failed already alone for a while: 100 ms, doubling. */
static void
rest(struct exchange *x, unsigned times)
{
    unsigned n = times < EXCHANGE_RESTS ? times : EXCHANGE_RESTS;
    x->state = EXCHANGE_RESTING;
    x->rest_us = clock_us();
    deadline_set(&x->worker->deadlines, &x->deadline, EXCHANGE_REST + n - 1);
}

void
exchange_attempt_failed(struct exchange *x, const struct ir_error *e, struct str detail)
{
    x->error = ir_error_copy(&x->arena, e);
    x->detail = arena_str(&x->arena, detail);
    attempt_stop(x);
    unsigned repeats = route_repeats(&x->route);
    if (divert(x))
        try_next(x);
    else if (!is_worth_a_try(&x->error))
        give_up(x);
    else if (repeats > 0)
        rest(x, repeats);
    else
        try_next(x);
}

/* --- the life of an exchange --------------------------------------------------------------- */

void
exchange_start(struct worker *w, struct http_exchange *http, struct front front)
{
    struct exchange *x = worker_lend(w);
    if (!x) {
        http_reply_abort(http, HTTP_ABORT_CLOSE);
        return;
    }
    http_exchange_set_data(http, x);
    x->http = http;
    x->front = front;
    x->begun_us = http_exchange_time_us(http);
    x->bytes_in = http_exchange_body(http).n;
    x->path = arena_str(&x->arena, http_exchange_head(http)->path);
    take_id(x);
    measure_begin(x);
    if (!read_request(x) || !pass_gates(x))
        return;
    if (find_route(x))
        try_next(x);
    else
        refuse_model(x);
}

void
exchange_commit(struct exchange *x)
{
    if (x->state == EXCHANGE_REPLYING)
        return;
    x->state = EXCHANGE_REPLYING;
    tape_put(&x->worker->tapes, x->tape);
    x->tape = NULL;
    attempt_release_body(&x->attempt);
    if (!x->attempt.sends || x->attempt.sends_own)
        http_exchange_drop_body(x->http);
}

void
exchange_release(struct exchange *x)
{
    deadline_clear(&x->worker->deadlines, &x->deadline);
    attempt_stop(x);
    tape_put(&x->worker->tapes, x->tape);
    x->tape = NULL;
    worker_give_back(x->worker, x);
}

void
exchange_finish(struct exchange *x)
{
    request_log_write(x);
    attempt_account(x);
    measure_end(x);
    attempt_release_body(&x->attempt);
    if (!x->attempt.call || (x->attempt.sends && !x->attempt.sends_own)) {
        exchange_release(x); /* what the call sends is gone with the client's request */
        return;
    }
    stream_close(x->attempt.stream);
    x->state = EXCHANGE_LINGERING;
    deadline_set(&x->worker->deadlines, &x->deadline, EXCHANGE_LINGER);
}

void
exchange_gone(struct exchange *x)
{
    x->http = NULL;
    x->gone = true;
    request_log_write(x);
    attempt_account(x);
    measure_end(x);
    exchange_release(x);
}

void
exchange_stop(struct exchange *x)
{
    x->attempt.cut = true;
    upstream_cancel(x->attempt.call);
    x->attempt.call = NULL;
    if (!x->http) {
        exchange_release(x);
        return;
    }
    const struct ir_error e = { .set = true,
                                .kind = IR_FAULT_OVERLOADED,
                                .message = STR("the gateway is shutting down") };
    refuse(x, &e);
}

void
exchange_drained(struct exchange *x)
{
    if (x->attempt.call)
        upstream_resume(x->attempt.call);
}

void
exchange_expired(struct exchange *x, enum exchange_deadline which)
{
    if (which == EXCHANGE_KEEPALIVE) {
        answer_comment(x);
        deadline_set(&x->worker->deadlines, &x->deadline, EXCHANGE_KEEPALIVE);
    } else if (which == EXCHANGE_LINGER) {
        exchange_release(x);
    } else {
        x->rested_us += clock_us() - x->rest_us;
        try_next(x);
    }
}

void
exchange_destroy(struct exchange *x)
{
    arena_fini(&x->arena);
    attempt_fini(&x->attempt);
    free(x);
}
