/* The client as its owner sees it: starting, steering and ending calls.  client.h tells how the
 * pieces fit. */
#include "server/upstream/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "server/upstream/client.h"
#include "server/upstream/curl_library.h"

void
upstream_kick(struct upstream *u)
{
    event_active(&u->kick, EV_TIMEOUT, 0);
}

static void
enqueue(struct upstream_call *c)
{
    if (c->queued)
        return;
    c->queued = true;
    TAILQ_INSERT_TAIL(&c->u->queue, c, queue_link);
    upstream_kick(c->u);
}

static void
unlink_all(struct upstream_call *c)
{
    struct upstream *u = c->u;
    if (c->queued)
        TAILQ_REMOVE(&u->queue, c, queue_link);
    c->queued = false;
}

/* No longer on its way. */
static void
part(struct upstream_call *c)
{
    multi_remove(c->u, &c->transfer);
    wire_let_go(c);
    unlink_all(c);
}

/* Back into the pool, or away. */
static void
recycle(struct upstream_call *c)
{
    struct upstream *u = c->u;
    part(c);
    TAILQ_REMOVE(&u->calls, c, link);
    u->stats.busy--;
    upstream_call_clear(c);
    if (u->stats.pooled >= u->options.idle_calls) {
        upstream_call_destroy(c);
        return;
    }
    TAILQ_INSERT_HEAD(&u->pool, c, link);
    u->stats.pooled++;
}

static void
report_wire(const struct upstream_call *c, struct upstream_report *r)
{
    r->connects = c->connects;
    r->sent = c->wire.sent > 0;
    r->reused = c->connects == 0 && r->sent;
    r->connect_us = c->connected ? c->connected - c->start : 0;
}

static void
report_curl(const struct upstream_call *c, struct upstream_report *r)
{
    CURL *e = c->transfer.easy;
    long connects = 0, sent = 0;
    curl_off_t ready = 0;
    curl_easy_getinfo(e, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(e, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(e, CURLINFO_PRETRANSFER_TIME_T, &ready);
    r->connects = (unsigned)connects;
    r->sent = sent > 0;
    r->reused = connects == 0 && r->sent;
    r->connect_us = connects ? (uint64_t)ready : 0;
}

/* curl counts from the start of the transfer, which is the start of the call. */
static void
time_curl(const struct upstream_call *c, struct upstream_timing *t)
{
    curl_off_t connected = 0, secured = 0;
    long connects = 0;
    curl_easy_getinfo(c->transfer.easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(c->transfer.easy, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(c->transfer.easy, CURLINFO_APPCONNECT_TIME_T, &secured);
    t->connect_us = connects ? (uint64_t)connected : 0;
    t->tls_us = connects && secured > connected ? (uint64_t)(secured - connected) : 0;
}

void
upstream_timing(const struct upstream_call *c, struct upstream_timing *t)
{
    *t = (struct upstream_timing){ .connect_us = c->dialled ? c->dialled - c->start : 0 };
    if (!c->direct)
        time_curl(c, t);
    else if (c->connected > c->dialled)
        t->tls_us = c->connected - c->dialled;
}

void
upstream_finish(struct upstream_call *c, enum upstream_result result, uint64_t now)
{
    struct upstream *u = c->u;
    struct upstream_report r = {
        .result = result,
        .message = str_from(result != UPSTREAM_OK ? upstream_words(c)->message : ""),
        .status = c->head.view.status,
        .bytes = c->bytes,
        .first_byte_us = c->first ? c->first - c->start : 0,
        .total_us = now - c->start,
    };
    if (c->direct)
        report_wire(c, &r);
    else
        report_curl(c, &r);
    c->ended = now;
    part(c);
    c->state = CALL_ENDED;
    u->stats.results[result]++;
    u->stats.connects += r.connects;
    u->stats.reused += r.reused;
    if (c->handler->done)
        c->handler->done(c->ctx, &r);
    recycle(c);
}

void
upstream_over(struct upstream_call *c, CURLcode code)
{
    if (c->state == CALL_RUNNING)
        upstream_finish(c, upstream_result_of(c, code), lazy_timer_now());
    else
        recycle(c);
}

void
upstream_reap_by(struct upstream *u, uint64_t due)
{
    if (due < u->reap.due)
        lazy_timer_set(&u->reap, due);
}

void
upstream_rearm(struct upstream_call *c)
{
    enum upstream_result ignored;
    lazy_timer_set(&c->timer, upstream_call_deadline(c, &ignored));
}

void
upstream_settle(struct multi *m)
{
    CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(m->curl, &left))) {
        struct transfer *t = NULL;
        CURLcode code = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
        t->over(t, code);
    }
}

void
upstream_expire(struct upstream_call *c)
{
    if (c->state != CALL_QUEUED && c->state != CALL_RUNNING)
        return;
    enum upstream_result which;
    uint64_t due = upstream_call_deadline(c, &which), now = lazy_timer_now();
    if (due > now) {
        lazy_timer_set(&c->timer, due);
        return;
    }
    upstream_result_message(c, which);
    upstream_finish(c, which, now);
}

static void
begin(struct upstream_call *c)
{
    c->state = CALL_RUNNING;
    if (c->direct) {
        wire_begin(c);
        return;
    }
    struct multi *m = multi_pick(c->u, c->trust);
    if (!m || multi_add(m, &c->transfer) != CURLM_OK) {
        upstream_result_message(c, UPSTREAM_MEMORY);
        upstream_finish(c, UPSTREAM_MEMORY, lazy_timer_now());
    }
}

static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct upstream *u = arg;
    struct upstream_call *c;
    struct multi *m;
    while ((c = TAILQ_FIRST(&u->queue))) {
        TAILQ_REMOVE(&u->queue, c, queue_link);
        c->queued = false;
        if (c->state == CALL_QUEUED)
            begin(c);
        else if (c->state == CALL_CANCELLED)
            recycle(c);
        else if (c->stuck && !c->paused) {
            c->stuck = false;
            if (c->direct)
                wire_resume(c);
            else
                multi_resume(c);
        }
    }
    while ((m = TAILQ_FIRST(&u->due))) {
        TAILQ_REMOVE(&u->due, m, due_link);
        m->due = false;
        multi_run(m, CURL_SOCKET_TIMEOUT, 0);
    }
}

static void
on_socket(void *owner, curl_socket_t fd, int events)
{
    multi_run(owner, fd, events);
}

/* Close the links and multis that have had nothing to do for long. */
static void
on_reap(void *arg)
{
    struct upstream *u = arg;
    uint64_t now = lazy_timer_now(), next = links_reap(u, now);
    for (unsigned i = u->n_multis; i-- > 1;) {
        struct multi *m = u->multis[i];
        if (m->busy)
            continue;
        uint64_t end = m->idle_since + (uint64_t)u->options.idle_multi_ms * 1000;
        if (end <= now)
            multi_destroy(m);
        else if (end < next)
            next = end;
    }
    lazy_timer_set(&u->reap, next);
}

bool
upstream_vets(const struct upstream *u, const struct curl_sockaddr *a)
{
    return !u->options.vet || u->options.vet(u->options.vet_ctx, &a->addr);
}

static void
init_options(struct upstream *u, const struct upstream_options *opts)
{
    if (opts)
        u->options = *opts;
    u->options.ca_file = (struct str){ 0 }; /* kept in u->trusts */
    if (!u->options.busy_per_multi)
        u->options.busy_per_multi = 96;
    if (!u->options.idle_calls)
        u->options.idle_calls = 256;
    if (!u->options.idle_multi_ms)
        u->options.idle_multi_ms = 60000;
    if (!u->options.idle_links)
        u->options.idle_links = 256;
    if (!u->options.idle_link_ms)
        u->options.idle_link_ms = 90000;
}

struct upstream *
upstream_create(struct event_base *base, const struct upstream_options *opts)
{
    struct upstream *u = calloc(1, sizeof *u);
    if (!u)
        return NULL;
    u->base = base;
    TAILQ_INIT(&u->queue);
    TAILQ_INIT(&u->calls);
    TAILQ_INIT(&u->pool);
    TAILQ_INIT(&u->due);
    TAILQ_INIT(&u->dials);
    init_options(u, opts);
    event_assign(&u->kick, base, -1, 0, on_kick, u);
    links_init(&u->links, base, wire_serve, u);
    lazy_timer_init(&u->reap, base, on_reap, u);
    sock_table_init(&u->socks, base, on_socket);
    u->input = malloc(UPSTREAM_INPUT);
    if (!u->input || !trust_table_init(&u->trusts, opts ? opts->ca_file : (struct str){ 0 })) {
        upstream_destroy(u);
        return NULL;
    }
    return u;
}

void
upstream_destroy(struct upstream *u)
{
    if (!u)
        return;
    struct upstream_call *c;
    while ((c = TAILQ_FIRST(&u->calls)))
        recycle(c);
    while ((c = TAILQ_FIRST(&u->pool))) {
        TAILQ_REMOVE(&u->pool, c, link);
        upstream_call_destroy(c);
    }
    dial_destroy_all(u);
    (void)links_reap(u, UINT64_MAX);
    while (u->n_multis)
        multi_destroy(u->multis[u->n_multis - 1]);
    free(u->multis);
    sock_table_fini(&u->socks);
    parsed_url_cache_fini(&u->urls);
    site_table_fini(&u->sites);
    trust_table_fini(&u->trusts);
    event_del(&u->kick);
    links_fini(&u->links);
    lazy_timer_fini(&u->reap);
    free(u->input);
    free(u->headers);
    free(u);
}

static struct upstream_call *
take_call(struct upstream *u)
{
    struct upstream_call *c = TAILQ_FIRST(&u->pool);
    if (!c)
        return upstream_call_create(u);
    TAILQ_REMOVE(&u->pool, c, link);
    u->stats.pooled--;
    return c;
}

struct upstream_call *
upstream_start(struct upstream *u, const struct upstream_request *req,
               const struct upstream_handler *h, void *ctx, struct fault *f)
{
    if (curl_library_load(f))
        return NULL;
    struct upstream_call *c = take_call(u);
    if (!c) {
        fault_set(f, ERR_MEMORY, 0, "request: no memory");
        return NULL;
    }
    TAILQ_INSERT_TAIL(&u->calls, c, link);
    u->stats.busy++;
    if (upstream_call_prepare(c, req, f)) {
        recycle(c);
        return NULL;
    }
    c->handler = h;
    c->ctx = ctx;
    c->start = req->now_us ? req->now_us : lazy_timer_now();
    c->state = CALL_QUEUED;
    c->connecting = c->direct;
    c->connects_from = c->start;
    u->stats.started++;
    upstream_rearm(c);
    enqueue(c);
    return c;
}

void
upstream_cancel(struct upstream_call *c)
{
    if (!c || (c->state != CALL_QUEUED && c->state != CALL_RUNNING))
        return;
    c->u->stats.cancelled++;
    struct multi *m = c->transfer.m;
    if (!c->entered && (!m || !m->inside)) {
        recycle(c);
        return;
    }
    c->state = CALL_CANCELLED; /* from here on nothing more is delivered */
    enqueue(c);
}

bool
upstream_release_body(struct upstream_call *c)
{
    bool sent = c->direct ? wire_is_sent(c) : c->body_small || c->body_read == c->body.n;
    if (c->head.view.status == 0 || !sent)
        return false;
    if (c->direct)
        wire_release_body(c);
    c->body = (struct str){ 0 };
    c->body_read = 0;
    return true;
}

void
upstream_pause(struct upstream_call *c)
{
    c->paused = true; /* on_data tells curl if more comes */
}

void
upstream_resume(struct upstream_call *c)
{
    if (!c->paused || (c->state != CALL_QUEUED && c->state != CALL_RUNNING))
        return;
    c->paused = false;
    if (c->first)
        c->last = lazy_timer_now();
    upstream_rearm(c);
    if (c->stuck)
        enqueue(c);
}

struct upstream_stats
upstream_stats(const struct upstream *u)
{
    struct upstream_stats s = u->stats;
    s.multis = u->n_multis;
    s.sockets = u->socks.open + u->links.open;
    return s;
}
