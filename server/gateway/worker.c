/* Threads and their loops. */
#include "server/gateway/worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "server/gateway/admin.h"
#include "server/gateway/clock.h"
#include "server/gateway/pages.h"
#include "server/gateway/pursuit.h"
#include "server/gateway/spans.h"
#include "server/http/listener.h"
#include "server/log/log.h"
#include "server/upstream/upstream.h"

#define POOL_MAX       128u               /* exchanges kept for the next requests */
#define KEPT_MAX       ((size_t)32 << 10) /* bytes of an arena kept with one */
#define TAPE_MAX       ((size_t)64 << 20) /* what a request may take beside its body ... */
#define TAPE_PER_BODY  8u                 /* ... and for each of its bytes */
#define ARENA_MAX      ((size_t)64 << 20)
#define SCRATCH_MAX    ((size_t)256 << 20)
#define OUT_MAX        ((size_t)64 << 20)
#define OUT_KEPT       ((size_t)1 << 20)
#define SPARE_MAX      ((size_t)4 << 20)
#define LINGER_MS      2000u
#define LAST_WORDS_MS  200u
#define PENDING_MARGIN 2u /* a whole reply, its copy in the client's dialect */

/* --- requests ------------------------------------------------------------------------------ */

static void
on_request(void *ctx, struct http_exchange *http)
{
    struct worker *w = ctx;
    const struct http_head *head = http_exchange_head(http);
    struct front f;
    if (str_is(head->method, "POST"))
        f = front_recall(&w->front, head->path, head->query);
    else
        f = front_of_request(head->method, head->path, head->query);
    if (w->role == WORKER_ADMIN)
        admin_answer(w, http);
    else if (f.dialect)
        exchange_start(w, http, f);
    else
        pages_answer(w, http);
    buf_shrink(&w->out, OUT_KEPT);
}

static void
on_gone(void *ctx, struct http_exchange *http)
{
    (void)ctx;
    exchange_gone(http_exchange_data(http));
}

static void
on_drained(void *ctx, struct http_exchange *http)
{
    (void)ctx;
    exchange_drained(http_exchange_data(http));
}

static void
on_error(void *ctx, struct http_exchange *http, int status, const char *reason)
{
    pages_refuse(ctx, http, status, reason);
}

static void
on_expired(void *ctx, struct deadline *d, unsigned kind)
{
    (void)ctx;
    size_t at = kind == EXCHANGE_WATCH ? offsetof(struct exchange, watch)
                                       : offsetof(struct exchange, deadline);
    exchange_expired((struct exchange *)((char *)d - at), kind);
}

/* --- the pool ------------------------------------------------------------------------------ */

static void
make_legs(struct exchange *x)
{
    x->legs[0] = x->legs[1] = (struct race_leg){ x };
    x->attempt.leg = &x->legs[0];
}

static struct exchange *
make_exchange(struct worker *w)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->worker = w;
    arena_init(&x->arena, ARENA_MAX);
    attempt_init(&x->attempt);
    make_legs(x);
    return x;
}

struct exchange *
worker_lend(struct worker *w)
{
    const struct gateway *g = worker_gateway(w);
    struct tape *tape = tape_take(&w->tapes, TAPE_MAX + TAPE_PER_BODY * g->config->server.max_body);
    struct exchange *x = TAILQ_FIRST(&w->pool);
    if (x) {
        TAILQ_REMOVE(&w->pool, x, link);
        w->n_pool--;
    } else {
        x = make_exchange(w);
    }
    if (!x || !tape) {
        tape_put(&w->tapes, tape);
        if (x)
            exchange_destroy(x);
        return NULL;
    }
    x->tape = tape;
    x->lease = lease_take(w->lease);
    x->gateway = g;
    TAILQ_INSERT_TAIL(&w->running, x, link);
    return x;
}

/* Keep what is small. */
static void
tidy(struct arena *a)
{
    if (a->total > KEPT_MAX)
        arena_fini(a);
    else
        arena_reset(a);
}

/* What is kept of an attempt. */
struct attempt_memory {
    struct arena arena;
    struct buf body, collected;
    struct stream *stream;
};

static struct attempt_memory
memory_of(struct attempt *a)
{
    tidy(&a->arena);
    return (struct attempt_memory){ a->arena, a->body, a->collected, a->stream };
}

static void
give_memory(struct attempt *a, const struct attempt_memory *m)
{
    a->arena = m->arena;
    a->body = m->body;
    a->collected = m->collected;
    a->stream = m->stream;
}

void
worker_give_back(struct worker *w, struct exchange *x)
{
    TAILQ_REMOVE(&w->running, x, link);
    lease_drop(x->lease);
    if (w->n_pool == POOL_MAX) {
        exchange_destroy(x);
        return;
    }
    tidy(&x->arena);
    race_forget(x);
    const struct attempt_memory attempt = memory_of(&x->attempt);
    *x = (struct exchange){ .worker = w, .arena = x->arena, .timer = x->timer };
    give_memory(&x->attempt, &attempt);
    make_legs(x);
    TAILQ_INSERT_HEAD(&w->pool, x, link);
    w->n_pool++;
}

/* --- the configuration --------------------------------------------------------------------- */

static unsigned
clamp_ms(uint64_t ms)
{
    return ms > UINT32_MAX ? UINT32_MAX : (unsigned)ms;
}

static struct http_limits
limits_of(const struct gateway *g)
{
    const struct config_server *c = &g->config->server;
    struct http_limits limits = HTTP_LIMITS;
    limits.max_connections = c->max_connections / g->service->n_workers + 1;
    limits.max_body = c->max_body;
    limits.head_ms = clamp_ms(c->head_timeout);
    limits.body_ms = clamp_ms(c->body_timeout);
    limits.idle_ms = clamp_ms(c->idle_timeout);
    limits.max_pending = PENDING_MARGIN * OUT_MAX;
    return limits;
}

static void
take_over(struct worker *w, struct gateway *g)
{
    struct lease *l = lease_create(g, w->upstream, w->lease);
    if (!l) {
        log_msg(w->service->log, LOG_LEVEL_ERROR, "reload", "a worker is out of memory");
        return;
    }
    const struct http_limits limits = limits_of(g);
    http_server_set_limits(w->http, &limits);
    http_server_set_tls(w->http, g->tls);
    deadlines_set_length(&w->deadlines, EXCHANGE_KEEPALIVE,
                         clamp_ms(g->config->server.keepalive_comment));
    measure_forget(&w->measured);
    lease_drop(w->lease);
    w->lease = l;
}

const struct gateway *
worker_gateway(struct worker *w)
{
    if (atomic_load_explicit(&w->mail, memory_order_relaxed)) {
        struct gateway *g = atomic_exchange_explicit(&w->mail, NULL, memory_order_acquire);
        if (g)
            take_over(w, g);
    }
    return w->lease->gateway;
}

static void
poke(void *ctx)
{
    struct worker *w = ctx;
    waker_wake(&w->waker);
}

void
worker_adopt(struct worker *w, struct gateway *g)
{
    gateway_drop(atomic_exchange_explicit(&w->mail, g, memory_order_acq_rel));
    poke(w);
}

/* --- orders -------------------------------------------------------------------------------- */

static void
on_drain_done(void *ctx)
{
    struct worker *w = ctx;
    event_base_loopbreak(w->base);
}

/* Tell the clients that still wait, and give the words time to leave. */
static void
stop(struct worker *w)
{
    const struct timeval tv = { 0, LAST_WORDS_MS * 1000 };
    struct exchange *x = TAILQ_FIRST(&w->running);
    while (x) {
        struct exchange *next = TAILQ_NEXT(x, link);
        exchange_stop(x);
        x = next;
    }
    http_server_drain(w->http, on_drain_done, w);
    event_base_loopexit(w->base, &tv);
}

static void
on_drain_timeout(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    stop(ctx);
}

static void
drain(struct worker *w)
{
    uint64_t ms = w->lease->gateway->config->server.drain_timeout;
    struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000 };
    event_add(w->drain_event, &tv);
    http_server_drain(w->http, on_drain_done, w);
}

static void
on_poke(void *ctx)
{
    struct worker *w = ctx;
    worker_gateway(w);
    for (struct bell_note *n; (n = bell_take(&w->bell));)
        limits_tell(n);
    enum worker_order order = atomic_load(&w->order);
    if (order == w->obeyed)
        return;
    w->obeyed = order;
    switch (order) {
    case WORKER_RUN:
        break;
    case WORKER_DRAIN:
        drain(w);
        break;
    case WORKER_LEAVE:
        http_server_leave(w->http, on_drain_done, w);
        break;
    case WORKER_STOP:
        stop(w);
        break;
    }
}

void
worker_tell(struct worker *w, enum worker_order order)
{
    atomic_store(&w->order, order);
    poke(w);
}

/* --- the life of a worker ------------------------------------------------------------------ */

static struct event_base *
make_base(void)
{
    struct event_config *c = event_config_new();
    if (!c)
        return NULL;
    event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(c);
    event_config_free(c);
    return base;
}

static struct http_server *
make_http(struct worker *w, const struct gateway *g)
{
    const struct http_limits limits = limits_of(g);
    const struct http_handler handler = {
        .ctx = w, .request = on_request, .gone = on_gone, .drained = on_drained, .error = on_error
    };
    return http_server_create(w->base, &limits, &handler);
}

static bool
make_deadlines(struct worker *w, const struct gateway *g)
{
    unsigned ms[DEADLINE_KINDS] = {
        [EXCHANGE_KEEPALIVE] = clamp_ms(g->config->server.keepalive_comment),
        [EXCHANGE_LINGER] = LINGER_MS,
        [EXCHANGE_WATCH] = (unsigned)(RIVAL_WATCH_NS / 1000000),
    };
    return deadlines_init(&w->deadlines, w->base, ms, on_expired, w) == 0;
}

static bool
make_phases(struct worker *w)
{
    static void (*const steps[EXCHANGE_PHASES])(struct exchange *) = {
        [EXCHANGE_ARRIVAL] = exchange_read,
        [EXCHANGE_ENTRY] = exchange_admitted,
        [EXCHANGE_PURSUIT] = pursuit_begin,
        [EXCHANGE_EPILOGUE] = exchange_tell,
    };
    for (unsigned i = 0; i < EXCHANGE_PHASES; i++)
        if (!phase_init(&w->phases[i], w->base, steps[i]))
            return false;
    return true;
}

static bool
make_parts(struct worker *w, struct gateway *g)
{
    uint64_t seed = 0;
    w->base = make_base();
    if (!w->base || !make_deadlines(w, g) || !shedding_init(w) || !make_phases(w))
        return false;
    w->http = make_http(w, g);
    w->upstream = upstream_create(w->base, NULL);
    media_fetcher_init(&w->media, w->base);
    if (!w->http || !w->upstream)
        return false;
    w->lease = lease_create(gateway_hold(g), w->upstream, NULL);
    if (!w->lease)
        return false;
    w->drain_event = evtimer_new(w->base, on_drain_timeout, w);
    if (w->service->metrics && !(w->shard = metrics_join(w->service->metrics)))
        return false;
    if (getrandom(&seed, sizeof seed, 0) < 0)
        seed = (uintptr_t)w ^ clock_wall_ms();
    dice_init(&w->dice, seed);
    return w->drain_event && waker_listen(&w->waker, w->base);
}

struct worker *
worker_create(struct gateway *g, enum worker_role role, int done_fd, struct fault *f)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w) {
        fault_set(f, ERR_MEMORY, 0, "out of memory");
        return NULL;
    }
    *w = (struct worker){ .service = g->service, .role = role, .done_fd = done_fd };
    const bool awake = waker_init(&w->waker, on_poke, w);
    bell_init(&w->bell, poke, w);
    TAILQ_INIT(&w->running);
    TAILQ_INIT(&w->pool);
    buf_init(&w->spare, SPARE_MAX);
    buf_init(&w->out, OUT_MAX);
    buf_init(&w->spans, SPANS_MAX);
    arena_init(&w->scratch, SCRATCH_MAX);
    json_doc_init(&w->doc);
    if (awake && make_parts(w, g))
        return w;
    fault_set(f, ERR_MEMORY, 0, "out of memory or descriptors");
    worker_destroy(w);
    return NULL;
}

enum err
worker_listen(struct worker *w, int fd)
{
    return http_listener_create(w->http, fd, w->lease->gateway->tls);
}

/* Whatever still runs when the loop is left is cut here: calls without a client, as a rule. */
static void
cut(struct worker *w)
{
    struct exchange *x;
    if (w->http)
        http_server_destroy(w->http);
    w->http = NULL;
    while ((x = TAILQ_FIRST(&w->running)))
        exchange_release(x);
}

static void *
run(void *arg)
{
    struct worker *w = arg;
    uint64_t one = 1;
    event_base_dispatch(w->base);
    cut(w);
    (void)!write(w->done_fd, &one, sizeof one);
    return NULL;
}

bool
worker_start(struct worker *w)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    w->started = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return w->started;
}

void
worker_destroy(struct worker *w)
{
    struct exchange *x;
    if (!w)
        return;
    if (w->started)
        pthread_join(w->thread, NULL);
    cut(w);
    while ((x = TAILQ_FIRST(&w->pool))) {
        TAILQ_REMOVE(&w->pool, x, link);
        exchange_destroy(x);
    }
    lease_drop(w->lease);
    gateway_drop(atomic_load(&w->mail));
    media_fetcher_fini(&w->media);
    if (w->upstream)
        upstream_destroy(w->upstream);
    waker_deafen(&w->waker);
    if (w->drain_event)
        event_free(w->drain_event);
    deadlines_fini(&w->deadlines);
    shedding_fini(w);
    for (unsigned i = 0; i < EXCHANGE_PHASES; i++)
        phase_fini(&w->phases[i]);
    if (w->base)
        event_base_free(w->base);
    waker_fini(&w->waker);
    metrics_leave(w->shard);
    bell_fini(&w->bell);
    tape_rack_fini(&w->tapes);
    buf_fini(&w->spare);
    buf_fini(&w->out);
    buf_fini(&w->spans);
    arena_fini(&w->scratch);
    json_doc_fini(&w->doc);
    free(w);
}
