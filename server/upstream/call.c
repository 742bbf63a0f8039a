/* A call: taking its request over, its deadlines. */
#include <stdlib.h>
#include <string.h>

#include "server/upstream/client.h"

#define HEAD_MAX     ((size_t)1 << 20) /* of a request */
#define HEAD_KEPT    2048              /* of the memory for it, from call to call */
#define HEADERS_KEPT 64                /* of a reply: room for them, from call to call */

bool
upstream_deliver(struct upstream_call *c, const char *p, size_t n, uint64_t now)
{
    if (c->max_reply && n > c->max_reply - c->bytes) {
        c->verdict = UPSTREAM_TOO_LARGE;
        return false;
    }
    c->last = now;
    if (!c->first) {
        c->first = c->last;
        upstream_rearm(c);
    }
    c->bytes += n;
    if (c->handler->data)
        c->handler->data(c->ctx, p, n);
    return c->state == CALL_RUNNING;
}

struct upstream_words *
upstream_words(struct upstream_call *c)
{
    if (!c->words)
        c->words = calloc(1, sizeof *c->words);
    return c->words ? c->words : &c->u->words;
}

/* The array for headers, from the client and back. */
static void
borrow_headers(struct upstream_call *c)
{
    struct upstream *u = c->u;
    c->head.v = u->headers;
    c->head.room = u->room_headers;
    u->headers = NULL;
    u->room_headers = 0;
}

static void
return_headers(struct upstream_call *c)
{
    struct upstream *u = c->u;
    struct upstream_header *v = c->head.v;
    unsigned room = c->head.room;
    reply_head_part(&c->head);
    if (u->headers || room > HEADERS_KEPT) {
        free(v);
        return;
    }
    u->headers = v;
    u->room_headers = room;
}

bool
upstream_end_head(struct upstream_call *c, int status)
{
    borrow_headers(c);
    bool whole = reply_head_end(&c->head, status);
    if (!whole)
        return_headers(c);
    return whole;
}

void
upstream_tell_head(struct upstream_call *c, bool told)
{
    if (told && c->handler->head)
        c->handler->head(c->ctx, &c->head.view);
    return_headers(c);
}

static void
on_deadline(void *arg)
{
    upstream_expire(arg);
}

struct upstream_call *
upstream_call_create(struct upstream *u)
{
    struct upstream_call *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->u = u;
    reply_head_init(&c->head);
    buf_init(&c->wire.head, HEAD_MAX);
    lazy_timer_init(&c->timer, u->base, on_deadline, c);
    return c;
}

void
upstream_call_destroy(struct upstream_call *c)
{
    curl_easy_cleanup(c->transfer.easy);
    lazy_timer_fini(&c->timer);
    request_lines_fini(&c->lines);
    reply_head_fini(&c->head);
    free(c->words);
    buf_fini(&c->wire.head);
    parsed_url_put(c->url);
    free(c);
}

static bool
is_method(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    return s.n > 0 && s.n <= UPSTREAM_METHOD_MAX;
}

/* Everything for wire.c.  False when memory is short. */
static bool
wire_prepare(struct upstream_call *c, const struct upstream_request *req)
{
    struct wire *w = &c->wire;
    w->site = site_find(&c->u->sites, c->url, c->trust);
    if (w->site)
        w->site->users++;
    bool joined = request_head_make(&w->head, req, c->url);
    if (joined)
        c->body = (struct str){ NULL, 0 };
    w->head_size = w->head.n;
    return w->site && !w->head.err;
}

enum err
upstream_call_prepare(struct upstream_call *c, const struct upstream_request *req, struct fault *f)
{
    if (!is_method(req->method))
        return fault_set(f, ERR_SYNTAX, 0, "request: \"%.*s\" is not a method",
                         STR_ARG(req->method));
    enum err err = request_check(req, f);
    if (err)
        return err;
    c->url = parsed_url_get(&c->u->urls, req->url, f);
    if (!c->url)
        return ERR_SYNTAX;
    c->direct = req->http == UPSTREAM_HTTP1 && req->proxy.n == 0;
    c->no_body = str_is(req->method, "HEAD");
    c->body = req->body;
    c->deadlines = req->deadlines;
    c->max_reply = req->max_reply;
    c->trust = trust_find(&c->u->trusts, req->ca_file);
    bool ok = c->trust
              && (c->direct ? wire_prepare(c, req)
                            : request_lines_make(&c->lines, req) && transfer_prepare(c, req));
    return ok ? ERR_OK : fault_set(f, ERR_MEMORY, 0, "request: no memory");
}

void
upstream_call_clear(struct upstream_call *c)
{
    reply_head_clear(&c->head);
    parsed_url_put(c->url);
    lazy_timer_set(&c->timer, LAZY_TIMER_OFF);
    c->url = NULL;
    c->handler = NULL;
    c->body = (struct str){ 0 };
    c->body_read = 0;
    c->body_small = false;
    if (c->wire.site)
        c->wire.site->users--;
    struct buf head = c->wire.head;
    buf_shrink(&head, HEAD_KEPT);
    c->wire = (struct wire){ .head = head };
    c->connecting = c->entered = false;
    c->connects = 0;
    c->dialled = 0;
    c->connected = 0;
    c->paused = c->stuck = false;
    c->verdict = UPSTREAM_OK;
    c->bytes = c->first = c->last = c->ended = 0;
    if (c->words)
        c->words->error[0] = '\0';
    c->state = CALL_POOLED;
}

static void
earlier(uint64_t *due, enum upstream_result *which, uint64_t from, unsigned ms,
        enum upstream_result r)
{
    if (ms && from + (uint64_t)ms * 1000 < *due) {
        *due = from + (uint64_t)ms * 1000;
        *which = r;
    }
}

uint64_t
upstream_call_deadline(const struct upstream_call *c, enum upstream_result *which)
{
    const struct upstream_deadlines *d = &c->deadlines;
    uint64_t due = LAZY_TIMER_OFF;
    if (c->connecting)
        earlier(&due, which, c->connects_from, d->connect_ms, UPSTREAM_TIMEOUT_CONNECT);
    earlier(&due, which, c->start, d->total_ms, UPSTREAM_TIMEOUT_TOTAL);
    if (c->paused)
        return due;
    if (!c->first)
        earlier(&due, which, c->start, d->first_byte_ms, UPSTREAM_TIMEOUT_FIRST_BYTE);
    else
        earlier(&due, which, c->last, d->idle_ms, UPSTREAM_TIMEOUT_IDLE);
    return due;
}
