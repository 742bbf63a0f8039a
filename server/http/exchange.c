/* An exchange is one allocation: itself, its headers, and the bytes of its head.
 *
 *   struct http_exchange | struct http_header [n_headers] | head's bytes */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "server/http/private.h"

/* s, if it points into the n bytes at from, as it is in the copy of them at to. */
static struct str
moved(struct str s, const char *from, size_t n, const char *to)
{
    if (s.p >= from && s.p <= from + n && s.p)
        s.p = to + (s.p - from);
    return s;
}

bool
http_exchange_create(struct http_conn *c, const struct http_head *h, const char *p, size_t n)
{
    size_t headers = h->n_headers * sizeof *h->headers;
    struct http_exchange *x = malloc(sizeof *x + headers + n);
    if (!x)
        return false;
    *x = (struct http_exchange){ .conn = c, .head = *h };
    struct http_head *to = &x->head;
    to->headers = (struct http_header *)(x + 1);
    char *text = (char *)(x + 1) + headers;
    memcpy(text, p, n);
    to->method = moved(h->method, p, n, text);
    to->target = moved(h->target, p, n, text);
    to->path = moved(h->path, p, n, text);
    to->query = moved(h->query, p, n, text);
    to->host = moved(h->host, p, n, text);
    for (size_t i = 0; i < h->n_headers; i++) {
        struct str name = h->headers[i].name, value = h->headers[i].value; /* never literals */
        to->headers[i].name = str_make(text + (name.p - p), name.n);
        to->headers[i].value = str_make(text + (value.p - p), value.n);
    }
    buf_init(&x->body, 0);
    c->x = x;
    return true;
}

void
http_exchange_drop_body(struct http_exchange *x)
{
    struct http_server *s = x->conn->server;
    s->body_bytes -= x->body.n;
    buf_return(&x->body, &s->spare_body);
}

void
http_exchange_free(struct http_conn *c)
{
    http_exchange_drop_body(c->x);
    if (c->x->running)
        c->server->stats.exchanges--;
    free(c->x);
    c->x = NULL;
}

const struct http_head *
http_exchange_head(const struct http_exchange *x)
{
    return &x->head;
}

struct str
http_exchange_body(const struct http_exchange *x)
{
    return buf_str(&x->body);
}

static void
write_peer(struct http_conn *c)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } a = { .room = { 0 } };
    socklen_t n = sizeof a;
    const void *address = NULL;
    if (getpeername(c->fd, &a.any, &n) == 0) {
        if (a.any.sa_family == AF_INET)
            address = &a.v4.sin_addr;
        else if (a.any.sa_family == AF_INET6)
            address = &a.v6.sin6_addr;
        else if (a.any.sa_family == AF_UNIX)
            strcpy(c->peer, "unix");
    }
    if (address)
        inet_ntop(a.any.sa_family, address, c->peer, sizeof c->peer);
    if (strncmp(c->peer, "::ffff:", 7) == 0 && strchr(c->peer, '.')) /* IPv4 on an IPv6 socket */
        memmove(c->peer, c->peer + 7, strlen(c->peer + 7) + 1);
    if (!c->peer[0])
        strcpy(c->peer, "unknown");
}

struct str
http_exchange_peer(const struct http_exchange *x)
{
    if (!x->conn->peer[0])
        write_peer(x->conn);
    return str_from(x->conn->peer);
}

bool
http_exchange_is_tls(const struct http_exchange *x)
{
    return x->conn->tls != NULL;
}

uint64_t
http_exchange_time_us(const struct http_exchange *x)
{
    return x->time_us;
}

void
http_exchange_set_data(struct http_exchange *x, void *data)
{
    x->data = data;
}

void *
http_exchange_data(const struct http_exchange *x)
{
    return x->data;
}
