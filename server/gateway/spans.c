/* Spans and their attributes.
 *
 *   request      SERVER     the conventions for HTTP servers, and llmux.*
 *   ├─ route     INTERNAL   from the request to the first attempt
 *   ├─ attempt   CLIENT     the conventions for generative AI; event first_token
 *   │  ├─ connect, tls      INTERNAL   when the connection was made for it
 *   └─ stream    INTERNAL   from the first byte to the last */
#include "server/gateway/spans.h"

#include "runtime/base/utf8.h"
#include "runtime/ir/reply.h"
#include "runtime/xd/registry.h"
#include "server/gateway/clock.h"
#include "server/gateway/teller.h"
#include "server/gateway/worker.h"
#include "server/trace/exporter.h"
#include "server/trace/otlp_span.h"

#define SPANS_KEPT  65536u /* a buffer of more is not kept */
#define PATH_SHOWN  64u    /* of a path that serves as a name */
#define SPANS_USUAL 4096u
#define SPANS_REST  ((size_t)512 << 10) /* for all but what was said */
#define AGENT_MAX   256u
#define PORT_PLAIN  80u
#define PORT_TLS    443u
#define PORT_MASK   0xffffu

static uint64_t
wall(const struct teller *t, uint64_t us)
{
    return t->wall_ns + us * 1000;
}

static struct otlp_span
make_span(struct teller *t, uint64_t parent, struct str name, uint64_t start_us, uint64_t end_us)
{
    return (struct otlp_span){ .trace = t->x->trail.context.trace,
                               .span = dice_next(&t->dice),
                               .parent = parent,
                               .state = t->x->trail.state,
                               .name = name,
                               .kind = OTLP_INTERNAL,
                               .start_ns = wall(t, start_us),
                               .end_ns = wall(t, end_us > start_us ? end_us : start_us) };
}

/* --- the conventions for generative AI ----------------------------------------------------- */

/* The words of the conventions' JSON schema for output messages. */
struct str
spans_finish_reason(enum ir_stop stop)
{
    switch (stop) {
    case IR_STOP_END:
    case IR_STOP_MATCH:
        return STR("stop");
    case IR_STOP_LENGTH:
        return STR("length");
    case IR_STOP_CALL:
        return STR("tool_call");
    case IR_STOP_REFUSAL:
        return STR("content_filter");
    case IR_STOP_FAILED:
        return STR("error");
    case IR_STOP_UNSET:
    case IR_STOP_PAUSE:
    case IR_STOP_OTHER:
        break;
    }
    return str_from(ir_stop_name(stop));
}

/* A provider's own name, and of a dialect its first word: who invented it. */
static struct str
provider_name(const struct xd_dialect *d, struct str type)
{
    const char *dot = type.n ? memchr(type.p, '.', type.n) : NULL;
    if (d && d->telemetry.n)
        return d->telemetry;
    return dot ? str_make(type.p, (size_t)(dot - type.p)) : type;
}

struct str
spans_provider(struct str type)
{
    return provider_name(xd_find(type), type);
}

static struct str
operation_of(const struct exchange *x)
{
    return str_from(xd_op_name(x->front.op->kind));
}

static void
tell_wishes(struct teller *t)
{
    const struct trail_wishes *w = &t->x->trail.wishes;
    if (t->x->wants_stream)
        otlp_span_bool(t->out, BRIEF("gen_ai.request.stream"), true);
    teller_word(t, BRIEF("gen_ai.output.type"), str_from(w->output));
    teller_int(t, BRIEF("gen_ai.request.max_tokens"), w->max_output);
    if (w->candidates.set && w->candidates.v != 1)
        teller_int(t, BRIEF("gen_ai.request.choice.count"), w->candidates);
    teller_int(t, BRIEF("gen_ai.request.top_k"), w->top_k);
    teller_number(t, BRIEF("gen_ai.request.temperature"), w->temperature);
    teller_number(t, BRIEF("gen_ai.request.top_p"), w->top_p);
    teller_number(t, BRIEF("gen_ai.request.presence_penalty"), w->presence);
    teller_number(t, BRIEF("gen_ai.request.frequency_penalty"), w->frequency);
    teller_number_int(t, BRIEF("gen_ai.request.seed"), w->seed);
    if (w->n_stops)
        teller_texts(t, BRIEF("gen_ai.request.stop_sequences"), w->stops, w->n_stops);
}

/* The first byte of an error is no token. */
static bool
has_begun(const struct hop *h)
{
    return h->first_us && h->status >= 200 && h->status < 300;
}

static void
tell_reply(struct teller *t, const struct hop *h)
{
    teller_text_if_any(t, BRIEF("gen_ai.response.id"), h->reply_id);
    teller_text_if_any(t, BRIEF("gen_ai.response.model"), h->reply_model);
    if (h->stop != IR_STOP_UNSET)
        otlp_span_list(t->out, BRIEF("gen_ai.response.finish_reasons"),
                       spans_finish_reason(h->stop));
    if (t->x->wants_stream && has_begun(h))
        teller_seconds(t, BRIEF("gen_ai.response.time_to_first_chunk"), h->first_us);
    teller_int(t, BRIEF("gen_ai.usage.input_tokens"), ir_usage_whole_input(&h->usage));
    teller_int(t, BRIEF("gen_ai.usage.output_tokens"), h->usage.output);
    teller_int(t, BRIEF("gen_ai.usage.cache_read.input_tokens"), h->usage.cache_read);
    teller_int(t, BRIEF("gen_ai.usage.cache_creation.input_tokens"), h->usage.cache_write);
    teller_int(t, BRIEF("gen_ai.usage.reasoning.output_tokens"), h->usage.thinking);
}

/* How much is told of what was said there. */
static size_t
content_bytes(const struct trail *trail, const struct hop *h)
{
    return trail->asked.n + h->said.n;
}

/* What was said, on each attempt that said something, or else on the last one: that is told for certain, the others if there
 * is room beside it. */
static void
tell_content(struct teller *t, const struct hop *h)
{
    const struct trail *trail = &t->x->trail;
    const struct hop *last = &trail->hops[trail->n_hops - 1];
    if (!trail->tells || (h != last && !h->said.n && !h->said_cut))
        return;
    size_t still = h == last ? 0 : content_bytes(trail, last);
    bool fits = t->out->n + content_bytes(trail, h) + still <= SPANS_MAX - SPANS_REST;
    if (fits) {
        buf_puts(t->out, trail->asked);
        buf_puts(t->out, h->said);
    }
    if (trail->asked_cut || h->said_cut || !fits)
        otlp_span_bool(t->out, BRIEF("llmux.content_cut"), true);
}

/* --- spans --------------------------------------------------------------------------------- */

static void
put(struct teller *t, const struct otlp_span *s)
{
    otlp_span_end(t->out, otlp_span_begin(t->out, s));
}

static void
tell_connection(struct teller *t, const struct hop *h)
{
    uint64_t ready = h->asked_us + h->connect_us;
    if (!h->connect_us)
        return;
    struct otlp_span s = make_span(t, h->span, STR("connect"), h->asked_us, ready);
    put(t, &s);
    if (!h->tls_us)
        return;
    s = make_span(t, h->span, STR("tls"), ready, ready + h->tls_us);
    put(t, &s);
}

/* "https://host:port/path", "http://[::1]/": where that is. */
static void
tell_place(struct teller *t, struct str url)
{
    bool tls = str_starts(url, STR("https:"));
    struct str rest = str_skip(url, tls ? sizeof "https://" - 1 : sizeof "http://" - 1);
    unsigned port = tls ? PORT_TLS : PORT_PLAIN;
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    rest.n = n;
    const char *at = n ? memrchr(rest.p, '@', n) : NULL;
    if (at)
        rest = str_skip(rest, (size_t)(at + 1 - rest.p));
    const char *end = rest.n && *rest.p == '[' ? memchr(rest.p, ']', rest.n) : NULL;
    const char *colon = rest.n ? memrchr(rest.p, ':', rest.n) : NULL;
    if (colon && (!end || colon > end)) {
        port = 0;
        for (const char *p = colon + 1; p < rest.p + rest.n && *p >= '0' && *p <= '9'; p++)
            port = 10 * port + (unsigned)(*p - '0');
        rest.n = (size_t)(colon - rest.p);
    }
    if (end)
        rest = str_make(rest.p + 1, (size_t)(end - rest.p) - 1);
    if (rest.n)
        teller_word(t, BRIEF("server.address"), rest);
    otlp_span_int(t->out, BRIEF("server.port"), port & PORT_MASK);
}

/* "first second", as long as there is room. */
static struct str
join_words(char *to, size_t room, struct str first, struct str second)
{
    size_t n = first.n < room ? first.n : room;
    memcpy(to, first.p, n);
    if (n < room)
        to[n++] = ' ';
    size_t rest = second.n < room - n ? second.n : room - n;
    if (rest)
        memcpy(to + n, second.p, rest);
    return str_make(to, n + rest);
}

static void
tell_attempt(struct teller *t, const struct hop *h, unsigned which)
{
    char name[160];
    const struct config_provider *p = h->deployment->config;
    struct str operation = operation_of(t->x);
    struct str called = join_words(name, sizeof name, operation, teller_masked(t, h->model));
    struct otlp_span s = make_span(t, t->x->trail.context.span, called, h->start_us, h->end_us);
    s.span = h->span;
    s.kind = OTLP_CLIENT;
    size_t at = otlp_span_begin(t->out, &s);
    teller_word(t, BRIEF("gen_ai.operation.name"), operation);
    teller_word(t, BRIEF("gen_ai.provider.name"), provider_name(h->deployment->dialect, p->type));
    teller_text(t, BRIEF("gen_ai.request.model"), h->model);
    tell_wishes(t);
    tell_reply(t, h);
    tell_content(t, h);
    tell_place(t, h->url);
    if (h->status)
        otlp_span_int(t->out, BRIEF("http.response.status_code"), h->status);
    teller_word(t, BRIEF("llmux.deployment"), p->name);
    teller_word(t, BRIEF("llmux.provider.type"), p->type);
    teller_word(t, BRIEF("llmux.dialect"), str_from(h->dialect ? h->dialect->name : NULL));
    otlp_span_int(t->out, BRIEF("llmux.attempt"), which);
    teller_text_if_any(t, BRIEF("llmux.upstream.request_id"), h->request_id);
    if (h->priced)
        otlp_span_double(t->out, BRIEF("llmux.cost"), (double)h->cost / 1e9);
    if (h->cut)
        otlp_span_bool(t->out, BRIEF("llmux.cut"), true);
    if (has_begun(h))
        otlp_span_event(t->out, BRIEF("first_token"), wall(t, h->start_us + h->first_us));
    if (h->fault != IR_FAULT_UNSET)
        teller_failed(t, h->fault, h->message);
    otlp_span_end(t->out, at);
    tell_connection(t, h);
}

static void
tell_route(struct teller *t)
{
    const struct exchange *x = t->x;
    uint64_t end = x->trail.n_hops ? x->trail.hops[0].start_us : t->end_us;
    struct otlp_span s = make_span(t, x->trail.context.span, STR("route"), x->begun_us, end);
    size_t at = otlp_span_begin(t->out, &s);
    teller_text_if_any(t, BRIEF("llmux.model"), x->model);
    teller_text_if_any(t, BRIEF("llmux.candidate"),
                       x->attempts ? x->attempt.candidate.name : STR(""));
    otlp_span_end(t->out, at);
}

static void
tell_stream(struct teller *t)
{
    const struct exchange *x = t->x;
    if (!x->wants_stream || !x->begun || !x->first_us)
        return;
    struct otlp_span s = make_span(t, x->trail.context.span, STR("stream"), x->first_us, t->end_us);
    size_t at = otlp_span_begin(t->out, &s);
    otlp_span_int(t->out, BRIEF("llmux.bytes_out"), (int64_t)x->bytes_out);
    otlp_span_bool(t->out, BRIEF("llmux.gone"), x->gone);
    if (x->error.set)
        teller_failed(t, x->error.kind, x->error.message);
    otlp_span_end(t->out, at);
}

/* A path without a model or an id in it is short and one of few. */
static bool
has_route(const struct exchange *x)
{
    return !x->front.asked.model.p && !x->front.asked.id.p && x->path.n <= PATH_SHOWN;
}

/* What clients did wrong is told, but is no failure of a server (conventions for HTTP spans). */
static void
tell_error(struct teller *t)
{
    const struct exchange *x = t->x;
    bool clients = !x->begun && x->status >= 400 && x->status < 500;
    if (x->error.set && clients)
        teller_error_type(t, x->error.kind);
    else if (x->error.set)
        teller_failed(t, x->error.kind, x->error.message);
}

/* Masked before it is cut, which might be within a secret. */
static void
tell_agent(struct teller *t)
{
    struct str agent = utf8_cut(teller_masked(t, t->x->trail.agent), AGENT_MAX);
    if (agent.n)
        otlp_span_str(t->out, BRIEF("user_agent.original"), agent);
}

static void
tell_request(struct teller *t)
{
    const struct exchange *x = t->x;
    const struct trail *trail = &x->trail;
    char name[PATH_SHOWN + 64];
    bool route = has_route(x);
    struct str where = route ? x->path : str_from(x->front.dialect->name);
    struct otlp_span s = make_span(t, trail->parent,
                                   join_words(name, sizeof name, x->front.op->method, where),
                                   x->begun_us, t->end_us);
    s.span = trail->context.span;
    s.kind = OTLP_SERVER;
    s.remote = trail->parent;
    size_t at = otlp_span_begin(t->out, &s);
    teller_word(t, BRIEF("http.request.method"), x->front.op->method);
    if (route)
        teller_word(t, BRIEF("http.route"), x->path);
    (route ? teller_word : teller_text)(t, BRIEF("url.path"), x->path);
    teller_word(t, BRIEF("url.scheme"), x->gateway->tls ? STR("https") : STR("http"));
    if (x->status)
        otlp_span_int(t->out, BRIEF("http.response.status_code"), x->status);
    if (trail->client.n)
        teller_word(t, BRIEF("client.address"), trail->client);
    tell_agent(t);
    teller_word(t, BRIEF("gen_ai.operation.name"), operation_of(x));
    teller_text_if_any(t, BRIEF("gen_ai.request.model"), x->model);
    (x->made_id ? teller_word : teller_text)(t, BRIEF("llmux.request_id"), x->request_id);
    teller_word(t, BRIEF("llmux.front"), str_from(x->front.dialect->name));
    otlp_span_bool(t->out, BRIEF("llmux.stream"), x->wants_stream);
    otlp_span_bool(t->out, BRIEF("llmux.gone"), x->gone);
    otlp_span_int(t->out, BRIEF("llmux.attempts"), x->attempts);
    if (recovery_is_on(x))
        otlp_span_int(t->out, BRIEF("llmux.recovered"), x->recovery->sequel.breaks);
    otlp_span_int(t->out, BRIEF("llmux.bytes_in"), (int64_t)x->bytes_in);
    otlp_span_int(t->out, BRIEF("llmux.bytes_out"), (int64_t)x->bytes_out);
    if (x->first_us)
        teller_seconds(t, BRIEF("llmux.overhead"), x->overhead_us);
    teller_text_if_any(t, BRIEF("llmux.dropped"), x->dropped);
    tell_error(t);
    otlp_span_end(t->out, at);
}

void
spans_write(const struct exchange *x, struct buf *out)
{
    uint64_t now = clock_us();
    struct teller t = {
        .x = x, .out = out, .end_us = now, .wall_ns = (clock_wall_us() - now) * 1000
    };
    dice_init(&t.dice, x->trail.context.span ^ x->trail.context.trace.low);
    arena_init(&t.masked, SPANS_MAX);
    tell_request(&t);
    tell_route(&t);
    for (unsigned i = 0; i < x->trail.n_hops; i++)
        tell_attempt(&t, &x->trail.hops[i], i + 1);
    tell_stream(&t);
    arena_fini(&t.masked);
}

void
spans_make(const struct exchange *x)
{
    struct buf *out = &x->worker->spans;
    buf_clear(out);
    (void)buf_room(out, SPANS_USUAL);
    spans_write(x, out);
    (void)exporter_put(x->worker->service->exporter, OTLP_TRACES,
                       out->err ? (struct str){ NULL, 0 } : buf_str(out));
    if (out->room > SPANS_KEPT)
        buf_fini(out);
}
