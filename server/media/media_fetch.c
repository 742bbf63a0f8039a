/* Fetching media. */
#include "server/media/media_fetch.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "runtime/base/base64.h"

#define CONNECT_MS  5000u
#define ADDRESS_MAX 8192u
#define IDLE_MS     5000u /* a host that a client has named is seldom asked again */

/* One address, and where it leads. */
struct media_call {
    struct media_batch *batch;
    struct media_item *item;
    struct upstream_call *call; /* NULL: none is running */
    char *url;                  /* owned by curl: where a redirection leads; NULL: item->url */
    unsigned redirects;
    int status;
    char type[128];
    char *location; /* owned: of the reply */
    struct buf heard;
};

/* --- whom to call ---------------------------------------------------------------------------- */

/* Called for each socket, before it connects, with the very address it will connect to. */
static bool
vet(void *ctx, const struct sockaddr *sa)
{
    const struct media_fetcher *f = ctx;
    struct network_address a;
    if (!network_address_of(sa, &a))
        return false;
    for (unsigned i = 0; i < f->rules.n_allowed; i++)
        if (network_has(&f->rules.allowed[i], &a))
            return true;
    return network_is_public(&a);
}

void
media_fetcher_init(struct media_fetcher *f, struct event_base *base)
{
    *f = (struct media_fetcher){ .base = base };
}

void
media_fetcher_fini(struct media_fetcher *f)
{
    if (f->upstream)
        upstream_destroy(f->upstream);
    f->upstream = NULL;
}

/* --- the end --------------------------------------------------------------------------------- */

static void
release(struct media_batch *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        upstream_cancel(b->calls[i].call);
        curl_free(b->calls[i].url);
        free(b->calls[i].location);
        buf_fini(&b->calls[i].heard);
    }
    free(b->calls);
    b->calls = NULL;
    b->fetcher = NULL;
}

void
media_batch_stop(struct media_batch *b)
{
    if (b->fetcher)
        release(b);
}

static void
fail(struct media_call *c, const char *why)
{
    struct media_batch *b = c->batch;
    struct fault f;
    fault_set(&f, ERR_UNSUPPORTED, 0, "cannot fetch the %s %.*s: %s",
              media_kind_name(c->item->kind), (int)(c->item->url.n < 120 ? c->item->url.n : 120),
              c->item->url.p, why);
    b->fetcher->stats.refused++;
    release(b);
    b->told(b->ctx, &f);
}

static void
finish(struct media_call *c)
{
    struct media_batch *b = c->batch;
    struct str bytes = buf_str(&c->heard);
    struct str type = media_type_of(c->item->kind, str_from(c->type), bytes);
    struct buf text;
    if (!type.p) {
        fail(c, "that is not what its bytes are, or no type that can be sent on");
        return;
    }
    buf_init(&text, bytes.n / 3 * 4 + 8);
    base64_encode(&text, bytes);
    c->item->type = type;
    if (!text.err)
        c->item->bytes = arena_str(b->arena, buf_str(&text));
    buf_fini(&text);
    if (!c->item->bytes.p) {
        fail(c, "it is too large");
        return;
    }
    b->fetcher->stats.fetched++;
    b->fetcher->stats.bytes += bytes.n;
    if (--b->waiting)
        return;
    release(b);
    b->told(b->ctx, NULL);
}

/* --- one call -------------------------------------------------------------------------------- */

static const struct upstream_handler handler;

/* An address without user and password, by http or https. */
static bool
is_fit(struct str url)
{
    bool web = str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
    const char *host = web ? (const char *)memchr(url.p, '/', url.n) + 2 : NULL;
    size_t left = host ? url.n - (size_t)(host - url.p) : 0;
    for (size_t i = 0; i < left && !strchr("/?#", host[i]); i++)
        if (host[i] == '@' || host[i] == '\\')
            return false;
    return left > 0 && url.n <= ADDRESS_MAX;
}

static bool
ask(struct media_call *c, struct fault *fault)
{
    static const struct upstream_header headers[] = {
        { STR_INIT("accept"), STR_INIT("image/*, audio/*, application/pdf, text/*") },
        { STR_INIT("user-agent"), STR_INIT("llmux") },
    };
    const struct media_rules *rules = &c->batch->fetcher->rules;
    const struct upstream_request req = {
        .method = STR("GET"),
        .url = c->url ? str_from(c->url) : c->item->url,
        .headers = headers,
        .n_headers = sizeof headers / sizeof *headers,
        .deadlines = { .connect_ms = CONNECT_MS, .total_ms = c->batch->timeout_ms },
        .max_reply = rules->max_bytes,
    };
    c->status = 0;
    buf_clear(&c->heard);
    if (!is_fit(req.url))
        return !fault_set(fault, ERR_UNSUPPORTED, 0, "'%.*s' is no address to fetch from",
                          (int)(c->item->url.n < 120 ? c->item->url.n : 120), c->item->url.p);
    c->call = upstream_start(c->batch->fetcher->upstream, &req, &handler, c, fault);
    return c->call;
}

static bool
is_redirection(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where the reply leads to, from where it came; never from https to http. */
static char *
resolve(const struct media_call *c)
{
    CURLU *u = curl_url();
    char *from = c->url ? strdup(c->url) : strndup(c->item->url.p, c->item->url.n), *to = NULL;
    bool ok = u && from && curl_url_set(u, CURLUPART_URL, from, 0) == CURLUE_OK
              && curl_url_set(u, CURLUPART_URL, c->location, 0) == CURLUE_OK
              && curl_url_get(u, CURLUPART_URL, &to, 0) == CURLUE_OK;
    bool weaker = ok && str_starts(str_from(from), STR("https://"))
                  && !str_starts(str_from(to), STR("https://"));
    curl_url_cleanup(u);
    free(from);
    if (!weaker)
        return to;
    curl_free(to);
    return NULL;
}

static void
follow(struct media_call *c)
{
    struct fault f;
    char *to = c->redirects < c->batch->fetcher->rules.redirects ? resolve(c) : NULL;
    c->redirects++;
    curl_free(c->url);
    c->url = to;
    free(c->location);
    c->location = NULL;
    if (!to || !ask(c, &f))
        fail(c, "its redirections lead nowhere");
}

static void
on_head(void *ctx, const struct upstream_head *head)
{
    struct media_call *c = ctx;
    struct str type = upstream_head_get(head, STR("content-type"));
    struct str location = upstream_head_get(head, STR("location"));
    size_t n = type.n < sizeof c->type ? type.n : 0;
    c->status = head->status;
    memcpy(c->type, n ? type.p : "", n);
    c->type[n] = '\0';
    if (is_redirection(head->status) && location.n && location.n <= ADDRESS_MAX)
        c->location = strndup(location.p, location.n);
}

static void
on_data(void *ctx, const char *p, size_t n)
{
    struct media_call *c = ctx;
    struct media_batch *b = c->batch;
    if (c->status != 200)
        return;
    b->bytes += n;
    buf_put(&c->heard, p, n);
    if (b->bytes > b->fetcher->rules.max_bytes || c->heard.err)
        fail(c, "it is too large");
}

static void
on_done(void *ctx, const struct upstream_report *report)
{
    struct media_call *c = ctx;
    c->call = NULL;
    switch (report->result) {
    case UPSTREAM_OK:
        break;
    case UPSTREAM_TOO_LARGE:
        fail(c, "it is too large");
        return;
    case UPSTREAM_TIMEOUT_CONNECT:
    case UPSTREAM_TIMEOUT_FIRST_BYTE:
    case UPSTREAM_TIMEOUT_IDLE:
    case UPSTREAM_TIMEOUT_TOTAL:
        fail(c, "it took too long");
        return;
    default:
        fail(c, "its host cannot be reached, or is not public");
        return;
    }
    if (is_redirection(c->status) && c->location)
        follow(c);
    else if (c->status == 200)
        finish(c);
    else
        fail(c, "its server does not give it");
}

static const struct upstream_handler handler = {
    .head = on_head,
    .data = on_data,
    .done = on_done,
};

bool
media_batch_start(struct media_batch *b, struct media_fetcher *f, const struct media_rules *rules,
                  struct fault *fault)
{
    const struct upstream_options options = {
        .vet = vet, .vet_ctx = f, .idle_link_ms = IDLE_MS, .idle_multi_ms = IDLE_MS
    };
    f->rules = *rules;
    if (!f->upstream)
        f->upstream = upstream_create(f->base, &options);
    b->calls = f->upstream ? calloc(b->n, sizeof *b->calls) : NULL;
    if (!b->calls)
        return !fault_set(fault, ERR_MEMORY, 0, "the gateway is out of memory");
    b->fetcher = f;
    b->waiting = b->n;
    b->timeout_ms = rules->timeout_ms;
    b->bytes = 0;
    for (unsigned i = 0; i < b->n; i++) {
        b->calls[i] = (struct media_call){ .batch = b, .item = &b->items[i] };
        buf_init(&b->calls[i].heard, rules->max_bytes);
    }
    for (unsigned i = 0; i < b->n; i++) {
        if (ask(&b->calls[i], fault))
            continue;
        f->stats.refused++;
        release(b);
        return false;
    }
    return true;
}
