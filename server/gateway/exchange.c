/* The course of an exchange. */
#include "server/gateway/exchange.h"

#include <event2/event.h>
#include <stdlib.h>

#include "runtime/base/utf8.h"
#include "runtime/xd/registry.h"
#include "runtime/route/memory.h"
#include "server/gateway/answer.h"
#include "server/gateway/clock.h"
#include "server/gateway/guarding.h"
#include "server/gateway/measure.h"
#include "server/gateway/patience.h"
#include "server/gateway/pursuit.h"
#include "server/gateway/redaction.h"
#include "server/gateway/request_log.h"
#include "server/gateway/wants.h"
#include "server/gateway/worker.h"

#define MODELS_NAMED 20u                /* in the message for an unknown model */
#define TOGETHER_MAX ((size_t)16 << 10) /* bytes of requests that go step by step with others */
#define MODEL_MAX    512u               /* bytes of its name, which goes into headers and logs */

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
    x->made_id = true;
}

void
exchange_refuse(struct exchange *x, const struct ir_error *e)
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
    exchange_refuse(x, &e);
}

/* An encoded body would be read as broken JSON. */
static bool
is_encoded(const struct http_head *h)
{
    struct str coding = http_head_get(h, STR("content-encoding"));
    return coding.n && !str_eq_nocase(coding, STR("identity"));
}

static void
refuse_body(struct exchange *x, const struct fault *f)
{
    struct ir_error e;
    xd_error_of_fault(f, f->err == ERR_MEMORY ? IR_FAULT_INTERNAL : IR_FAULT_INVALID, &x->arena,
                      &e);
    exchange_refuse(x, &e);
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
    if (tape_read(x->tape, &x->front, http_exchange_head(x->http), http_exchange_body(x->http),
                  &f)) {
        refuse_body(x, &f);
        return false;
    }
    if (x->front.asked.id.p)
        return true; /* whose model it was, nobody says */
    struct xd_ask *ask = &x->tape->ask;
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
    trail_read(x);
    return true;
}

/* What the client says of time and haste. */
static bool
read_wishes(struct exchange *x)
{
    const struct http_head *h = http_exchange_head(x->http);
    x->admission.priority = admission_priority(h);
    if (patience_read(h, &x->patience_ms))
        return true;
    refuse_invalid(x, 400, "x-llmux-timeout",
                   STR("x-llmux-timeout: write a time such as 1500ms, 30s or 2m"));
    return false;
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
            exchange_refuse(x, &e);
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
    bool implied = x->front.op->passes && x->tape->passage.implied;
    struct str message = arena_printf(&x->arena, "%sno such model: %.*s; there are: %.*s",
                                      implied ? "the request names none and means the usual one; "
                                              : "",
                                      STR_ARG(x->model), STR_ARG(buf_str(&names)));
    buf_fini(&names);
    struct ir_error e = { .set = true, .kind = IR_FAULT_MISSING, .message = message };
    e.code = STR("model_not_found");
    e.param = STR("model");
    exchange_refuse(x, &e);
}

/* What was refused with x->error set. */
static void
refuse_as_known(struct exchange *x)
{
    struct ir_error e = x->error;
    exchange_refuse(x, &e);
}

static bool
find_route(struct exchange *x)
{
    const struct gateway *g = x->gateway;
    struct route_request q;
    wants_of(&q, &x->tape->ask, http_exchange_head(x->http), x->bytes_in, x->model, &x->arena);
    x->outlook = (struct outlook){ g, &x->arena, x->wants_stream, &x->tried_ns };
    q.outlook = outlook_of_guards(&x->outlook);
    if (x->front.asked.id.p)
        wants_kept(&q, x->front.asked.id);
    if (q.needs_home && g->service->memory)
        q.home = route_memory_get(g->service->memory, q.bond);
    if (x->front.asked.id.p)
        return route_begin_any(&x->route, &g->catalogue, &g->config->routing, &q, &x->arena);
    return route_begin(&x->route, &g->catalogue, &g->config->routing, &q, &x->arena);
}

/* --- the life of an exchange --------------------------------------------------------------- */

/* The next step.  A large request's bytes are in the cache now, and many of them would push each other out: it goes
 * ahead.  May release x. */
static void
go_on(struct exchange *x, enum exchange_phase next)
{
    struct phase *p = &x->worker->phases[next];
    if (x->bytes_in > TOGETHER_MAX)
        p->step(x);
    else
        phase_enter(p, x);
}

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
    trail_begin(x);
    measure_begin(x);
    go_on(x, EXCHANGE_ARRIVAL);
}

void
exchange_read(struct exchange *x)
{
    if (shedding_refuses(x) || !read_request(x) || !read_wishes(x) || !pass_gates(x))
        return;
    go_on(x, EXCHANGE_ENTRY);
}

void
exchange_admitted(struct exchange *x)
{
    exchange_wake(x);
    x->tried_ns = clock_ns();
    switch (admission_step(x)) {
    case ADMISSION_IN:
        if (find_route(x)) {
            x->budget = admission_model(x); /* not of names that no model has */
            recovery_prepare(x);
            x->state = EXCHANGE_ARRIVED;
            go_on(x, EXCHANGE_PURSUIT);
        } else {
            refuse_model(x);
        }
        break;
    case ADMISSION_WAITS:
        x->state = EXCHANGE_QUEUED;
        exchange_sleep(x, admission_wait_ns(x));
        break;
    case ADMISSION_REFUSED:
        refuse_as_known(x);
        break;
    }
}

/* --- time ---------------------------------------------------------------------------------- */

uint64_t
exchange_left_ms(const struct exchange *x)
{
    if (x->patience_ms == PATIENCE_NO_LIMIT)
        return PATIENCE_NO_LIMIT;
    uint64_t gone = (clock_us() - x->begun_us) / 1000;
    return gone < x->patience_ms ? x->patience_ms - gone : 0;
}

/* The attempt waits for what it needs to begin: credentials, or what the request names by its address. */
static void
wait_on(struct exchange *x)
{
    uint64_t left = exchange_left_ms(x);
    if (left == 0)
        pursuit_late(x);
    else if (left != PATIENCE_NO_LIMIT)
        exchange_sleep(x, left * 1000000);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct exchange *x = ctx;
    (void)fd, (void)what;
    switch (x->state) {
    case EXCHANGE_ARRIVED:
        break;
    case EXCHANGE_QUEUED:
        admission_late(x);
        refuse_as_known(x);
        break;
    case EXCHANGE_TRYING:
        if (x->attempt.call)
            race_begin(x, x->due);
        else if (x->attempt.queued)
            pursuit_go_on(x);
        else
            wait_on(x);
        break;
    case EXCHANGE_RESTING:
        pursuit_go_on(x);
        break;
    case EXCHANGE_REPLYING:
    case EXCHANGE_LINGERING:
        break;
    }
}

void
exchange_sleep(struct exchange *x, uint64_t ns)
{
    uint64_t left = exchange_left_ms(x);
    if (left != PATIENCE_NO_LIMIT && ns > left * 1000000)
        ns = left * 1000000;
    const struct timeval tv = { (time_t)(ns / 1000000000), (suseconds_t)(ns % 1000000000 / 1000) };
    if (!x->timer)
        x->timer = evtimer_new(x->worker->base, on_timer, x);
    if (!x->timer || event_add(x->timer, &tv))
        exchange_stop(x);
}

void
exchange_wake(struct exchange *x)
{
    if (x->timer)
        event_del(x->timer);
}

void
exchange_commit(struct exchange *x)
{
    if (x->state == EXCHANGE_REPLYING)
        return;
    x->state = EXCHANGE_REPLYING;
    deadline_clear(&x->worker->deadlines, &x->watch);
    guarding_proven(x);
    if (x->recovery) { /* what was asked may be asked again */
        attempt_release_body(x);
        return;
    }
    tape_put(&x->worker->tapes, x->tape);
    x->tape = NULL;
    redaction_commit(x);
    attempt_release_body(x);
    if (!x->attempt.sends || x->attempt.sends_own)
        http_exchange_drop_body(x->http);
}

/* All that was used, whoever was asked. */
static uint64_t
tokens_of(const struct exchange *x)
{
    const struct ir_usage u = recovery_usage(x, &x->attempt.tally.usage);
    int64_t n = (u.input.set ? u.input.v : 0) + (u.output.set ? u.output.v : 0);
    return n > 0 ? (uint64_t)n : 0;
}

static void
tell(const struct exchange *x)
{
    request_log_write(x);
    trail_end(x);
}

void
exchange_tell(struct exchange *x)
{
    tell(x);
    if (!x->attempt.call)
        exchange_release(x);
}

void
exchange_release(struct exchange *x)
{
    x->ended_us = x->ended_us ? x->ended_us : clock_us();
    if (x->phase == &x->worker->phases[EXCHANGE_EPILOGUE])
        tell(x);
    phase_leave(x);
    deadline_clear(&x->worker->deadlines, &x->deadline);
    deadline_clear(&x->worker->deadlines, &x->watch);
    exchange_wake(x);
    race_end(x);
    attempt_stop(x);
    admission_end(x, tokens_of(x), x->ended_us * 1000);
    tape_put(&x->worker->tapes, x->tape);
    x->tape = NULL;
    redaction_end(x);
    recovery_destroy(x->recovery);
    x->recovery = NULL;
    worker_give_back(x->worker, x);
}

/* Who has replied may be the only one who can go on. */
static void
remember(struct exchange *x)
{
    struct route_memory *m = x->gateway->service->memory;
    if (m && x->route.request.bond && x->attempts && !x->error.set)
        route_memory_put(m, x->route.request.bond, x->attempt.candidate.offer->identity);
    if (m && x->attempt.tally.id.n && xd_op(x->attempt.target.dialect, XD_OP_STORED))
        route_memory_put(m, wants_key(x->attempt.tally.id), x->attempt.candidate.offer->account);
}

/* Nothing of it stirs any more, but for a call that may linger. */
static void
wind_down(struct exchange *x)
{
    x->state = EXCHANGE_LINGERING;
    deadline_clear(&x->worker->deadlines, &x->watch);
    exchange_wake(x);
    if (!x->attempt.call) {
        deadline_clear(&x->worker->deadlines, &x->deadline);
        return;
    }
    stream_close(x->attempt.stream);
    deadline_set(&x->worker->deadlines, &x->deadline, EXCHANGE_LINGER);
}

void
exchange_finish(struct exchange *x)
{
    x->ended_us = clock_us();
    remember(x);
    attempt_account(x, x->ended_us);
    admission_end(x, tokens_of(x), x->ended_us * 1000);
    measure_end(x);
    attempt_release_body(x);
    /* What a call sends may be gone with the client's request; what failed may still wait for something. */
    if (x->error.set || (x->attempt.call && x->attempt.sends && !x->attempt.sends_own)) {
        tell(x);
        exchange_release(x);
        return;
    }
    wind_down(x);
    phase_enter(&x->worker->phases[EXCHANGE_EPILOGUE], x);
}

void
exchange_gone(struct exchange *x)
{
    x->ended_us = clock_us();
    x->http = NULL;
    x->gone = true;
    attempt_account(x, x->ended_us);
    race_end(x); /* its rival is told of, too */
    measure_end(x);
    tell(x);
    exchange_release(x);
}

void
exchange_stop(struct exchange *x)
{
    race_end(x);
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
    exchange_refuse(x, &e);
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
    if (which == EXCHANGE_WATCH) {
        race_watch(x);
    } else if (which == EXCHANGE_KEEPALIVE) {
        answer_comment(x);
        deadline_set(&x->worker->deadlines, &x->deadline, EXCHANGE_KEEPALIVE);
    } else {
        exchange_release(x);
    }
}

void
exchange_destroy(struct exchange *x)
{
    arena_fini(&x->arena);
    attempt_fini(&x->attempt);
    race_forget(x);
    if (x->timer)
        event_free(x->timer);
    free(x);
}
