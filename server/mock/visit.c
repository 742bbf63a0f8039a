/* Reading, checking, answering, or failing as wished. */
#include "server/mock/visit.h"

#include <stdio.h>
#include <time.h>

#include "runtime/xd/translate.h"
#include "server/gateway/passage.h"
#include "server/http/form.h"
#include "server/mock/check.h"
#include "server/mock/compose.h"
#include "server/mock/count.h"
#include "server/mock/delivery.h"
#include "server/mock/operate.h"

#define ARENA_MAX ((size_t)256 << 20)

static const struct str page = STR_INIT(
    "<!DOCTYPE html><html><head><title>Welcome to nowhere</title></head>"
    "<body><h1>This is a web page.</h1></body></html>\n");

struct visit {
    struct mock_worker *worker;
    struct http_exchange *x;
    const struct mock_route *route;
    struct arena arena; /* goes to the source of the reply */
    struct mock_letter letter;
    struct xd_ask ask;
    struct str name;  /* of the model, as asked for */
    struct str model; /* without its words */
};

static void
over(void *ctx)
{
    struct mock_worker *w = ctx;
    atomic_fetch_sub(&w->setting->witness->open, 1);
}

static void
add_header(struct visit *v, struct str name, struct str value)
{
    struct mock_letter *l = &v->letter;
    if (name.n && value.p && l->n_headers < MOCK_HEADERS_MAX)
        l->headers[l->n_headers++] = (struct http_header){ name, value };
}

static void
add_id(struct visit *v)
{
    struct mock_witness *w = v->worker->setting->witness;
    struct str name = v->route->dialect->request_id;
    add_header(
        v, name.n ? name : STR("x-request-id"),
        arena_printf(&v->arena, "req_mock_%llu", (unsigned long long)atomic_load(&w->requests)));
}

/* spent=T, by the first limit of requests that the dialect has. */
static void
add_limit(struct visit *v)
{
    const struct xd_dialect *d = v->route->dialect;
    uint64_t ns = (uint64_t)v->letter.manner.spent_ms * 1000000;
    struct timespec now;
    char text[XD_MOMENT_TEXT];
    unsigned i = 0;
    while (i < d->nlimits && d->limits[i].of != XD_LIMIT_REQUESTS)
        i++;
    if (!ns || i == d->nlimits)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t wall_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    size_t n = xd_moment_write(text, d->limits[i].form, wall_ns, ns);
    add_header(v, d->limits[i].left, STR("0"));
    add_header(v, d->limits[i].back, arena_str(&v->arena, str_make(text, n)));
}

/* The letter is complete but for its first headers: send it. */
static void
send(struct visit *v)
{
    struct mock_witness *w = v->worker->setting->witness;
    add_limit(v);
    if (!v->letter.source) {
        http_reply(v->x, 500, NULL, 0, STR("the mock has no memory left\n"));
        return;
    }
    atomic_fetch_add(&w->open, 1);
    if (v->letter.form == MOCK_FORM_STREAM)
        atomic_fetch_add(&w->streams, 1);
    if (v->letter.manner.fault != MOCK_FAULT_NONE)
        atomic_fetch_add(&w->faults, 1);
    v->letter.over = over;
    v->letter.ctx = v->worker;
    v->letter.framing = v->route->asked.framing;
    mock_deliver(v->worker->base, v->x, &v->letter);
}

/* --- errors --- */

static void
send_error(struct visit *v, const struct ir_error *e)
{
    const struct xd_dialect *d = v->route->dialect;
    struct ir_error whole = *e;
    struct buf out;
    struct xd x;
    add_header(v, STR("content-type"), STR("application/json"));
    add_id(v);
    whole.request = v->letter.headers[v->letter.n_headers - 1].value;
    if (e->retry_after.set)
        add_header(v, d->retry_after, arena_printf(&v->arena, "%lld", (long long)e->retry_after.v));
    if (d->error_word.p)
        add_header(v, d->error_word, xd_error_word(d, e));
    buf_init(&out, 1 << 20);
    xd_init_op(&x, d, v->route->op, &v->arena, &out);
    bool listed = v->ask.kind == XD_OP_CHAT && v->ask.chat.stream == IR_TRUE
                  && v->route->asked.framing == FRAMING_ARRAY;
    buf_puts(&out, listed ? STR("[") : STR(""));
    xd_error_write(&x, &whole);
    buf_puts(&out, listed ? STR("]") : STR(""));
    xd_fini(&x);
    v->letter.status = xd_error_status(d, e);
    v->letter.form = MOCK_FORM_WHOLE;
    v->letter.source = mock_source_bytes(arena_str(&v->arena, buf_str(&out)), &v->arena);
    buf_fini(&out);
    send(v);
}

/* An error that the request has deserved. */
static void
refuse(struct visit *v, const struct ir_error *e)
{
    atomic_fetch_add(&v->worker->setting->witness->refused, 1);
    v->letter.manner = (struct mock_manner){ 0 };
    send_error(v, e);
}

static void
refuse_text(struct visit *v, enum ir_fault kind, struct str message)
{
    refuse(v, &(struct ir_error){ .set = true, .kind = kind, .message = message });
}

/* An error that was wished for: of the kind that the dialect has for this status. */
static void
send_status(struct visit *v)
{
    const struct mock_manner *m = &v->letter.manner;
    struct ir_error e;
    struct xd x;
    xd_init_op(&x, v->route->dialect, v->route->op, &v->arena, NULL);
    xd_error_read(&x, STR(""), (int)m->status, &e);
    xd_fini(&x);
    e.message = arena_printf(&v->arena, "%.*s, says the mock", STR_ARG(e.message));
    if (m->retry_after)
        e.retry_after = (struct ir_int){ m->retry_after, true };
    send_error(v, &e);
}

/* --- what every request must have --- */

static struct str
query_value(struct str query, struct str name)
{
    while (query.n) {
        const char *end = memchr(query.p, '&', query.n);
        size_t n = end ? (size_t)(end - query.p) : query.n;
        struct str pair = str_make(query.p, n);
        if (str_starts(pair, name) && pair.n > name.n && pair.p[name.n] == '=')
            return str_skip(pair, name.n + 1);
        query = str_skip(query, n + 1);
    }
    return (struct str){ NULL, 0 };
}

static bool
shows_key(const struct http_head *h, const struct xd_auth *auth, struct str want)
{
    struct str bearer = STR("Bearer "), have;
    switch (auth->scheme) {
    case XD_AUTH_NONE:
        return true;
    case XD_AUTH_HEADER:
        return str_eq(http_head_get(h, auth->name), want);
    case XD_AUTH_QUERY:
        return str_eq(query_value(h->query, auth->name), want);
    case XD_AUTH_BEARER:
    case XD_AUTH_JWT_BEARER:
    case XD_AUTH_CLIENT_CREDENTIALS:
    case XD_AUTH_METADATA:
        have = http_head_get(h, STR("authorization"));
        return str_starts(have, bearer) && str_eq(str_skip(have, bearer.n), want);
    case XD_AUTH_SIGV4:
        return false;
    }
    return false;
}

static bool
has_key(const struct visit *v)
{
    const struct http_head *h = http_exchange_head(v->x);
    const struct xd_dialect *d = v->route->dialect;
    struct str want = v->worker->setting->options->api_key;
    if (!want.p)
        return true;
    for (unsigned i = 0; i < d->nauths; i++)
        if (shows_key(h, &d->auths[i], want))
            return true;
    return d->nauths == 0;
}

/* False when x was answered. */
static bool
check_head(struct visit *v)
{
    const struct http_head *h = http_exchange_head(v->x);
    const struct xd_op *op = v->route->op;
    if (!str_eq(h->method, op->method)) {
        refuse_text(v, IR_FAULT_INVALID, STR("the method must be POST"));
        return false;
    }
    if (!has_key(v)) {
        refuse_text(v, IR_FAULT_AUTH, STR("invalid api key"));
        return false;
    }
    for (unsigned i = 0; i < op->nheaders; i++)
        if (!http_head_get(h, op->headers[i].name).p) {
            refuse_text(v, IR_FAULT_INVALID,
                        arena_printf(&v->arena, "the header %.*s is missing",
                                     STR_ARG(op->headers[i].name)));
            return false;
        }
    if (v->route->asked.id.p)
        return true; /* there is no body */
    struct str type = http_head_get(h, STR("content-type")), json = STR("application/json");
    if ((type.n >= json.n && str_eq_nocase(str_make(type.p, json.n), json))
        || (op->passes && form_boundary(type).n))
        return true;
    refuse_text(v, IR_FAULT_INVALID, STR("the content type must be application/json"));
    return false;
}

/* Of what passes, only the model is read. */
static enum err
read_passage(struct visit *v, struct fault *f)
{
    struct passage p;
    struct json_doc doc;
    struct str type = http_head_get(http_exchange_head(v->x), STR("content-type"));
    json_doc_init(&doc);
    enum err err = passage_read(&p, v->route->op->usual_model, type, http_exchange_body(v->x), &doc,
                                &v->arena, f);
    json_doc_fini(&doc);
    v->ask = (struct xd_ask){ .kind = v->route->op->kind };
    *xd_ask_model(&v->ask) = p.model;
    return err;
}

static bool
read_request(struct visit *v)
{
    struct xd x;
    struct ir_error e;
    xd_init_op(&x, v->route->dialect, v->route->op, &v->arena, NULL);
    bool stored = v->route->asked.id.p; /* the path says it all */
    enum err err = stored                 ? ERR_OK
                   : v->route->op->passes ? read_passage(v, &x.fault)
                                          : xd_ask_read(&x, http_exchange_body(v->x), &v->ask);
    if (stored)
        v->ask = (struct xd_ask){ .kind = v->route->op->kind };
    xd_asked_tell(&v->route->asked, &v->arena, &v->ask);
    if (err)
        xd_error_of_fault(&x.fault, IR_FAULT_INVALID, &v->arena, &e);
    else
        v->name = *xd_ask_model(&v->ask);
    xd_fini(&x);
    if (err)
        refuse(v, &e);
    return err == ERR_OK;
}

/* --- the manner --- */

/* Take words, unless they hold for fewer requests than there were. */
static bool
take_words(struct visit *v, struct str words)
{
    struct mock_manner m = v->letter.manner;
    struct str bad;
    m.times = 0;
    if (!mock_manner_words(&m, words, &bad)) {
        refuse_text(v, IR_FAULT_INVALID,
                    arena_printf(&v->arena, "the mock knows no word \"%.*s\"", STR_ARG(bad)));
        return false;
    }
    struct mock_witness *w = v->worker->setting->witness;
    if (!m.times || mock_witness_model(w, v->name) <= m.times)
        v->letter.manner = m;
    return true;
}

static bool
choose_manner(struct visit *v)
{
    const struct mock_options *o = v->worker->setting->options;
    struct str words;
    v->letter.manner = o->manner;
    for (unsigned i = 0; i < o->n_chances; i++)
        if (v->worker->requests % o->chances[i].one_in == 0)
            v->letter.manner = o->chances[i].manner;
    v->model = mock_manner_model(v->name, &words);
    return take_words(v, words)
           && take_words(v, http_head_get(http_exchange_head(v->x), STR("x-mock-fault")));
}

/* --- replies --- */

static void
send_page(struct visit *v)
{
    add_header(v, STR("content-type"), STR("text/html; charset=utf-8"));
    v->letter.status = 200;
    v->letter.form = MOCK_FORM_WHOLE;
    v->letter.source = mock_source_bytes(page, &v->arena);
    send(v);
}

/* The headers of a good reply, in the form that v->letter has. */
static void
add_headers(struct visit *v)
{
    bool stream = v->letter.form == MOCK_FORM_STREAM;
    struct str type = stream ? framing_type(v->route->asked.framing) : STR("application/json");
    if (v->letter.manner.fault == MOCK_FAULT_WRONG_TYPE)
        type = STR("text/plain; charset=utf-8");
    add_header(v, STR("content-type"), type);
    add_id(v);
    if (stream)
        add_header(v, STR("cache-control"), STR("no-cache"));
}

static bool
send_recording(struct visit *v)
{
    struct mock_replay *replay = v->worker->setting->replay;
    const struct mock_recording *r = replay ? mock_replay_find(replay, v->route, &v->ask.chat)
                                            : NULL;
    if (!r)
        return false;
    memcpy(v->letter.headers, r->headers, sizeof r->headers);
    v->letter.n_headers = r->n_headers;
    v->letter.status = r->status;
    v->letter.form = r->form;
    v->letter.source = r->form == MOCK_FORM_STREAM
                           ? mock_source_events(r->body, r->framing, &v->arena)
                           : mock_source_bytes(r->body, &v->arena);
    send(v);
    return true;
}

static void
send_fixed(struct visit *v)
{
    const struct mock_options *o = v->worker->setting->options;
    struct str body = mock_fixed_reply(&v->worker->fixed, &o->fixed, v->route, v->letter.form);
    add_headers(v);
    v->letter.source = v->letter.form == MOCK_FORM_STREAM
                           ? mock_source_events(body, v->route->asked.framing, &v->arena)
                           : mock_source_bytes(body, &v->arena);
    send(v);
}

static void
send_reply(struct visit *v)
{
    const struct mock_options *o = v->worker->setting->options;
    struct mock_manner *manner = &v->letter.manner;
    struct ir_reply reply;
    if (!mock_compose(o, manner, &v->ask.chat, v->model, &v->arena, &reply)) {
        refuse_text(v, IR_FAULT_TOO_LARGE, STR("the request is too large for the mock"));
        return;
    }
    if (manner->rate && v->letter.form == MOCK_FORM_WHOLE)
        manner->delay_ms += (unsigned)(reply.usage.output.v * 1000 / manner->rate);
    add_headers(v);
    v->letter.source = mock_source_reply(v->route, &reply, v->letter.form, v->ask.chat.stream_usage,
                                         o->token_bytes ? o->token_bytes : MOCK_TOKEN_BYTES,
                                         &v->arena);
    send(v);
}

/* An answer to what is no conversation. */
static void
send_answer(struct visit *v)
{
    const struct mock_options *o = v->worker->setting->options;
    struct xd_answer reply;
    struct buf out;
    struct xd x;
    buf_init(&out, ARENA_MAX);
    xd_init_op(&x, v->route->dialect, v->route->op, &v->arena, &out);
    bool made = mock_operate(&v->ask, v->model, o->token_bytes ? o->token_bytes : MOCK_TOKEN_BYTES,
                             &v->arena, &reply)
                && !xd_answer_write(&x, &reply);
    xd_fini(&x);
    struct str body = arena_str(&v->arena, buf_str(&out));
    buf_fini(&out);
    if (!made || !body.p) {
        refuse_text(v, IR_FAULT_TOO_LARGE, STR("the request is too large for the mock"));
        return;
    }
    add_headers(v);
    v->letter.source = mock_source_bytes(body, &v->arena);
    send(v);
}

static void
send_passage(struct visit *v)
{
    struct str type, body;
    struct str sent = v->route->asked.id.p ? v->route->asked.id : http_exchange_body(v->x);
    if (!mock_pass(v->route->op->kind, v->model, sent, v->letter.manner.tokens, &v->arena, &type,
                   &body)) {
        refuse_text(v, IR_FAULT_TOO_LARGE, STR("the request is too large for the mock"));
        return;
    }
    add_header(v, STR("content-type"), type);
    add_id(v);
    v->letter.source = mock_source_bytes(body, &v->arena);
    send(v);
}

/* What the wish or the request's form calls for. */
static void
answer(struct visit *v)
{
    bool chat = v->route->op->kind == XD_OP_CHAT;
    bool stream = chat && v->ask.chat.stream == IR_TRUE
                  && v->letter.manner.fault != MOCK_FAULT_WHOLE;
    struct ir_error e;
    v->letter.status = 200;
    v->letter.form = stream ? MOCK_FORM_STREAM : MOCK_FORM_WHOLE;
    if (v->letter.manner.fault == MOCK_FAULT_STATUS)
        send_status(v);
    else if (v->letter.manner.fault == MOCK_FAULT_HTML)
        send_page(v);
    else if (v->route->op->passes)
        send_passage(v);
    else if (!chat)
        send_answer(v);
    else if (v->worker->setting->options->fixed.set)
        send_fixed(v);
    else if (!mock_check(v->route, &v->ask.chat, v->model, &v->arena, &e))
        refuse(v, &e);
    else if (!send_recording(v))
        send_reply(v);
}

void
mock_visit(struct mock_worker *w, struct http_exchange *x, const struct mock_route *route)
{
    struct visit v = { .worker = w, .x = x, .route = route };
    arena_init(&v.arena, ARENA_MAX);
    mock_witness_keep(w->setting->witness, x);
    if (check_head(&v) && read_request(&v) && choose_manner(&v))
        answer(&v);
}
