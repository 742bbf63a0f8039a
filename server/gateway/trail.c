/* Following an exchange. */
#include "server/gateway/trail.h"

#include <stdio.h>

#include "runtime/ir/reply.h"
#include "server/gateway/clock.h"
#include "server/gateway/spans.h"
#include "server/gateway/transcript.h"
#include "server/gateway/worker.h"
#include "server/log/log.h"
#include "server/upstream/upstream.h"

#define HOPS_MAX       64u  /* attempts that are told of */
#define COST_MAX       1e15 /* millionths */
#define TRIED_MAX      800u
#define TRANSCRIPT_MAX ((size_t)4 << 20)
#define SHARE_WHOLE    1000u

static const struct config_telemetry *
rules(const struct exchange *x)
{
    return &x->gateway->config->telemetry;
}

static struct transcript_options
transcript_rules(const struct exchange *x)
{
    const struct redactor *r = x->gateway->redactor;
    return (struct transcript_options){ .most = (size_t)rules(x)->content_max,
                                        .log = x->worker->service->log,
                                        .custom = r ? r->custom : NULL };
}

static uint64_t
new_span(struct exchange *x)
{
    uint64_t id = dice_next(&x->worker->dice);
    return id ? id : 1;
}

/* --- where it stands ----------------------------------------------------------------------- */

/* By the lower bits of the trace's id, which are random: whoever else samples by them agrees
 * (w3.org/TR/trace-context-2, "random trace id flag"). */
static bool
is_drawn(struct trace_id id, unsigned share)
{
    const uint64_t mask = (UINT64_C(1) << 56) - 1;
    return share >= SHARE_WHOLE || (id.low & mask) / (mask / SHARE_WHOLE) < share;
}

static void
join(struct exchange *x, const struct http_head *head, const struct trace_context *theirs)
{
    struct trail *t = &x->trail;
    struct str state = http_head_get(head, STR("tracestate"));
    t->context = *theirs;
    t->parent = theirs->span;
    if (trace_state_is_sane(state))
        t->state = arena_str(&x->arena, state);
}

void
trail_begin(struct exchange *x)
{
    struct trail *t = &x->trail;
    const struct http_head *head = http_exchange_head(x->http);
    struct trace_context theirs;
    t->client = arena_str(&x->arena, http_exchange_peer(x->http));
    t->records = x->worker->service->exporter && rules(x)->send_traces;
    if (trace_context_read(http_head_get(head, STR("traceparent")), &theirs))
        join(x, head, &theirs);
    t->tells = t->records && rules(x)->content;
    if (!t->records)
        return;
    t->agent = arena_str(&x->arena, http_head_get(head, STR("user-agent")));
    if (!t->parent)
        t->context.trace = (struct trace_id){ new_span(x), new_span(x) };
    if (!t->parent || !rules(x)->follow)
        t->context.sampled = is_drawn(t->context.trace, rules(x)->sample);
    t->context.span = new_span(x);
}

/* A word of the conventions' gen_ai.output.type. */
static const char *
kind_of_output(const struct ir_request *r)
{
    switch (r->format.mode) {
    case IR_FORMAT_MODE_TEXT:
        return "text";
    case IR_FORMAT_MODE_OBJECT:
    case IR_FORMAT_MODE_SCHEMA:
        return "json";
    case IR_FORMAT_MODE_UNSET:
        break;
    }
    for (unsigned i = 0; i < r->outputs.n; i++)
        if (str_is(r->outputs.v[i], "audio"))
            return "speech";
    return NULL;
}

/* What was written into `from`, kept; *cut when it cannot be. */
static struct str
keep(struct exchange *x, struct buf *from, bool *cut)
{
    struct str s = from->err ? (struct str){ NULL, 0 } : arena_str(&x->arena, buf_str(from));
    *cut |= !s.p;
    buf_fini(from);
    return s;
}

static void
keep_request(struct exchange *x)
{
    struct transcript_options o = transcript_rules(x);
    struct buf b;
    o.source = &x->tape->doc;
    buf_init(&b, TRANSCRIPT_MAX);
    x->trail.asked_cut = transcript_request(&b, &x->tape->ask.chat, &o);
    x->trail.asked = keep(x, &b, &x->trail.asked_cut);
}

struct transcript_reply *
trail_listen(const struct exchange *x, struct arena *a)
{
    const struct transcript_options o = transcript_rules(x);
    struct transcript_reply *t = arena_alloc(a, sizeof *t);
    if (t)
        transcript_listen(t, &o, a);
    return t;
}

static void
keep_reply(struct exchange *x, struct hop *h)
{
    const struct transcript_options o = transcript_rules(x);
    struct buf b;
    buf_init(&b, TRANSCRIPT_MAX);
    h->said_cut = transcript_said(&b, x->attempt.tally.heard, &o);
    h->said = keep(x, &b, &h->said_cut);
}

/* Most are absent. */
static inline struct str
copy(struct exchange *x, struct str s)
{
    return s.p ? arena_str(&x->arena, s) : s;
}

/* The tape may go before the spans are made. */
void
trail_read(struct exchange *x)
{
    struct trail_wishes *w = &x->trail.wishes;
    if (!x->trail.records || x->tape->ask.kind != XD_OP_CHAT)
        return;
    if (x->trail.tells)
        keep_request(x);
    const struct ir_request *r = &x->tape->ask.chat;
    const struct ir_sampling *s = &r->sampling;
    *w = (struct trail_wishes){ .max_output = r->max_output,
                                .candidates = r->candidates,
                                .top_k = s->top_k,
                                .output = kind_of_output(r),
                                .temperature = copy(x, s->temperature),
                                .top_p = copy(x, s->top_p),
                                .seed = copy(x, s->seed),
                                .presence = copy(x, s->presence),
                                .frequency = copy(x, s->frequency) };
    unsigned n = r->stops.n < TRAIL_STOPS ? r->stops.n : TRAIL_STOPS;
    w->stops = n ? arena_alloc(&x->arena, n * sizeof *w->stops) : NULL;
    for (; w->stops && w->n_stops < n; w->n_stops++)
        w->stops[w->n_stops] = arena_str(&x->arena, r->stops.v[w->n_stops]);
}

struct str
trail_parent(struct exchange *x, struct arena *a)
{
    struct trail *t = &x->trail;
    struct trace_context c = t->context;
    if (t->records)
        x->attempt.span = new_span(x);
    if (!rules(x)->propagate || !trace_id_is_set(c.trace))
        return (struct str){ NULL, 0 };
    if (t->records)
        c.span = x->attempt.span;
    char *text = arena_bytes(a, TRACE_PARENT_TEXT);
    if (text)
        trace_context_write(&c, text);
    return str_make(text, text ? TRACE_PARENT_TEXT : 0);
}

/* --- attempts ------------------------------------------------------------------------------ */

/* Prices are those of a million tokens; what goes through caches is input. */
static void
put_cost(struct hop *h, const struct config_price *p)
{
    const struct ir_int in = ir_usage_whole_input(&h->usage), out = h->usage.output;
    double millionths = 0;
    if (in.set && in.v > 0)
        millionths += (double)in.v * p->input;
    if (out.set && out.v > 0)
        millionths += (double)out.v * p->output;
    h->priced = p->set && (in.set || out.set) && millionths < COST_MAX;
    h->cost = h->priced ? (uint64_t)(millionths * 1000 + 0.5) : 0;
}

void
trail_hop(struct exchange *x, uint64_t total_us)
{
    struct trail *t = &x->trail;
    const struct attempt *a = &x->attempt;
    struct hop *h = t->n_hops < HOPS_MAX ? arena_push(&x->arena, (void **)&t->hops, &t->n_hops,
                                                      &t->cap_hops, sizeof *h)
                                         : NULL;
    bool failed = x->error.set && !a->cut;
    if (!h)
        return;
    *h = (struct hop){ .deployment = a->candidate.offer->deployment,
                       .dialect = a->target.dialect,
                       .model = a->model,
                       .span = a->span,
                       .start_us = a->start_us,
                       .asked_us = a->asked_us,
                       .end_us = a->start_us + total_us,
                       .first_us = a->first_us,
                       .connect_us = a->timing.connect_us,
                       .tls_us = a->timing.tls_us,
                       .status = a->status,
                       .fault = failed ? x->error.kind : IR_FAULT_UNSET,
                       .message = failed ? x->error.message : (struct str){ NULL, 0 },
                       .cut = a->cut,
                       .gone = x->gone,
                       .reply_id = a->tally.id,
                       .reply_model = a->tally.model,
                       .request_id = a->request_id,
                       .stop = a->tally.stop,
                       .usage = a->tally.usage };
    if (t->records)
        h->url = arena_str(&x->arena, a->url);
    if (a->tally.heard)
        keep_reply(x, h);
    else
        h->said_cut = t->tells && a->tally.begun; /* memory was short */
    put_cost(h, &a->candidate.offer->model->price);
}

/* --- the end ------------------------------------------------------------------------------- */

/* The sample, and what one wants to see whatever that says. */
static bool
is_kept(const struct exchange *x, uint64_t now_us)
{
    const struct config_telemetry *c = rules(x);
    if (!x->trail.records)
        return false;
    return x->trail.context.sampled || (c->keep_errors && x->error.set)
           || (c->keep_slow && now_us - x->begun_us >= c->keep_slow * 1000);
}

struct metrics_trace
trail_example(const struct exchange *x, uint64_t now_us)
{
    struct metrics_trace none = { .span = 0 };
    const struct trace_context *c = &x->trail.context;
    if (!is_kept(x, now_us))
        return none;
    return (struct metrics_trace){ { c->trace.high, c->trace.low }, c->span, clock_wall_ms() };
}

void
trail_end(const struct exchange *x)
{
    if (x->trail.records && is_kept(x, x->ended_us))
        spans_make(x);
}

/* "main 429 0.120, backup 200 1.300": where it went, what came of it, and how long that took. */
static struct str
print_hops(const struct trail *t, char to[TRIED_MAX])
{
    size_t n = 0;
    for (unsigned i = 0; i < t->n_hops && n < TRIED_MAX; i++) {
        const struct hop *h = &t->hops[i];
        uint64_t ms = (h->end_us - h->start_us) / 1000;
        n += (size_t)snprintf(to + n, TRIED_MAX - n, "%s%.*s %d %llu.%03llu", i ? ", " : "",
                              STR_ARG(h->deployment->config->name), h->status,
                              (unsigned long long)ms / 1000, (unsigned long long)ms % 1000);
    }
    return str_make(to, n < TRIED_MAX ? n : TRIED_MAX - 1);
}

/* Of all attempts: those that failed late had their tokens, too. */
static void
log_cost(struct log_line *l, const struct trail *t)
{
    uint64_t cost = 0;
    bool any = false;
    for (unsigned i = 0; i < t->n_hops; i++) {
        any |= t->hops[i].priced;
        cost += t->hops[i].cost;
    }
    if (any)
        log_billionths(l, "cost", cost);
}

void
trail_log(struct log_line *l, const struct exchange *x)
{
    const struct trail *t = &x->trail;
    char tried[TRIED_MAX], id[32];
    log_word(l, "client", t->client); /* an address that we have printed */
    if (trace_id_is_set(t->context.trace)) {
        trace_id_text(t->context.trace, id);
        log_word(l, "trace_id", str_make(id, sizeof id));
        trace_span_text(t->context.span, id);
        log_word(l, "span_id", str_make(id, 16));
    }
    if (t->n_hops > 1)
        log_str(l, "tried", print_hops(t, tried));
    log_cost(l, t);
    if (t->n_hops && t->hops[t->n_hops - 1].connect_us)
        log_seconds(l, "upstream_connect", t->hops[t->n_hops - 1].connect_us);
    if (t->n_hops && t->hops[t->n_hops - 1].tls_us)
        log_seconds(l, "upstream_tls", t->hops[t->n_hops - 1].tls_us);
}
