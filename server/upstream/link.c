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

struct link *
link_open(struct site *site, int fd, struct event_base *base, event_callback_fn ready,
          unsigned *count)
{
    struct link *l = calloc(1, sizeof *l);
    if (!l) {
        close(fd);
        return NULL;
    }
    *l = (struct link){ .site = site, .fd = fd, .ready = !site->tls, .count = count };
    ++*count;
    event_assign(&l->rd, base, fd, EV_READ | EV_PERSIST, ready, l);
    event_assign(&l->wr, base, fd, EV_WRITE | EV_PERSIST, ready, l);
    if (site->tls && !begin_tls(l)) {
        link_close(l);
        return NULL;
    }
    link_listen(l, true);
    return l;
}

void
link_close(struct link *l)
{
    if (l->idle_since) {
        TAILQ_REMOVE(&l->site->idle, l, link);
        l->site->n_idle--;
    }
    event_del(&l->rd);
    event_del(&l->wr);
    if (l->tls) {
        tls_conn_close(l->tls);
        tls_conn_destroy(l->tls);
    }
    close(l->fd);
    --*l->count;
    free(l);
}

void
link_listen(struct link *l, bool yes)
{
    if (yes == l->reading)
        return;
    if (yes)
        event_add(&l->rd, NULL);
    else
        event_del(&l->rd);
    l->reading = yes;
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
