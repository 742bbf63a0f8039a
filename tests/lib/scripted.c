/* A TCP server that does what a test tells it; see scripted.h. */
#include "tests/lib/scripted.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>

struct peer {
    struct scripted *server;
    struct bufferevent *bev;
    struct event *timer;
    const struct step *next; /* NULL: waiting for a request */
    TAILQ_ENTRY(peer) link;
};

struct scripted {
    struct event_base *base;
    struct evconnlistener *listener;
    SSL_CTX *tls;
    const struct step *scripts[SCRIPTED_MAX];
    unsigned n, at;
    struct scripted_seen seen;
    TAILQ_HEAD(, peer) peers;
};

static void peer_play(struct peer *p);
static void peer_request(struct peer *p);

static void
peer_free(struct peer *p, enum step_act how)
{
    struct linger hard = { .l_onoff = 1 };
    if (how == STEP_RESET)
        setsockopt(bufferevent_getfd(p->bev), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    SSL *ssl = bufferevent_openssl_get_ssl(p->bev);
    if (ssl && how == STEP_CLOSE)
        SSL_shutdown(ssl);
    p->server->seen.open--;
    TAILQ_REMOVE(&p->server->peers, p, link);
    bufferevent_free(p->bev);
    event_free(p->timer);
    free(p);
}

static void
peer_fill(struct peer *p, size_t n)
{
    char block[26 * 100];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)('a' + i % 26);
    for (; n > sizeof block; n -= sizeof block)
        bufferevent_write(p->bev, block, sizeof block);
    bufferevent_write(p->bev, block, n);
}

/* Do steps until one must wait. */
static void
peer_play(struct peer *p)
{
    while (p->next) {
        const struct step *s = p->next++;
        switch (s->act) {
        case STEP_END:
            p->next = NULL;
            peer_request(p);
            return;
        case STEP_SEND:
            bufferevent_write(p->bev, s->text, s->n ? s->n : strlen(s->text));
            break;
        case STEP_FILL:
            peer_fill(p, s->n);
            break;
        case STEP_WAIT:
            event_add(p->timer, &(struct timeval){ (time_t)(s->n / 1000),
                                                   (suseconds_t)(s->n % 1000 * 1000) });
            return;
        case STEP_CLOSE:
        case STEP_RESET:
            if (evbuffer_get_length(bufferevent_get_output(p->bev))) {
                p->next--; /* again when all is written */
                bufferevent_setwatermark(p->bev, EV_WRITE, 0, 0);
                return;
            }
            peer_free(p, s->act);
            return;
        }
    }
}

/* The length of the whole request at the start of the input, or 0 when it is not complete. */
static size_t
request_length(struct evbuffer *in)
{
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    if (end.pos < 0)
        return 0;
    size_t head = (size_t)end.pos + 4, body = 0;
    char *text = (char *)evbuffer_pullup(in, (ev_ssize_t)head);
    for (char *line = text; line < text + head;) {
        if (!strncasecmp(line, "Content-Length:", 15))
            body = strtoul(line + 15, NULL, 10);
        line = (char *)memchr(line, '\n', (size_t)(text + head - line)) + 1;
    }
    return evbuffer_get_length(in) >= head + body ? head + body : 0;
}

static void
peer_request(struct peer *p)
{
    struct scripted *s = p->server;
    struct evbuffer *in = bufferevent_get_input(p->bev);
    size_t n = p->next ? 0 : request_length(in);
    if (!n)
        return;
    buf_clear(&s->seen.request);
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    s->seen.body = n - (size_t)end.pos - 4;
    buf_put(&s->seen.request, (char *)evbuffer_pullup(in, (ev_ssize_t)n), n);
    evbuffer_drain(in, n);
    s->seen.requests++;
    p->next = s->scripts[s->at];
    if (s->at + 1 < s->n)
        s->at++;
    peer_play(p);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    peer_request(arg);
}

static void
on_write(struct bufferevent *bev, void *arg)
{
    (void)bev;
    struct peer *p = arg;
    if (p->next && !event_pending(p->timer, EV_TIMEOUT, NULL))
        peer_play(p);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        peer_free(arg, STEP_END);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    peer_play(arg);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *arg)
{
    (void)l;
    (void)a;
    (void)n;
    struct scripted *s = arg;
    struct peer *p = calloc(1, sizeof *p);
    p->server = s;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* steps are packets */
    if (s->tls)
        p->bev = bufferevent_openssl_socket_new(s->base, fd, SSL_new(s->tls),
                                                BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    else
        p->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
    p->timer = evtimer_new(s->base, on_timer, p);
    bufferevent_setcb(p->bev, on_read, on_write, on_event, p);
    bufferevent_enable(p->bev, EV_READ | EV_WRITE);
    TAILQ_INSERT_TAIL(&s->peers, p, link);
    s->seen.connections++;
    s->seen.open++;
}

struct scripted *
scripted_create(struct event_base *base, struct ssl_ctx_st *tls, const struct step *const *scripts,
                unsigned n)
{
    struct scripted *s = calloc(1, sizeof *s);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    s->base = base;
    s->tls = tls;
    s->listener = evconnlistener_new_bind(base, on_accept, s, LEV_OPT_CLOSE_ON_FREE, 1024,
                                          (struct sockaddr *)&a, sizeof a);
    TAILQ_INIT(&s->peers);
    buf_init(&s->seen.request, (size_t)64 << 20);
    scripted_set(s, scripts, n);
    return s;
}

void
scripted_destroy(struct scripted *s)
{
    struct peer *p;
    while ((p = TAILQ_FIRST(&s->peers)))
        peer_free(p, STEP_END);
    evconnlistener_free(s->listener);
    buf_fini(&s->seen.request);
    free(s);
}

unsigned
scripted_port(const struct scripted *s)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&a, &n);
    return ntohs(a.sin_port);
}

void
scripted_set(struct scripted *s, const struct step *const *scripts, unsigned n)
{
    s->n = n < SCRIPTED_MAX ? n : SCRIPTED_MAX;
    memcpy(s->scripts, scripts, s->n * sizeof *scripts);
    s->at = 0;
}

const struct scripted_seen *
scripted_seen(const struct scripted *s)
{
    return &s->seen;
}

void
scripted_ignore_new(struct scripted *s)
{
    evconnlistener_disable(s->listener);
}

void
scripted_close_idle(struct scripted *s)
{
    struct peer *p = TAILQ_FIRST(&s->peers), *next;
    for (; p; p = next) {
        next = TAILQ_NEXT(p, link);
        if (!p->next)
            peer_free(p, STEP_CLOSE);
    }
}

void
scripted_say_idle(struct scripted *s, const char *text)
{
    struct peer *p;
    TAILQ_FOREACH(p, &s->peers, link)
    if (!p->next)
        send(bufferevent_getfd(p->bev), text, strlen(text), MSG_NOSIGNAL);
}
