/* Sockets and their lazily kept registrations; see sock.h. */
#include "server/upstream/sock.h"

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sock {
    struct sock_table *table;
    void *owner;
    curl_socket_t fd;
    bool ours;             /* made by sock_open: sock_close will be called */
    bool answers;          /* the peer says nothing unasked */
    int want;              /* CURL_POLL_IN | CURL_POLL_OUT, 0 when curl does not care */
    bool reading, writing; /* registered with the loop */
    struct event rd, wr;
};

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct sock *s = arg;
    int events = 0;
    if (what & EV_READ && s->want & CURL_POLL_IN) {
        events |= CURL_CSELECT_IN;
    } else if (what & EV_READ) {
        /* An idle connection that the peer closed, or where it speaks unasked.  Stop looking, or the loop would spin;
         * curl notices an end when it wants to use it, but would take anything else for the next reply. */
        event_del(&s->rd);
        s->reading = false;
        if (s->answers)
            shutdown(fd, SHUT_RDWR);
    }
    if (what & EV_WRITE && s->want & CURL_POLL_OUT)
        events |= CURL_CSELECT_OUT;
    if (events)
        s->table->ready(s->owner, fd, events); /* may free s */
}

static bool
sock_table_grow(struct sock_table *t, size_t n)
{
    size_t room = t->n ? t->n : 64;
    while (room < n)
        room *= 2;
    struct sock **v = realloc(t->v, room * sizeof *v);
    if (!v)
        return false;
    memset(v + t->n, 0, (room - t->n) * sizeof *v);
    t->v = v;
    t->n = room;
    return true;
}

static struct sock *
sock_find(const struct sock_table *t, curl_socket_t fd)
{
    return fd >= 0 && (size_t)fd < t->n ? t->v[fd] : NULL;
}

static struct sock *
sock_add(struct sock_table *t, void *owner, curl_socket_t fd)
{
    if ((size_t)fd >= t->n && !sock_table_grow(t, (size_t)fd + 1))
        return NULL;
    struct sock *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct sock){ .table = t, .owner = owner, .fd = fd };
    event_assign(&s->rd, t->base, fd, EV_READ | EV_PERSIST, on_ready, s);
    event_assign(&s->wr, t->base, fd, EV_WRITE | EV_PERSIST, on_ready, s);
    t->v[fd] = s;
    return s;
}

static void
sock_remove(struct sock *s)
{
    event_del(&s->rd);
    event_del(&s->wr);
    s->table->v[s->fd] = NULL;
    free(s);
}

void
sock_table_init(struct sock_table *t, struct event_base *base,
                void (*ready)(void *owner, curl_socket_t fd, int events))
{
    *t = (struct sock_table){ .base = base, .ready = ready };
}

void
sock_table_fini(struct sock_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i])
            sock_remove(t->v[i]);
    free(t->v);
}

curl_socket_t
sock_open(struct sock_table *t, void *owner, int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    struct sock *s = sock_find(t, fd);
    if (s)
        sock_remove(s); /* closed behind our back */
    s = sock_add(t, owner, fd);
    if (!s) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    s->ours = true;
    t->open++;
    return fd;
}

void
sock_close(struct sock_table *t, curl_socket_t fd)
{
    struct sock *s = sock_find(t, fd);
    if (s && s->ours)
        t->open--;
    if (s)
        sock_remove(s);
    close(fd);
}

void
sock_answers(struct sock_table *t, curl_socket_t fd)
{
    struct sock *s = sock_find(t, fd);
    if (s)
        s->answers = true;
}

/* Registering for reading before unregistering for writing keeps the descriptor in epoll, which
 * saves a system call.  False when the loop cannot watch it. */
static bool
sock_register(struct sock *s)
{
    if (s->want & CURL_POLL_IN && !s->reading)
        s->reading = event_add(&s->rd, NULL) == 0;
    bool write = s->want & CURL_POLL_OUT;
    if (write && !s->writing)
        s->writing = event_add(&s->wr, NULL) == 0;
    if (!write && s->writing) {
        event_del(&s->wr);
        s->writing = false;
    }
    return (s->reading || !(s->want & CURL_POLL_IN)) && (s->writing || !write);
}

int
sock_want(struct sock_table *t, void *owner, curl_socket_t fd, int what)
{
    struct sock *s = sock_find(t, fd);
    if (what == CURL_POLL_REMOVE && (!s || !s->ours)) {
        if (s)
            sock_remove(s);
        return 0;
    }
    if (!s)
        s = sock_add(t, owner, fd);
    if (!s)
        return -1;
    s->owner = owner;
    s->want = what == CURL_POLL_REMOVE ? 0 : what;
    return sock_register(s) ? 0 : -1;
}
