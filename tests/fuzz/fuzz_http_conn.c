/* A connection between a client and an owner that do anything at any time.  The input is a list of
 * acts: bytes for the server, reads, shutdowns, replies in all their parts.  What is checked is
 * that nothing is used after its end (by the sanitizers), that gone() and the reply's end exclude
 * each other, and that nothing is left over. */
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct world {
    struct event_base *base;
    struct http_server *server;
    struct http_exchange *x; /* the running exchange, if any */
    int fd;
    const uint8_t *p, *end;
};

static void
check(bool ok)
{
    if (!ok)
        abort();
}

static unsigned
next(struct world *w)
{
    return w->p < w->end ? *w->p++ : 0;
}

static void
act_as_owner(struct world *w)
{
    static const char block[40000];
    const struct http_header h = { STR("A"), STR("b") };
    unsigned act = next(w);
    if (!w->x)
        return;
    bool begun = http_reply_begun(w->x);
    struct http_exchange *x = w->x;
    switch (act % 10) {
    case 0:
    case 1:
        if (!begun)
            http_reply_begin(x, 200, &h, 1, act & 16 ? HTTP_LENGTH_UNKNOWN : act * 100);
        break;
    case 2:
        if (begun)
            http_reply_body(x, str_make(block, next(w) * 150));
        break;
    case 3:
        w->x = NULL;
        http_reply_end(x);
        break;
    case 4:
        w->x = NULL;
        http_reply_abort(x, act & 16 ? HTTP_ABORT_RESET : HTTP_ABORT_CLOSE);
        break;
    case 5:
        http_reply_flush(x);
        break;
    case 6:
        http_reply_raw(x, STR("raw"));
        break;
    case 7:
        http_exchange_drop_body(x);
        break;
    case 8:
        w->x = NULL;
        if (begun)
            http_reply_end(x);
        else
            http_reply(x, (int)act * 4, &h, 1, str_make(block, act));
        break;
    case 9:
        http_reply_pending(x);
        break;
    }
}

static void
on_request(void *ctx, struct http_exchange *x)
{
    struct world *w = ctx;
    if (w->x) { /* of a connection before this one */
        http_reply(x, 200, NULL, 0, STR("second"));
        return;
    }
    w->x = x;
    for (unsigned k = next(w) % 4; k; k--)
        act_as_owner(w);
}

static void
on_gone(void *ctx, struct http_exchange *x)
{
    struct world *w = ctx;
    check(x == w->x);
    w->x = NULL;
}

static void
on_drained(void *ctx, struct http_exchange *x)
{
    struct world *w = ctx;
    check(x == w->x);
    act_as_owner(w);
}

static int
on_admit(void *ctx, const struct http_exchange *x, size_t *max_body)
{
    (void)max_body;
    return http_exchange_head(x)->n_headers > 4 ? (int)next(ctx) : 0;
}

static void
act_as_client(struct world *w)
{
    static const char request[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    char room[20000];
    size_t n = next(w);
    switch (next(w) % 6) {
    case 0:
    case 1:
        if (n > (size_t)(w->end - w->p))
            n = (size_t)(w->end - w->p);
        if (n)
            (void)!send(w->fd, w->p, n, MSG_NOSIGNAL);
        w->p += n;
        break;
    case 2:
        (void)!send(w->fd, request, sizeof request - 1, MSG_NOSIGNAL);
        break;
    case 3:
        (void)!recv(w->fd, room, n * 78, 0);
        break;
    case 4:
        shutdown(w->fd, n & 1 ? SHUT_WR : SHUT_RD);
        break;
    case 5:
        memset(room, 'x', sizeof room);
        (void)!send(w->fd, room, n * 78, MSG_NOSIGNAL);
        break;
    }
}

static void
adopt(struct world *w)
{
    int pair[2];
    if (w->fd >= 0)
        close(w->fd);
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    w->fd = pair[0];
    http_server_adopt(w->server, pair[1], NULL);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct world w = { .base = event_base_new(), .fd = -1, .p = data, .end = data + n };
    struct http_limits limits = HTTP_LIMITS;
    limits.max_head = 300;
    limits.max_body = 5000;
    limits.max_pending = 600000;
    struct http_handler handler = {
        .ctx = &w,
        .admit = on_admit,
        .request = on_request,
        .gone = on_gone,
        .drained = on_drained,
    };
    w.server = http_server_create(w.base, &limits, &handler);
    adopt(&w);
    while (w.p < w.end) {
        unsigned act = next(&w);
        if (act % 4 == 0)
            act_as_owner(&w);
        else if (act % 4 == 1)
            event_base_loop(w.base, EVLOOP_NONBLOCK);
        else if (act == 255)
            http_server_drain(w.server, NULL, NULL);
        else if (act == 254)
            adopt(&w);
        else
            act_as_client(&w);
    }
    for (int i = 0; i < 4; i++)
        event_base_loop(w.base, EVLOOP_NONBLOCK);
    const struct http_stats *s = http_server_stats(w.server);
    check(s->exchanges == (w.x != NULL));
    http_server_destroy(w.server);
    check(!w.x);
    close(w.fd);
    event_base_free(w.base);
    return 0;
}
