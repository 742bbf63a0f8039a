/* See fetch.h. */
#include "server/auth/fetch.h"

#include "runtime/base/percent.h"

#define REPLY_MAX   ((size_t)64 << 10)
#define SENT_MAX    ((size_t)64 << 10)
#define ARENA_MAX   ((size_t)512 << 10)
#define TOKEN_MAX   ((size_t)16 << 10)
#define HEADERS_MAX 2

/* Sources: AWS SDKs and Tools Reference Guide, "IMDS credential provider"; EC2 User Guide, "Use
 * IMDSv2". */
#define SESSION_PATH "/latest/api/token"
#define ROLES_PATH   "/latest/meta-data/iam/security-credentials/"
#define SESSION_TTL  "21600"

/* The machine's own endpoints answer at once or not at all. */
static const struct upstream_deadlines near = { .connect_ms = 1000, .total_ms = 5000 };
static const struct upstream_deadlines far = { .connect_ms = 5000, .total_ms = 15000 };

static const struct upstream_handler handler;

void
fetch_init(struct fetch *f)
{
    *f = (struct fetch){ .call = NULL };
    buf_init(&f->sent, SENT_MAX);
    buf_init(&f->heard, REPLY_MAX);
    arena_init(&f->arena, ARENA_MAX);
}

void
fetch_fini(struct fetch *f)
{
    upstream_cancel(f->call);
    f->call = NULL;
    buf_fini(&f->sent);
    buf_fini(&f->heard);
    arena_fini(&f->arena);
}

bool
fetch_is_running(const struct fetch *f)
{
    return f->call;
}

/* --- one call --- */

struct asking {
    struct str method, url;
    struct upstream_header headers[HEADERS_MAX];
    unsigned n_headers;
    bool is_near;
};

static bool
ask(struct fetch *f, const struct asking *q, struct fault *fault)
{
    const struct upstream_request req = {
        .method = q->method,
        .url = q->url,
        .headers = q->headers,
        .n_headers = q->n_headers,
        .body = f->sent.n ? buf_str(&f->sent) : (struct str){ NULL, 0 },
        .deadlines = q->is_near ? near : far,
        .max_reply = REPLY_MAX,
        .ca_file = q->is_near ? (struct str){ NULL, 0 } : f->ca_file,
        .proxy = q->is_near ? (struct str){ NULL, 0 } : f->proxy,
    };
    f->status = 0;
    buf_clear(&f->heard);
    f->call = upstream_start(f->upstream, &req, &handler, f, fault);
    return f->call;
}

/* "x-header: value" in two; an absent one adds nothing. */
static void
add_header_line(struct asking *q, struct str line)
{
    const char *colon = line.p ? memchr(line.p, ':', line.n) : NULL;
    if (!colon)
        return;
    size_t n = (size_t)(colon - line.p);
    q->headers[q->n_headers++] = (struct upstream_header){ str_make(line.p, n),
                                                           str_trim(str_skip(line, n + 1)) };
}

static bool
ask_metadata(struct fetch *f, struct fault *fault)
{
    struct asking q = { .method = STR("GET"), .url = f->identity->url, .is_near = true };
    add_header_line(&q, f->identity->auth.header);
    return ask(f, &q, fault);
}

/* The token may be renewed in its file at any time. */
static bool
ask_container(struct fetch *f, struct fault *fault)
{
    const struct identity *a = f->identity;
    struct asking q = { .method = STR("GET"), .url = a->url, .is_near = true };
    struct str token = a->token, path = arena_printf(&f->arena, "%.*s", STR_ARG(a->token_file));
    struct buf content, why;
    buf_init(&content, TOKEN_MAX);
    buf_init(&why, FAULT_TEXT);
    bool ok = !a->token_file.p || !a->world.file
              || (path.p && a->world.file(a->world.ctx, path.p, &content, &why));
    if (!ok)
        fault_set(fault, ERR_UNSUPPORTED, 0, "cannot read %.*s: %.*s", STR_ARG(a->token_file),
                  STR_ARG(buf_str(&why)));
    if (content.n)
        token = arena_str(&f->arena, str_trim(buf_str(&content)));
    buf_fini(&content);
    buf_fini(&why);
    if (token.p)
        q.headers[q.n_headers++] = (struct upstream_header){ STR("authorization"), token };
    return ok && ask(f, &q, fault);
}

static bool
ask_instance(struct fetch *f, struct fault *fault)
{
    struct asking q = { .method = STR("GET"), .is_near = true };
    struct str path = STR(ROLES_PATH);
    struct str role = { NULL, 0 };
    if (f->step == 0) {
        q.method = STR("PUT");
        path = STR(SESSION_PATH);
        q.headers[q.n_headers++] = (struct upstream_header){
            STR("x-aws-ec2-metadata-token-ttl-seconds"), STR(SESSION_TTL)
        };
    } else {
        q.headers[q.n_headers++] = (struct upstream_header){ STR("x-aws-ec2-metadata-token"),
                                                             f->session };
    }
    if (f->step == 2)
        role = str_trim(buf_str(&f->heard));
    q.url = arena_printf(&f->arena, "%.*s%.*s%.*s", STR_ARG(f->identity->url), STR_ARG(path),
                         STR_ARG(role));
    return ask(f, &q, fault);
}

static void
put_field(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "%s%s=", out->n ? "&" : "", name);
    percent_encode(out, value, "");
}

static bool
post_form(struct fetch *f, struct fault *fault)
{
    const struct identity *a = f->identity;
    struct asking q = { .method = STR("POST"), .url = a->url };
    q.headers[q.n_headers++] = (struct upstream_header){ STR("content-type"),
                                                         STR("application/x-www-form-urlencoded") };
    if (f->sent.err) {
        fault_set(fault, ERR_LIMIT, 0, "the credentials are too large");
        return false;
    }
    return ask(f, &q, fault);
}

static bool
post_assertion(struct fetch *f, struct fault *fault)
{
    const struct identity *a = f->identity;
    put_field(&f->sent, "grant_type", STR("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    buf_puts(&f->sent, STR("&assertion="));
    if (service_account_assert(&a->service, a->scope, f->now, &f->sent)) {
        fault_set(fault, ERR_UNSUPPORTED, 0, "the private key does not sign");
        return false;
    }
    return post_form(f, fault);
}

static bool
post_refresh(struct fetch *f, struct fault *fault)
{
    const struct service_account *s = &f->identity->service;
    put_field(&f->sent, "grant_type", STR("refresh_token"));
    put_field(&f->sent, "client_id", s->client_id);
    put_field(&f->sent, "client_secret", s->client_secret);
    put_field(&f->sent, "refresh_token", s->refresh_token);
    return post_form(f, fault);
}

static bool
post_client(struct fetch *f, struct fault *fault)
{
    const struct identity *a = f->identity;
    put_field(&f->sent, "grant_type", STR("client_credentials"));
    put_field(&f->sent, "client_id", a->client_id);
    put_field(&f->sent, "client_secret", a->client_secret);
    if (a->scope.p)
        put_field(&f->sent, "scope", a->scope);
    return post_form(f, fault);
}

static bool
take_step(struct fetch *f, struct fault *fault)
{
    buf_clear(&f->sent);
    switch (f->identity->source) {
    case IDENTITY_CONTAINER:
        return ask_container(f, fault);
    case IDENTITY_INSTANCE:
        return ask_instance(f, fault);
    case IDENTITY_ASSERTION:
        return post_assertion(f, fault);
    case IDENTITY_REFRESH:
        return post_refresh(f, fault);
    case IDENTITY_CLIENT:
        return post_client(f, fault);
    case IDENTITY_METADATA:
        return ask_metadata(f, fault);
    case IDENTITY_NONE:
    case IDENTITY_API_KEY:
    case IDENTITY_KEY:
        break;
    }
    fault_set(fault, ERR_UNSUPPORTED, 0, "there is nothing to fetch");
    return false;
}

bool
fetch_start(struct fetch *f, uint64_t now, struct fault *fault)
{
    arena_reset(&f->arena);
    f->step = 0;
    f->now = now;
    return take_step(f, fault);
}

/* --- what comes back --- */

/* The call is over, and so is the fetch. */
static void
fail(struct fetch *f, const struct fault *why)
{
    struct fault whole;
    (void)!fault_set(&whole, why->err, 0, "%.*s: %s", STR_ARG(f->identity->url), why->text);
    buf_clear(&f->sent);
    f->done(f->ctx, NULL, &whole);
}

/* A line of visible characters: a session, or the name of a role. */
static bool
is_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
            return false;
    return s.n > 0 && s.n < 2048;
}

/* True when the step gave what the next one needs, which is then under way. */
static bool
go_on(struct fetch *f, struct fault *fault)
{
    struct str text = str_trim(buf_str(&f->heard));
    if (f->status != 200 || !is_line(text)) {
        fault_set(fault, ERR_REMOTE, 0, "status %d for %s", f->status,
                  f->step ? "the role of the instance" : "a session");
        return false;
    }
    if (f->step == 0)
        f->session = arena_str(&f->arena, text);
    f->step++;
    /* the role, which ask_instance still reads, is copied before heard is cleared */
    return take_step(f, fault);
}

static void
read_reply(struct fetch *f)
{
    struct fault fault = { .err = ERR_OK };
    struct grant g;
    enum err err;
    if (f->identity->source == IDENTITY_INSTANCE && f->step < 2) {
        if (!go_on(f, &fault))
            fail(f, &fault);
        return;
    }
    if (f->identity->auth.scheme == XD_AUTH_SIGV4)
        err = grant_read_key(&g, f->status, buf_str(&f->heard), f->now, &f->arena, &fault);
    else
        err = grant_read_token(&g, f->status, buf_str(&f->heard), &f->arena, &fault);
    buf_clear(&f->sent);
    buf_clear(&f->heard);
    if (err)
        fail(f, &fault);
    else
        f->done(f->ctx, &g, NULL);
}

static void
on_head(void *ctx, const struct upstream_head *head)
{
    struct fetch *f = ctx;
    f->status = head->status;
}

static void
on_data(void *ctx, const char *p, size_t n)
{
    struct fetch *f = ctx;
    buf_put(&f->heard, p, n);
}

static void
on_done(void *ctx, const struct upstream_report *report)
{
    struct fetch *f = ctx;
    struct fault fault;
    f->call = NULL;
    if (report->result == UPSTREAM_OK) {
        read_reply(f);
        return;
    }
    (void)!fault_set(&fault, ERR_REMOTE, 0, "%.*s", STR_ARG(report->message));
    fail(f, &fault);
}

static const struct upstream_handler handler = {
    .head = on_head,
    .data = on_data,
    .done = on_done,
};
