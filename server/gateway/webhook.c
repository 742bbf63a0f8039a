/* A queue, a thread, and calls that are tried again. */
#include "server/gateway/webhook.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/dice.h"
#include "runtime/base/utf8.h"
#include "runtime/json/writer.h"
#include "runtime/xd/moment.h"
#include "server/gateway/aside.h"
#include "server/gateway/clock.h"
#include "server/log/log.h"
#include "server/version.h"

#define NAME_MAX_BYTES 128u /* of a name that is told; the rest is cut */
#define BODY_MAX       ((size_t)16 << 10)
#define ARENA_MAX      ((size_t)256 << 10)
#define REPLY_MAX      ((uint64_t)1 << 20)
#define HEADERS        4u
#define MS             ((uint64_t)1000 * 1000)
#define PAUSE_MOST     (60000 * MS)
#define NOBODY         "there is no address any more"

struct change {
    char deployment[NAME_MAX_BYTES], model[NAME_MAX_BYTES];
    unsigned n_deployment, n_model;
    const char *what, *from, *to;
    uint64_t at_us; /* since 1970 */
    uint64_t number;
};

struct webhook {
    struct service *service; /* borrowed */
    struct aside aside;
    _Atomic(struct gateway *) mail; /* owned: a snapshot to be taken over; NULL: none */
    atomic_uint_fast64_t sent, failed, dropped;

    pthread_mutex_t lock; /* of the queue: */
    struct change queue[CONFIG_WEBHOOK_QUEUE];
    unsigned first, n;
    unsigned room; /* 0: nobody is to be told */
    uint64_t number;

    struct gateway *gateway; /* the thread's, as is all that follows; owned: one hold; NULL: none */
    struct upstream_call *call;
    bool busy; /* a change is being sent, or waits for its next try */
    struct change change;
    unsigned tries; /* that it has had */
    int status;
    struct arena arena;
    struct buf body;
    struct dice dice;
};

/* --- what is sent ---------------------------------------------------------------------------- */

static void
put_str(struct jw *j, const char *key, struct str value)
{
    jw_key(j, str_from(key));
    jw_string(j, value);
}

static struct str
text_of(const struct change *c, struct arena *a)
{
    return arena_printf(a, "llmux: %s of %.*s (%.*s): %s, was %s", c->what, (int)c->n_deployment,
                        c->deployment, (int)c->n_model, c->model, c->to, c->from);
}

static void
write_body(struct webhook *w)
{
    const struct change *c = &w->change;
    char at[XD_MOMENT_TEXT];
    struct jw j;
    buf_clear(&w->body);
    jw_init(&j, &w->body);
    jw_object(&j);
    put_str(&j, "text", text_of(c, &w->arena));
    put_str(&j, "event", str_from(c->what));
    put_str(&j, "deployment", str_make(c->deployment, c->n_deployment));
    put_str(&j, "model", str_make(c->model, c->n_model));
    put_str(&j, "from", str_from(c->from));
    put_str(&j, "to", str_from(c->to));
    size_t n = xd_moment_write(at, XD_MOMENT_TIME, c->at_us / 1000000 * 1000 * MS, 0);
    put_str(&j, "at", str_make(at, n));
    put_str(&j, "service", w->gateway->config->telemetry.service);
    put_str(&j, "id",
            arena_printf(&w->arena, "%" PRIu64 "-%ld-%" PRIu64, w->service->started, (long)getpid(),
                         c->number));
    jw_close(&j);
}

struct str
webhook_signature(struct str secret, uint64_t at, struct str body, struct arena *a)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct str text = arena_printf(a, "%" PRIu64 ".%.*s", at, STR_ARG(body));
    if (!HMAC(EVP_sha256(), secret.p, (int)secret.n, (const unsigned char *)text.p, text.n, mac,
              &n))
        return (struct str){ NULL, 0 };
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    for (unsigned i = 0; i < n; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", mac[i]);
    return arena_printf(a, "t=%" PRIu64 ",v1=%s", at, hex);
}

/* --- sending --------------------------------------------------------------------------------- */

static void on_again(evutil_socket_t fd, short what, void *ctx);
static void send_next(struct webhook *w);

static void
settle(struct webhook *w, atomic_uint_fast64_t *count)
{
    atomic_fetch_add(count, 1);
    w->busy = false;
}

static void
settle_untold(struct webhook *w, const char *why, atomic_uint_fast64_t *count)
{
    log_msg(w->service->log, LOG_LEVEL_WARN, "webhook", "%s of %.*s is not told: %s",
            w->change.what, (int)w->change.n_deployment, w->change.deployment, why);
    settle(w, count);
}

static void
give_up(struct webhook *w, const char *why)
{
    settle_untold(w, why, &w->failed);
}

static void
try_later(struct webhook *w, const char *why)
{
    const struct config_webhook *c = &w->gateway->config->resilience.webhook;
    const struct backoff_options o = { c->backoff * MS, PAUSE_MOST };
    if (w->tries >= c->tries) {
        give_up(w, why);
        return;
    }
    uint64_t us = backoff_ns(&o, w->tries - 1, dice_next(&w->dice), 0) / 1000;
    struct timeval tv = { (time_t)(us / 1000000), (suseconds_t)(us % 1000000) };
    if (event_base_once(w->aside.base, -1, EV_TIMEOUT, on_again, w, &tv) < 0)
        give_up(w, "out of memory");
}

static void
on_head(void *ctx, const struct upstream_head *head)
{
    ((struct webhook *)ctx)->status = head->status;
}

/* What it did not understand it will not understand the next time. */
static void
on_done(void *ctx, const struct upstream_report *report)
{
    struct webhook *w = ctx;
    w->call = NULL;
    if (report->result != UPSTREAM_OK)
        try_later(w, upstream_result_name(report->result));
    else if (w->status >= 200 && w->status <= 299)
        settle(w, &w->sent);
    else if (w->status >= 500 || w->status == 408 || w->status == 429)
        try_later(w, "it cannot take it now");
    else
        give_up(w, "it was refused");
    send_next(w);
}

/* 0: it cannot be signed. */
static unsigned
make_headers(struct webhook *w, struct upstream_header *v)
{
    const struct config_webhook *c = &w->gateway->config->resilience.webhook;
    struct str signature = { NULL, 0 };
    unsigned n = 0;
    if (c->secret.p) {
        signature = webhook_signature(c->secret, clock_wall_s(), buf_str(&w->body), &w->arena);
        if (!signature.p)
            return 0;
    }
    v[n++] = (struct upstream_header){ STR("content-type"), STR("application/json") };
    v[n++] = (struct upstream_header){ STR("user-agent"), STR("llmux/" LLMUX_VERSION) };
    if (signature.p)
        v[n++] = (struct upstream_header){ STR("x-llmux-signature"), signature };
    for (unsigned i = 0; i < c->headers.n; i++)
        v[n++] = (struct upstream_header){ c->headers.v[i].key, c->headers.v[i].value };
    return n;
}

static void
send_change(struct webhook *w)
{
    static const struct upstream_handler handler = { on_head, NULL, on_done };
    const struct config_webhook *c = &w->gateway->config->resilience.webhook;
    struct fault f = { .err = ERR_OK };
    arena_reset(&w->arena);
    write_body(w);
    struct upstream_header *headers = arena_alloc(&w->arena,
                                                  (HEADERS + c->headers.n) * sizeof *headers);
    const struct upstream_request req = {
        .method = STR("POST"),
        .url = c->url,
        .headers = headers,
        .n_headers = headers ? make_headers(w, headers) : 0,
        .body = buf_str(&w->body),
        .deadlines = { .total_ms = (unsigned)c->timeout },
        .max_reply = REPLY_MAX,
        .ca_file = c->ca_file,
    };
    w->tries++;
    w->status = 0;
    if (w->arena.full)
        (void)fault_set(&f, ERR_MEMORY, 0, "out of memory");
    else if (!req.n_headers)
        (void)fault_set(&f, ERR_UNSUPPORTED, 0, "it cannot be signed");
    else
        w->call = upstream_start(w->aside.upstream, &req, &handler, w, &f);
    if (!w->call)
        give_up(w, f.text);
}

static bool
take(struct webhook *w)
{
    pthread_mutex_lock(&w->lock);
    bool some = w->n > 0;
    if (some) {
        w->change = w->queue[w->first];
        w->first = (w->first + 1) % CONFIG_WEBHOOK_QUEUE;
        w->n--;
    }
    pthread_mutex_unlock(&w->lock);
    return some;
}

/* Nobody is to be told any more: what waits is of no use to who is told next. */
static void
drop_all(struct webhook *w)
{
    pthread_mutex_lock(&w->lock);
    unsigned n = w->n;
    w->n = 0;
    pthread_mutex_unlock(&w->lock);
    if (!n)
        return;
    atomic_fetch_add(&w->dropped, n);
    log_msg(w->service->log, LOG_LEVEL_WARN, "webhook", "%u change%s not told: " NOBODY, n,
            n == 1 ? " is" : "s are");
}

static bool
has_address(const struct webhook *w)
{
    return w->gateway && w->gateway->config->resilience.webhook.url.p;
}

static void
send_next(struct webhook *w)
{
    if (!has_address(w))
        drop_all(w);
    while (!w->busy && has_address(w) && take(w)) {
        w->busy = true;
        w->tries = 0;
        send_change(w);
    }
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
    struct webhook *w = ctx;
    (void)fd, (void)what;
    if (has_address(w))
        send_change(w);
    else
        settle_untold(w, NOBODY, &w->dropped);
    send_next(w);
}

/* --- the thread ------------------------------------------------------------------------------ */

static void
on_order(void *ctx)
{
    struct webhook *w = ctx;
    struct gateway *g = atomic_exchange(&w->mail, NULL);
    if (g) {
        gateway_drop(w->gateway);
        w->gateway = g;
    }
    send_next(w);
}

static void
on_end(void *ctx)
{
    struct webhook *w = ctx;
    upstream_cancel(w->call);
}

/* --- from other threads ---------------------------------------------------------------------- */

struct webhook *
webhook_create(struct service *s)
{
    struct webhook *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->service = s;
    dice_init(&w->dice, clock_wall_us());
    pthread_mutex_init(&w->lock, NULL);
    arena_init(&w->arena, ARENA_MAX);
    buf_init(&w->body, BODY_MAX);
    if (aside_init(&w->aside, on_order, on_end, w))
        return w;
    webhook_destroy(w);
    return NULL;
}

static void
changed(void *ctx, const struct guarded_name *name, enum breaker_state from, enum breaker_state to)
{
    webhook_put(ctx, "breaker", name, breaker_state_name(from), breaker_state_name(to));
}

void
webhook_watch(struct webhook *w, struct guards *g)
{
    (void)guards_watch(g, &(struct guards_watch){ changed, w });
}

void
webhook_adopt(struct webhook *w, struct gateway *g)
{
    const struct config_webhook *c = &g->config->resilience.webhook;
    if (!w->aside.started && (!c->url.p || !aside_start(&w->aside))) {
        if (c->url.p)
            log_msg(w->service->log, LOG_LEVEL_ERROR, "webhook", "no thread can be had");
        gateway_drop(g);
        return;
    }
    /* What is in the mail is the thread's. */
    const unsigned room = c->url.p ? c->queue : 0;
    gateway_drop(atomic_exchange(&w->mail, g));
    pthread_mutex_lock(&w->lock);
    w->room = room; /* not before the thread can know the address */
    pthread_mutex_unlock(&w->lock);
    aside_poke(&w->aside);
}

void
webhook_destroy(struct webhook *w)
{
    if (!w)
        return;
    aside_join(&w->aside);
    gateway_drop(atomic_load(&w->mail));
    gateway_drop(w->gateway);
    aside_fini(&w->aside);
    pthread_mutex_destroy(&w->lock);
    arena_fini(&w->arena);
    buf_fini(&w->body);
    free(w);
}

static unsigned
copy_name(char *to, struct str name)
{
    name = utf8_cut(name, NAME_MAX_BYTES);
    memcpy(to, name.p, name.n);
    return (unsigned)name.n;
}

void
webhook_put(struct webhook *w, const char *what, const struct guarded_name *name, const char *from,
            const char *to)
{
    if (!w)
        return;
    /* Clients make up names that a wildcard takes, and the operator's address is somebody else: no more than the log says.
     * Masked before it is cut, which might be within a secret. */
    struct arena masked;
    arena_init(&masked, ARENA_MAX);
    struct str model = w->service->log ? log_masked(w->service->log, name->model, &masked)
                                       : name->model;
    pthread_mutex_lock(&w->lock);
    bool wanted = w->room > 0, fits = w->n < w->room;
    if (fits) {
        struct change *c = &w->queue[(w->first + w->n++) % CONFIG_WEBHOOK_QUEUE];
        *c = (struct change){ .what = what, .from = from, .to = to, .at_us = clock_wall_us() };
        c->number = ++w->number;
        c->n_deployment = copy_name(c->deployment, name->deployment);
        c->n_model = copy_name(c->model, model);
    }
    pthread_mutex_unlock(&w->lock);
    arena_fini(&masked);
    if (fits)
        aside_poke(&w->aside);
    else if (wanted)
        atomic_fetch_add(&w->dropped, 1);
}

struct webhook_counts
webhook_counts(struct webhook *w)
{
    return (struct webhook_counts){ atomic_load(&w->sent), atomic_load(&w->failed),
                                    atomic_load(&w->dropped) };
}
