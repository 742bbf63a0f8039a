/* Heads, bodies and errors for the client. */
#include "server/gateway/answer.h"

#include "runtime/base/digits.h"
#include "server/gateway/clock.h"
#include "server/gateway/discreet.h"
#include "server/gateway/worker.h"
#include "server/upstream/upstream.h"

#define HEADERS_MAX 12u
#define DROPPED_MAX 2048u /* bytes of the list in the header; the log has more */

struct headers {
    struct http_header v[HEADERS_MAX];
    size_t n;
    char attempts[DIGITS_ROOM], overhead[DIGITS_ROOM], retry[DIGITS_ROOM];
};

static void
put(struct headers *h, struct str name, struct str value)
{
    h->v[h->n++] = (struct http_header){ name, value };
}

/* Time that was not spent waiting for providers, or between attempts. */
static uint64_t
overhead_us(const struct exchange *x, uint64_t now)
{
    uint64_t all = now - x->begun_us;
    uint64_t waited = x->upstream_us + x->rested_us;
    if (!x->attempt.accounted)
        waited += attempt_wait_us(&x->attempt, now);
    return all > waited ? all - waited : 0;
}

/* The provider's error, or the reply of the attempt that counts, comes from here. */
static void
put_attempt(struct headers *h, const struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    if (x->attempts == 0)
        return;
    put(h, STR("x-llmux-provider"), a->candidate.offer->deployment->config->name);
    put(h, STR("x-llmux-model"), a->model);
    put(h, STR("x-llmux-attempts"), digits_of(h->attempts, x->attempts, 1));
}

static void
put_common(struct headers *h, const struct exchange *x, uint64_t now, struct str type)
{
    const struct xd_dialect *d = x->front.dialect;
    put(h, STR("content-type"), type);
    put(h, STR("x-request-id"), x->request_id);
    if (d->request_id.p && !str_eq_nocase(d->request_id, STR("x-request-id")))
        put(h, d->request_id, x->request_id);
    put(h, STR("x-llmux-overhead-us"), digits_of(h->overhead, overhead_us(x, now), 1));
    if (x->dropped.n)
        put(h, STR("x-llmux-dropped"),
            str_make(x->dropped.p, x->dropped.n < DROPPED_MAX ? x->dropped.n : DROPPED_MAX));
}

/* Bytes of the body; now: 0 asks the clock, if it is the first. */
static void
sent(struct exchange *x, size_t n, uint64_t now)
{
    if (n && !x->first_us) {
        x->first_us = now ? now : clock_us();
        x->overhead_us = overhead_us(x, x->first_us);
    }
    x->bytes_out += n;
}

/* The attempt's losses outlive it, and the reply's may be added to them. */
static void
keep_dropped(struct exchange *x)
{
    x->dropped = (struct str){ NULL, 0 };
    arena_append(&x->arena, &x->dropped, x->attempt.dropped);
}

/* --- documents ----------------------------------------------------------------------------- */

static void
send_document(struct exchange *x, int status, struct headers *h, uint64_t now, struct str body)
{
    struct http_exchange *http = x->http;
    x->http = NULL;
    x->status = status;
    sent(x, body.n, now);
    http_reply(http, status, h->v, h->n, body);
}

void
answer_document(struct exchange *x, struct str body)
{
    struct headers h = { .n = 0 };
    race_won(x);
    keep_dropped(x);
    const uint64_t now = clock_us();
    put_common(&h, x, now, STR("application/json"));
    put_attempt(&h, x);
    send_document(x, 200, &h, now, body);
}

/* --- streams ------------------------------------------------------------------------------- */

enum begin {
    BEGIN_REPLY,   /* with the provider's name: it is this attempt that answers */
    BEGIN_WAITING, /* nobody knows yet who will */
};

static void
begin(struct exchange *x, enum begin how)
{
    struct headers h = { .n = 0 };
    put_common(&h, x, clock_us(), framing_type(x->front.asked.framing));
    put(&h, STR("cache-control"), STR("no-cache"));
    put(&h, STR("x-accel-buffering"), STR("no"));
    if (how == BEGIN_REPLY)
        put_attempt(&h, x);
    x->begun = true;
    x->status = 200;
    http_reply_begin(x->http, 200, h.v, h.n, HTTP_LENGTH_UNKNOWN);
}

static void
wait_again(struct exchange *x)
{
    if (x->gateway->config->server.keepalive_comment)
        deadline_set(&x->worker->deadlines, &x->deadline, EXCHANGE_KEEPALIVE);
}

/* The header has named the one that broke off: who goes on is told in a comment. */
static void
name_successor(struct exchange *x)
{
    struct str name = x->attempt.candidate.offer->deployment->config->name;
    if (!recovery_is_on(x) || x->front.asked.framing != FRAMING_SSE)
        return;
    struct str comment = arena_printf(&x->arena, ": x-llmux-provider: %.*s\n\n", STR_ARG(name));
    x->bytes_out += comment.n;
    http_reply_body(x->http, comment);
}

void
answer_stream(struct exchange *x, struct str bytes)
{
    if (bytes.n == 0)
        return;
    if (x->state != EXCHANGE_REPLYING) {
        race_won(x);
        keep_dropped(x);
        if (!x->begun)
            begin(x, BEGIN_REPLY);
        name_successor(x);
        exchange_commit(x);
    }
    sent(x, bytes.n, 0);
    if (http_reply_body(x->http, bytes) == HTTP_FLOW_WAIT && x->attempt.call)
        upstream_pause(x->attempt.call);
    wait_again(x);
}

/* --- what passes --------------------------------------------------------------------------- */

static void
put_passage(struct headers *h, const struct exchange *x, uint64_t now)
{
    struct str type = x->attempt.type;
    put_common(h, x, now, type.n ? type : STR("application/octet-stream"));
    put_attempt(h, x);
}

void
answer_passage(struct exchange *x, struct str bytes)
{
    if (x->state != EXCHANGE_REPLYING) {
        struct headers h = { .n = 0 };
        keep_dropped(x);
        put_passage(&h, x, clock_us());
        x->begun = true;
        x->status = x->attempt.status;
        http_reply_begin(x->http, x->status, h.v, h.n, HTTP_LENGTH_UNKNOWN);
        exchange_commit(x);
    }
    sent(x, bytes.n, 0);
    if (http_reply_body(x->http, bytes) == HTTP_FLOW_WAIT && x->attempt.call)
        upstream_pause(x->attempt.call);
}

void
answer_nothing(struct exchange *x)
{
    struct headers h = { .n = 0 };
    race_won(x);
    keep_dropped(x);
    const uint64_t now = clock_us();
    put_passage(&h, x, now);
    send_document(x, x->attempt.status, &h, now, STR(""));
}

void
answer_end(struct exchange *x)
{
    struct http_exchange *http = x->http;
    x->http = NULL;
    http_reply_end(http);
}

void
answer_break(struct exchange *x)
{
    struct http_exchange *http = x->http;
    x->http = NULL;
    http_reply_abort(http, HTTP_ABORT_CLOSE);
}

void
answer_comment(struct exchange *x)
{
    struct str comment = framing_beat(x->front.asked.framing);
    if (!x->begun)
        begin(x, BEGIN_WAITING);
    else if (http_reply_pending(x->http) > 0)
        return; /* it is the client that is slow */
    x->bytes_out += comment.n;
    if (comment.n)
        http_reply_body(x->http, comment);
}

/* --- errors -------------------------------------------------------------------------------- */

static void
error_event(struct exchange *x, const struct ir_error *e)
{
    struct xd_writer w;
    struct buf *out = &x->worker->out;
    xd_writer_init(&w, x->front.dialect, x->front.op->kind, &x->arena, out, XD_USAGE_OMIT);
    w.x.framing = x->front.asked.framing;
    w.x.framed = x->state == EXCHANGE_REPLYING || recovery_is_on(x);
    xd_writer_event(&w, &(struct ir_event){ .kind = IR_EVENT_FAIL, .error = e });
    sent(x, out->n, 0);
    http_reply_body(x->http, buf_str(out));
    buf_clear(out);
    xd_writer_fini(&w);
    answer_break(x);
}

static void
error_document(struct exchange *x, const struct ir_error *e)
{
    struct xd xd;
    struct buf *out = &x->worker->out;
    struct headers h = { .n = 0 };
    keep_dropped(x);
    const uint64_t now = clock_us();
    put_common(&h, x, now, STR("application/json"));
    put_attempt(&h, x);
    if (e->retry_after.set && e->retry_after.v >= 0)
        put(&h, STR("retry-after"), digits_of(h.retry, (uint64_t)e->retry_after.v, 1));
    struct str word = xd_error_word(x->front.dialect, e);
    if (x->front.dialect->error_word.p && word.p)
        put(&h, x->front.dialect->error_word, word);
    xd_init(&xd, x->front.dialect, x->front.op->kind, &x->arena, out);
    bool listed = x->wants_stream && x->front.asked.framing == FRAMING_ARRAY;
    buf_puts(out, listed ? STR("[") : STR(""));
    xd_error_write(&xd, e);
    buf_puts(out, listed ? STR("]") : STR(""));
    send_document(x, xd_error_status(x->front.dialect, e), &h, now, buf_str(out));
    buf_clear(out);
    xd_fini(&xd);
}

void
answer_error(struct exchange *x, const struct ir_error *e)
{
    struct ir_error told = discreet_error(x->worker->service->log, e, &x->arena);
    told.request = x->request_id;
    if (x->begun && x->front.op->passes)
        answer_break(x); /* nobody knows how such a reply says that it failed */
    else if (x->begun)
        error_event(x, &told);
    else
        error_document(x, &told);
}
