/* From bytes to requests: heads, bodies, and what is refused. */
#include <stdio.h>
#include <time.h>

#include "server/http/private.h"

/* A body of a known length up to this gets all of its room at once, which takes no memory until it
 * is written to; a longer one grows as it comes, and so large that growing moves pages, not bytes. */
#define TRUST_MAX HTTP_BODY_SPARE

static uint64_t
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
default_error(struct http_exchange *x, int status, const char *reason)
{
    const struct http_header type = { STR("Content-Type"), STR("application/json") };
    char text[256];
    int n = snprintf(text, sizeof text,
                     "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"%s\"}}\n",
                     reason);
    http_reply(x, status, &type, 1, str_make(text, (size_t)n));
}

/* Hand c->x to error(), and have no further request after it. */
static void
refuse_exchange(struct http_conn *c, int status, const char *reason)
{
    const struct http_handler *h = &c->server->handler;
    c->state = CONN_REPLY;
    c->closing = c->must_linger = true;
    c->server->stats.refused++;
    if (h->error)
        h->error(h->ctx, c->x, status, reason);
    else
        default_error(c->x, status, reason);
    if (c->x)
        http_reply_abort(c->x, HTTP_ABORT_CLOSE);
}

static void
refuse_head(struct http_conn *c, const struct http_head *h, const char *p, size_t n, int status,
            const char *reason)
{
    if (http_exchange_create(c, h, p, n))
        refuse_exchange(c, status, reason);
    else
        c->lost = LOST_CLOSE;
}

void
http_request_refuse(struct http_conn *c, int status, const char *reason)
{
    if (c->x) {
        refuse_exchange(c, status, reason);
        return;
    }
    /* An unfinished head: what is there of it may say who should render the error. */
    struct http_header headers[HTTP_HEADERS_MAX];
    struct http_head h = { .headers = headers };
    size_t seen = 0, used = 0;
    struct str in = buf_str(&c->in);
    (void)!http_head_parse(&h, in.p, in.n, c->server->limits.max_head, &seen, &used);
    refuse_head(c, &h, in.p, used, status, reason);
}

static void
complete(struct http_conn *c)
{
    const struct http_handler *h = &c->server->handler;
    c->state = CONN_REPLY;
    c->x->running = true;
    c->x->time_us = now_us();
    c->server->stats.requests++;
    c->server->stats.exchanges++;
    h->request(h->ctx, c->x);
}

void
http_request_took_body(struct http_conn *c, size_t n)
{
    struct http_exchange *x = c->x;
    x->body.n += n;
    x->body_left -= n;
    c->server->body_bytes += n;
    if (x->body_left == 0)
        complete(c);
}

bool
http_request_body_room(struct http_conn *c, size_t n)
{
    const struct http_server *s = c->server;
    struct buf *body = &c->x->body;
    if (s->body_bytes > s->limits.max_bodies || n > s->limits.max_bodies - s->body_bytes)
        http_request_refuse(c, 503, "too many requests are being received");
    else if (buf_room(body, n))
        return true;
    else if (body->err == ERR_LIMIT)
        http_request_refuse(c, 413, "the request's body is too large");
    else
        http_request_refuse(c, 503, "out of memory");
    return false;
}

static void
ask_to_continue(struct http_conn *c)
{
    http_output_put(&c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    http_conn_touch(c);
}

/* c->x has its head: begin to read its body. */
static void
begin_body(struct http_conn *c, bool body_follows)
{
    struct http_exchange *x = c->x;
    const struct http_handler *h = &c->server->handler;
    size_t max = c->server->limits.max_body;
    c->state = CONN_BODY;
    int status = h->admit ? h->admit(h->ctx, x, &max) : 0;
    if (status) {
        refuse_exchange(c, status, "the request was not admitted");
        return;
    }
    x->body_left = x->head.content_length;
    buf_init(&x->body, x->head.chunked || x->body_left > max ? max : x->body_left);
    buf_borrow(&x->body, &c->server->spare_body, x->body_left);
    if (x->body_left > max) {
        http_request_refuse(c, 413, "the request's body is too large");
    } else if (!x->head.chunked && x->body_left == 0) {
        complete(c);
    } else if (http_request_body_room(c, x->body_left < TRUST_MAX ? x->body_left : TRUST_MAX)) {
        if (x->head.expect_continue && !body_follows)
            ask_to_continue(c);
    }
}

/* Returns false when more bytes are needed. */
static bool
take_head(struct http_conn *c, struct str *in)
{
    struct http_header headers[HTTP_HEADERS_MAX];
    struct http_head h = { .headers = headers };
    size_t used = 0;
    struct str p = *in;
    switch (http_head_parse(&h, p.p, p.n, c->server->limits.max_head, &c->seen, &used)) {
    case HTTP_HEAD_MORE:
        if (str_is(p, "\r\n")) { /* some send it behind a body: it does not begin a request */
            *in = str_skip(p, p.n);
            c->seen = 0;
        }
        return false;
    case HTTP_HEAD_BAD:
        *in = str_skip(p, p.n);
        refuse_head(c, &h, p.p, used, h.status, h.reason);
        return true;
    case HTTP_HEAD_DONE:
        break;
    }
    c->seen = 0;
    c->is_fresh = false;
    deadline_clear(&c->server->deadlines, &c->deadline); /* each request has its own */
    *in = str_skip(p, used);
    if (http_exchange_create(c, &h, p.p, used))
        begin_body(c, in->n > 0);
    else
        c->lost = LOST_CLOSE;
    return true;
}

static void
take_chunked(struct http_conn *c, struct str *in)
{
    struct http_exchange *x = c->x;
    struct str data;
    for (;;) {
        switch (http_chunked_next(&x->chunked, in, &data)) {
        case HTTP_CHUNKED_DATA:
            if (!http_request_body_room(c, data.n))
                return;
            buf_puts(&x->body, data);
            c->server->body_bytes += data.n;
            break;
        case HTTP_CHUNKED_DONE:
            complete(c);
            return;
        case HTTP_CHUNKED_BAD:
            http_request_refuse(c, 400, "invalid chunked coding");
            return;
        case HTTP_CHUNKED_MORE:
            return;
        }
    }
}

static void
take_body(struct http_conn *c, struct str *in)
{
    struct http_exchange *x = c->x;
    if (x->head.chunked) {
        take_chunked(c, in);
        return;
    }
    size_t n = in->n < x->body_left ? in->n : x->body_left;
    if (!http_request_body_room(c, n))
        return;
    memcpy(x->body.p + x->body.n, in->p, n);
    *in = str_skip(*in, n);
    http_request_took_body(c, n);
}

size_t
http_request_take(struct http_conn *c, struct str in)
{
    size_t n = in.n;
    bool more = false;
    while (in.n && !more && !c->lost) {
        if (c->state == CONN_HEAD)
            more = !take_head(c, &in);
        else if (c->state == CONN_BODY)
            take_body(c, &in);
        else
            break;
    }
    return n - in.n;
}
