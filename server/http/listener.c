/* Accepting connections. */
#include "server/http/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/private.h"

/* Connections accepted in one turn of the loop. */
#define ACCEPTS_MAX 32
/* How long to wait when the process or the system is out of descriptors or memory. */
#define REST_MS 50
#define BACKLOG 4096

struct http_listener {
    struct http_server *server;
    struct http_listener *next;
    struct http_tls *tls;
    struct event accept_event, rest_event;
    int fd; /* owned */
    bool resting;
};

struct address {
    char host[256], port[8];
    bool any; /* no host: all addresses, IPv6 and IPv4 on one socket */
};

/* Split "host:port" and "[host]:port". */
static bool
split_address(struct str text, struct address *a)
{
    const char *colon = memrchr(text.p, ':', text.n);
    if (!colon)
        return false;
    struct str host = str_make(text.p, (size_t)(colon - text.p));
    struct str port = str_skip(text, host.n + 1);
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = str_make(host.p + 1, host.n - 2);
    else if (memchr(host.p, ':', host.n))
        return false;
    if (port.n == 0 || port.n > 5 || host.n >= sizeof a->host)
        return false;
    for (size_t i = 0; i < port.n; i++)
        if (port.p[i] < '0' || port.p[i] > '9')
            return false;
    a->any = host.n == 0 || str_is(host, "*");
    snprintf(a->host, sizeof a->host, "%.*s", STR_ARG(host));
    snprintf(a->port, sizeof a->port, "%.*s", STR_ARG(port));
    return atoi(a->port) <= 65535;
}

/* Returns NULL with the reason in *why. */
static struct addrinfo *
resolve(const struct address *a, const char **why)
{
    struct addrinfo hints = {
        .ai_family = a->any ? AF_INET6 : AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    struct addrinfo *list = NULL;
    int e = getaddrinfo(a->any ? NULL : a->host, a->port, &hints, &list);
    if (e) {
        *why = gai_strerror(e);
        return NULL;
    }
    return list;
}

static int
bind_socket(const struct addrinfo *ai, const struct address *a, enum http_listen_mode mode)
{
    int one = 1, both = !a->any;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (mode == HTTP_LISTEN_SHARED)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    /* Accepted sockets inherit it, which saves a call for each. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

/* Is nobody else there?  Sockets that share a port do not tell, so ask with one that does not. */
static bool
is_free(const struct addrinfo *ai, const struct address *a)
{
    int fd = bind_socket(ai, a, HTTP_LISTEN_ALONE);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static int
listen_on(const struct addrinfo *ai, const struct address *a, enum http_listen_mode mode)
{
    if (mode == HTTP_LISTEN_ALONE && !is_free(ai, a))
        return -1;
    int fd = bind_socket(ai, a, HTTP_LISTEN_SHARED);
    if (fd < 0 || listen(fd, BACKLOG) == 0)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

void
http_listen_address(int fd, char real[HTTP_ADDRESS_TEXT])
{
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    if (getsockname(fd, (struct sockaddr *)&sa, &n) == 0)
        getnameinfo((struct sockaddr *)&sa, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(real, HTTP_ADDRESS_TEXT, strchr(host, ':') ? "[%.46s]:%.5s" : "%.46s:%.5s", host,
             port);
}

int
http_listen(struct str address, enum http_listen_mode mode, char *real, struct fault *f)
{
    struct address a;
    const char *why = NULL;
    if (!split_address(address, &a)) {
        fault_set(f, ERR_SYNTAX, 0, "listen: '%.*s' is not host:port", STR_ARG(address));
        return -1;
    }
    struct addrinfo *list = resolve(&a, &why);
    if (!list && a.any) { /* a machine without IPv6 */
        snprintf(a.host, sizeof a.host, "0.0.0.0");
        a.any = false;
        list = resolve(&a, &why);
    }
    int fd = -1;
    for (const struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
        fd = listen_on(ai, &a, mode);
    if (fd < 0)
        fault_set(f, ERR_TYPE, 0, "listen: cannot listen on '%.*s': %s", STR_ARG(address),
                  why ? why : strerror(errno));
    else if (real)
        http_listen_address(fd, real);
    if (list)
        freeaddrinfo(list);
    return fd;
}

/* Do not accept for a while: until a connection ends, or some time has passed. */
static void
rest(struct http_listener *l)
{
    struct timeval tv = { 0, REST_MS * 1000 };
    l->server->stats.accept_errors++;
    if (l->resting)
        return;
    l->resting = true;
    event_del(&l->accept_event);
    event_add(&l->rest_event, &tv);
}

static void
wake(struct http_listener *l)
{
    if (!l->resting)
        return;
    l->resting = false;
    event_del(&l->rest_event);
    if (event_add(&l->accept_event, NULL))
        rest(l);
}

static void
on_rested(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    wake(arg);
}

/* The connection that is idle longest, or NULL. */
static struct http_conn *
longest_idle(const struct http_server *s)
{
    struct deadline *d = deadline_first(&s->deadlines, DEADLINE_IDLE);
    struct http_conn *c = d ? http_conn_of(d) : NULL;
    return c == s->current ? NULL : c; /* what is being read is about to be idle no more */
}

static void
close_idle(struct http_conn *c)
{
    if (!c)
        return;
    c->lost = LOST_CLOSE;
    http_conn_settle(c);
}

/* Accept one connection.  False when there is none or no more should be taken now. */
static bool
accept_one(struct http_listener *l)
{
    struct http_server *s = l->server;
    struct http_conn *idle = longest_idle(s);
    bool full = s->stats.connections >= s->limits.max_connections;
    if (full && !idle) {
        rest(l);
        return false;
    }
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (full)
            close_idle(idle);
        http_server_adopt(s, fd, l->tls);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        close_idle(idle);
        rest(l);
        return false;
    }
    return errno == ECONNABORTED || errno == EINTR;
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    for (int i = 0; i < ACCEPTS_MAX && accept_one(arg); i++)
        ;
}

enum err
http_listener_create(struct http_server *s, int fd, struct http_tls *tls)
{
    struct http_listener *l = calloc(1, sizeof *l);
    if (!l) {
        close(fd);
        return ERR_MEMORY;
    }
    *l = (struct http_listener){ .server = s, .next = s->listeners, .tls = tls, .fd = fd };
    event_assign(&l->accept_event, s->base, fd, EV_READ | EV_PERSIST, on_accept, l);
    evtimer_assign(&l->rest_event, s->base, on_rested, l);
    if (event_add(&l->accept_event, NULL)) {
        close(fd);
        free(l);
        return ERR_MEMORY;
    }
    s->listeners = l;
    return ERR_OK;
}

void
http_server_set_tls(struct http_server *s, struct http_tls *tls)
{
    for (struct http_listener *l = s->listeners; l; l = l->next)
        l->tls = tls;
}

void
http_listeners_close(struct http_server *s)
{
    struct http_listener *l;
    while ((l = s->listeners)) {
        while (!s->draining && accept_one(l))
            ;
        s->listeners = l->next;
        event_del(&l->accept_event);
        event_del(&l->rest_event);
        close(l->fd);
        free(l);
    }
}

void
http_listeners_resume(struct http_server *s)
{
    if (s->stats.connections >= s->limits.max_connections)
        return;
    for (struct http_listener *l = s->listeners; l; l = l->next)
        wake(l);
}
