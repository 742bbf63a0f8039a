/* Connections: their sockets, and what becomes of them when something happens.
 *
 * Every callback of the loop does its part and then calls http_conn_settle, which looks at the
 * state and decides all else: is it over, does the next request begin, what is waited for, and
 * until when. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/private.h"

/* Reads in one callback, so that one fast sender does not keep the others waiting. */
#define READS_MAX 16

enum io {
    IO_OK,
    IO_AGAIN,
    IO_END,
    IO_ERROR,
};

static enum io
errno_io(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IO_AGAIN : IO_ERROR;
}

static enum io
read_tls(struct http_conn *c, char *p, size_t n, size_t *got)
{
    c->read_needs_write = false;
    switch (tls_conn_read(c->tls, p, n, got)) {
    case TLS_CONN_OK:
        return IO_OK;
    case TLS_CONN_WANT_WRITE:
        c->read_needs_write = true;
        return IO_AGAIN;
    case TLS_CONN_WANT_READ:
        return IO_AGAIN;
    case TLS_CONN_EOF:
        return IO_END;
    case TLS_CONN_ERROR:
        break;
    }
    return IO_ERROR;
}

static enum io
read_some(struct http_conn *c, char *p, size_t n, size_t *got)
{
    enum io r;
    if (c->tls && c->state != CONN_LINGER) {
        r = read_tls(c, p, n, got);
    } else {
        ssize_t k = recv(c->fd, p, n, 0);
        r = k > 0 ? IO_OK : k == 0 ? IO_END : errno_io();
        *got = k > 0 ? (size_t)k : 0;
    }
    if (r == IO_OK)
        c->server->stats.bytes_in += *got;
    return r;
}

static enum io
write_some(struct http_conn *c, struct str s, size_t *put)
{
    *put = 0;
    if (!c->tls) {
        ssize_t k = send(c->fd, s.p, s.n, MSG_NOSIGNAL);
        *put = k > 0 ? (size_t)k : 0;
        return k >= 0 ? IO_OK : errno_io();
    }
    switch (tls_conn_write(c->tls, s.p, s.n, put)) {
    case TLS_CONN_OK:
        return IO_OK;
    case TLS_CONN_WANT_READ: /* cannot be, as a request was read and nothing renegotiates */
    case TLS_CONN_WANT_WRITE:
        return IO_AGAIN;
    case TLS_CONN_EOF:
    case TLS_CONN_ERROR:
        break;
    }
    return IO_ERROR;
}

void
http_conn_flush(struct http_conn *c)
{
    if (c->out.buf.err)
        c->lost = LOST_RESET;
    if (c->lost || c->blocked || c->state == CONN_LINGER)
        return;
    struct str s = http_output_ready(&c->out);
    while (s.n) {
        size_t n;
        enum io r = write_some(c, s, &n);
        if (r == IO_ERROR || r == IO_END) {
            c->lost = LOST_CLOSE;
            return;
        }
        http_output_written(&c->out, n);
        c->server->stats.bytes_out += n;
        s = str_skip(s, n);
        c->progress |= n > 0;
        c->blocked = r == IO_AGAIN || (s.n && !c->tls);
        if (c->blocked)
            return;
    }
    if (c->out.buf.p && http_output_pending(&c->out) == 0)
        http_server_give_back(c->server, &c->out.buf);
}

void
http_conn_touch(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (c->is_dirty || s->current == c)
        return;
    http_server_call_turn(s);
    TAILQ_INSERT_TAIL(&s->dirty, c, dirty);
    c->is_dirty = true;
    c->turn = s->turn;
}

void
http_conn_end_turn(struct http_conn *c)
{
    TAILQ_REMOVE(&c->server->dirty, c, dirty);
    c->is_dirty = false;
    http_conn_flush(c);
    http_conn_settle(c);
}

/* Bytes that were not read ahead of their time, or that complete what was in c->in. */
static void
take_input(struct http_conn *c, struct str s)
{
    if (c->in.n == 0) {
        s = str_skip(s, http_request_take(c, s));
        if (!c->lost)
            buf_puts(&c->in, s);
    } else {
        buf_puts(&c->in, s);
        if (!c->in.err)
            buf_consume(&c->in, http_request_take(c, buf_str(&c->in)));
    }
    if (c->in.err)
        c->lost = LOST_CLOSE;
    else if (c->in.n == 0)
        buf_fini(&c->in);
}

/* Read the body of a request with a length to where it belongs. */
static enum io
receive_body(struct http_conn *c, bool *full)
{
    struct http_exchange *x = c->x;
    size_t room = x->body.room - x->body.n, n;
    if (room == 0)
        room = HTTP_SCRATCH;
    if (room > x->body_left)
        room = x->body_left;
    if (!http_request_body_room(c, room))
        return IO_AGAIN;
    enum io r = read_some(c, x->body.p + x->body.n, room, &n);
    *full = n == room;
    if (r == IO_OK)
        http_request_took_body(c, n);
    return r;
}

/* Read once, to where the state wants it.  *full: there may be more. */
static enum io
receive_some(struct http_conn *c, bool *full)
{
    if (c->state == CONN_BODY && !c->x->head.chunked && c->in.n == 0)
        return receive_body(c, full);
    char *p = c->server->scratch;
    size_t room = c->state == CONN_HEAD ? HTTP_FIRST : HTTP_SCRATCH, n;
    enum io r = read_some(c, p, room, &n);
    *full = n == room;
    if (r != IO_OK || c->state == CONN_LINGER)
        return r;
    if (c->state == CONN_HEAD || c->state == CONN_BODY)
        take_input(c, str_make(p, n));
    else
        buf_put(&c->in, p, n);
    return r;
}

/* The client sends no more, or never will. */
static void
end_of_input(struct http_conn *c, enum io r)
{
    c->eof = c->closing = true;
    if (r == IO_ERROR || c->state != CONN_FLUSH)
        c->lost = LOST_CLOSE;
}

static bool
is_paused(const struct http_conn *c)
{
    return (c->state == CONN_REPLY || c->state == CONN_FLUSH) && c->in.n >= HTTP_AHEAD_MAX;
}

/* Read until the socket is empty, as a short read shows, or the reply must come first. */
static void
receive(struct http_conn *c)
{
    c->has_more = false;
    for (int i = 0; i < READS_MAX && !c->lost && !is_paused(c); i++) {
        bool full = false;
        enum io r = receive_some(c, &full);
        if (r == IO_END || r == IO_ERROR)
            end_of_input(c, r);
        if (r != IO_OK) {
            c->has_more = false;
            return;
        }
        c->progress |= c->state == CONN_BODY;
        c->has_more = c->tls && tls_conn_pending(c->tls);
        if (!c->has_more && !(full && c->state != CONN_REPLY && c->state != CONN_FLUSH))
            return;
    }
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct http_conn *c = arg;
    c->server->current = c;
    receive(c);
    http_conn_flush(c);
    c->server->current = NULL;
    http_conn_settle(c);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct http_conn *c = arg;
    c->blocked = false;
    c->server->current = c;
    if (c->read_needs_write)
        receive(c);
    http_conn_flush(c);
    c->server->current = NULL;
    http_conn_settle(c);
}

struct http_conn *
http_conn_create(struct http_server *s, int fd, struct http_tls *tls)
{
    struct http_conn *c = calloc(1, sizeof *c);
    if (c && tls && !(c->tls = http_tls_accept(tls, fd))) {
        free(c);
        c = NULL;
    }
    if (!c) {
        close(fd);
        return NULL;
    }
    c->server = s;
    c->fd = fd;
    c->is_fresh = true;
    buf_init(&c->in, s->limits.max_head + HTTP_AHEAD_MAX + HTTP_SCRATCH);
    http_output_init(&c->out, s->limits.max_pending + HTTP_SCRATCH);
    event_assign(&c->read_event, s->base, fd, EV_READ | EV_PERSIST, on_read, c);
    event_assign(&c->write_event, s->base, fd, EV_WRITE | EV_PERSIST, on_write, c);
    TAILQ_INSERT_TAIL(&s->all, c, all);
    return c;
}

/* Close the socket in the way that tells the client the truth. */
static void
close_socket(struct http_conn *c)
{
    if (c->lost == LOST_RESET) {
        struct linger now = { .l_onoff = 1, .l_linger = 0 };
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    } else if (c->tls && !c->aborted && c->state != CONN_LINGER) {
        tls_conn_close(c->tls);
    }
    if (c->tls)
        tls_conn_destroy(c->tls);
    close(c->fd);
}

static void
bury(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (c->x || http_output_pending(&c->out)) { /* the reply is cut short, which must show */
        c->aborted = true;
        if (c->until_close)
            c->lost = LOST_RESET;
    }
    if (c->x && c->x->running) {
        s->stats.gone++;
        if (s->handler.gone)
            s->handler.gone(s->handler.ctx, c->x);
    }
    if (c->x)
        http_exchange_free(c);
    deadline_clear(&s->deadlines, &c->deadline);
    event_del(&c->read_event);
    event_del(&c->write_event);
    if (c->is_dirty)
        TAILQ_REMOVE(&s->dirty, c, dirty);
    TAILQ_REMOVE(&s->all, c, all);
    close_socket(c);
    buf_fini(&c->in);
    http_output_fini(&c->out);
    http_server_forget(s, c);
    free(c);
}

static void
begin_linger(struct http_conn *c)
{
    if (c->tls)
        tls_conn_close(c->tls);
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_LINGER;
    buf_fini(&c->in);
}

/* The last reply is written. */
static void
next_request(struct http_conn *c)
{
    bool unread = c->must_linger || c->in.n;
    if (!c->closing) {
        c->state = CONN_HEAD;
        if (c->in.n) {
            buf_consume(&c->in, http_request_take(c, buf_str(&c->in)));
            if (c->in.n == 0)
                buf_fini(&c->in);
        }
    } else if (c->aborted) {
        c->lost = c->until_close ? LOST_RESET : LOST_CLOSE;
    } else if (unread && !c->eof) {
        begin_linger(c);
    } else {
        c->lost = LOST_CLOSE;
    }
}

static enum http_deadline_kind
current_deadline(const struct http_conn *c)
{
    switch (c->state) {
    case CONN_HEAD:
        if (c->in.n)
            return DEADLINE_HEAD;
        if (c->is_fresh)
            return c->server->draining ? DEADLINE_LINGER : DEADLINE_HEAD;
        return c->server->draining ? DEADLINE_LINGER : DEADLINE_IDLE;
    case CONN_BODY:
        return DEADLINE_BODY;
    case CONN_REPLY:
    case CONN_FLUSH:
        if (c->blocked)
            return DEADLINE_WRITE;
        return is_paused(c) ? DEADLINE_LOOK : DEADLINE_NONE;
    case CONN_LINGER:
        return DEADLINE_LINGER;
    }
    return DEADLINE_NONE;
}

static void
update_deadline(struct http_conn *c)
{
    struct deadlines *ds = &c->server->deadlines;
    enum http_deadline_kind kind = current_deadline(c);
    bool renew = c->progress && (kind == DEADLINE_BODY || kind == DEADLINE_WRITE);
    c->progress = false;
    if (kind == DEADLINE_NONE)
        deadline_clear(ds, &c->deadline);
    else if (c->deadline.kind != kind || renew)
        deadline_set(ds, &c->deadline, kind);
}

/* False when the loop cannot watch what it should. */
static bool
update_event(struct event *e, bool *added, bool wanted)
{
    if (wanted && !*added)
        *added = event_add(e, NULL) == 0;
    if (!wanted && *added)
        *added = event_del(e) != 0;
    return *added == wanted;
}

void
http_conn_settle(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (c->state == CONN_FLUSH && !c->lost && http_output_pending(&c->out) == 0)
        next_request(c);
    if (c->state == CONN_HEAD && s->draining && !s->is_patient && c->in.n == 0 && !c->is_fresh)
        c->lost = LOST_CLOSE;
    if (c->lost) {
        bury(c);
        return;
    }
    if (c->x && c->x->waits && http_output_pending(&c->out) <= s->limits.low_water) {
        c->x->waits = false;
        if (s->handler.drained)
            s->handler.drained(s->handler.ctx, c->x);
    }
    bool paused = is_paused(c);
    if (!update_event(&c->read_event, &c->reading, !c->eof && !paused)
        || !update_event(&c->write_event, &c->writing, c->blocked || c->read_needs_write)) {
        c->lost = LOST_CLOSE;
        bury(c);
        return;
    }
    update_deadline(c);
    if (c->has_more && c->reading) /* the socket will not say so */
        event_active(&c->read_event, EV_READ, 0);
}

/* Has the client left while nobody reads what it sent? */
static bool
has_left(const struct http_conn *c)
{
    struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };
    return poll(&p, 1, 0) > 0 && p.revents;
}

void
http_conn_expired(struct http_conn *c, enum http_deadline_kind kind)
{
    struct http_stats *stats = &c->server->stats;
    switch (kind) {
    case DEADLINE_HEAD:
        stats->timeouts++;
        if (c->in.n)
            http_request_refuse(c, 408, "the request's head took too long");
        else
            c->lost = LOST_CLOSE;
        break;
    case DEADLINE_BODY:
        stats->timeouts++;
        http_request_refuse(c, 408, "the request's body took too long");
        break;
    case DEADLINE_WRITE:
        stats->timeouts++;
        c->lost = LOST_RESET;
        break;
    case DEADLINE_IDLE:
    case DEADLINE_LINGER:
        c->lost = LOST_CLOSE;
        break;
    case DEADLINE_LOOK:
        if (has_left(c))
            c->lost = LOST_CLOSE;
        break;
    case DEADLINE_NONE:
        break;
    }
    http_conn_flush(c);
    http_conn_settle(c);
}
