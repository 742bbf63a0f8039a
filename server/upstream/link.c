/* Connections; see link.h. */
#include "server/upstream/link.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
begin_tls(struct link *l)
{
    SSL_CTX *context = trust_client(l->site->trust);
    l->tls = context ? tls_conn_create(context, l->fd) : NULL;
    return l->tls && tls_conn_connect(l->tls, l->site->host, l->site->session, &l->site->session);
}

void
links_init(struct links *all, struct event_base *base, event_callback_fn serve, void *ctx)
{
    all->base = base;
    all->open = 0;
    TAILQ_INIT(&all->news);
    event_assign(&all->serve, base, -1, 0, serve, ctx);
}

void
links_fini(struct links *all)
{
    event_del(&all->serve);
}

void
link_tell(struct link *l)
{
    if (l->has_news)
        return;
    if (TAILQ_EMPTY(&l->all->news))
        event_active(&l->all->serve, EV_TIMEOUT, 0);
    TAILQ_INSERT_TAIL(&l->all->news, l, news);
    l->has_news = true;
}

static void
forget_news(struct link *l)
{
    if (l->has_news)
        TAILQ_REMOVE(&l->all->news, l, news);
    l->has_news = false;
}

unsigned
links_with_news(struct links *all, struct link *group[LINKS_GROUP])
{
    unsigned n = 0;
    struct link *l;
    while (n < LINKS_GROUP && (l = TAILQ_FIRST(&all->news))) {
        forget_news(l);
        l->place = &group[n];
        group[n++] = l;
    }
    return n;
}

void
links_served(struct links *all, struct link *const group[LINKS_GROUP], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (group[i])
            group[i]->place = NULL;
    if (!TAILQ_EMPTY(&all->news))
        event_active(&all->serve, EV_TIMEOUT, 0);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    link_tell(arg);
}

struct link *
link_open(struct site *site, int fd, struct links *all)
{
    struct link *l = calloc(1, sizeof *l);
    if (!l) {
        close(fd);
        return NULL;
    }
    *l = (struct link){ .site = site, .fd = fd, .ready = !site->tls, .all = all };
    all->open++;
    site->users++;
    event_assign(&l->rd, all->base, fd, EV_READ | EV_PERSIST, on_ready, l);
    event_assign(&l->wr, all->base, fd, EV_WRITE | EV_PERSIST, on_ready, l);
    if (site->tls && !begin_tls(l)) {
        link_close(l);
        return NULL;
    }
    if (!link_listen(l, true)) {
        link_close(l);
        return NULL;
    }
    return l;
}

void
link_close(struct link *l)
{
    if (l->idle_since) {
        TAILQ_REMOVE(&l->site->idle, l, link);
        l->site->n_idle--;
    }
    forget_news(l);
    if (l->place)
        *l->place = NULL;
    event_del(&l->rd);
    event_del(&l->wr);
    if (l->tls) {
        tls_conn_close(l->tls);
        tls_conn_destroy(l->tls);
    }
    close(l->fd);
    l->all->open--;
    l->site->users--;
    free(l);
}

bool
link_listen(struct link *l, bool yes)
{
    if (yes && !l->reading)
        l->reading = event_add(&l->rd, NULL) == 0;
    if (!yes && l->reading)
        l->reading = event_del(&l->rd) != 0;
    return l->reading == yes;
}

static void
want_room(struct link *l)
{
    if (!l->writing)
        l->writing = event_add(&l->wr, NULL) == 0;
}

void
link_quiet(struct link *l)
{
    if (l->writing)
        event_del(&l->wr);
    l->writing = false;
}

static enum link_result
of_tls(struct link *l, enum tls_conn_result r)
{
    switch (r) {
    case TLS_CONN_OK:
        return LINK_OK;
    case TLS_CONN_WANT_READ:
        return LINK_AGAIN;
    case TLS_CONN_WANT_WRITE:
        want_room(l);
        return LINK_AGAIN;
    case TLS_CONN_EOF:
        return LINK_EOF;
    case TLS_CONN_ERROR:
        break;
    }
    return LINK_ERROR;
}

enum link_result
link_shake_hands(struct link *l)
{
    if (l->ready)
        return LINK_OK;
    enum link_result r = of_tls(l, tls_conn_shake_hands(l->tls));
    l->ready = r == LINK_OK;
    return r;
}

static bool
is_again(int e)
{
    return e == EAGAIN || e == EWOULDBLOCK || e == EINTR;
}

enum link_result
link_read(struct link *l, char *p, size_t n, size_t *moved)
{
    *moved = 0;
    if (l->tls)
        return of_tls(l, tls_conn_read(l->tls, p, n, moved));
    ssize_t got = recv(l->fd, p, n, 0);
    if (got < 0)
        return is_again(errno) ? LINK_AGAIN : LINK_ERROR;
    *moved = (size_t)got;
    return got ? LINK_OK : LINK_EOF;
}

enum link_result
link_write(struct link *l, const struct iovec v[2], size_t *moved)
{
    *moved = 0;
    if (l->tls)
        return of_tls(l, tls_conn_write(l->tls, v[0].iov_base, v[0].iov_len, moved));
    struct msghdr m = { .msg_iov = (struct iovec *)v, .msg_iovlen = 2 };
    ssize_t put = v[1].iov_len ? sendmsg(l->fd, &m, MSG_NOSIGNAL)
                               : send(l->fd, v[0].iov_base, v[0].iov_len, MSG_NOSIGNAL);
    if (put < 0 && !is_again(errno))
        return LINK_ERROR;
    *moved = put > 0 ? (size_t)put : 0;
    if (*moved == v[0].iov_len + v[1].iov_len)
        return LINK_OK;
    want_room(l);
    return put < 0 ? LINK_AGAIN : LINK_OK;
}
