/* A server and a client on the two ends of a socket, in one thread: the client's functions turn the
 * server's loop until what they wait for has come.  For the test_http_*.c. */
#ifndef LLMUX_TEST_HTTP_RIG_H
#define LLMUX_TEST_HTTP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/buf.h"
#include "server/http/server.h"

#define RIG_PATIENCE_MS 5000

struct rig {
    struct event_base *base;
    struct http_server *server;
    struct http_limits limits;
    struct http_handler handler;
    int fd;                  /* the client's end; -1 when closed */
    struct buf got;          /* what the client received */
    bool eof;                /* the client saw the end ... */
    bool reset;              /* ... or an error */
    struct http_exchange *x; /* the last request for /later, until it ends */
    int requests, gone, drained, errors;
    int error_status;
    int admit_status;
    char error_path[64];
    char peer[64];
};

static inline int64_t
rig_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What the owner does is in the path. */
static inline void
rig_request(void *ctx, struct http_exchange *x)
{
    struct rig *r = ctx;
    const struct http_head *h = http_exchange_head(x);
    const struct http_header type = { STR("Content-Type"), STR("text/plain") };
    r->requests++;
    snprintf(r->peer, sizeof r->peer, "%.*s", STR_ARG(http_exchange_peer(x)));
    if (str_is(h->path, "/echo")) {
        http_reply(x, 200, &type, 1, http_exchange_body(x));
    } else if (str_is(h->path, "/chunks")) {
        http_reply_begin(x, 200, &type, 1, HTTP_LENGTH_UNKNOWN);
        http_reply_body(x, STR("one "));
        http_reply_body(x, STR(""));
        http_reply_body(x, STR("two"));
        http_reply_end(x);
    } else if (str_is(h->path, "/later")) {
        r->x = x;
    } else {
        http_reply(x, 200, NULL, 0, h->path);
    }
}

static inline void
rig_gone(void *ctx, struct http_exchange *x)
{
    struct rig *r = ctx;
    assert_ptr_equal(x, r->x);
    r->x = NULL;
    r->gone++;
}

static inline void
rig_drained(void *ctx, struct http_exchange *x)
{
    struct rig *r = ctx;
    assert_ptr_equal(x, r->x);
    r->drained++;
}

static inline void
rig_error(void *ctx, struct http_exchange *x, int status, const char *reason)
{
    struct rig *r = ctx;
    r->errors++;
    r->error_status = status;
    snprintf(r->error_path, sizeof r->error_path, "%.*s", STR_ARG(http_exchange_head(x)->path));
    http_reply(x, status, NULL, 0, str_from(reason));
}

static inline int
rig_admit(void *ctx, const struct http_exchange *x, size_t *max_body)
{
    struct rig *r = ctx;
    if (str_is(http_exchange_head(x)->path, "/small"))
        *max_body = 3;
    return r->admit_status;
}

/* A rig without a server yet, so that a test may change limits and handler. */
static inline int
rig_setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    r->base = event_base_new();
    r->fd = -1;
    r->limits = (struct http_limits)HTTP_LIMITS;
    r->handler = (struct http_handler){
        .ctx = r,
        .admit = rig_admit,
        .request = rig_request,
        .gone = rig_gone,
        .drained = rig_drained,
        .error = rig_error,
    };
    buf_init(&r->got, (size_t)1 << 30);
    *state = r;
    return 0;
}

static inline int
rig_teardown(void **state)
{
    struct rig *r = *state;
    if (r->server)
        http_server_destroy(r->server);
    if (r->fd >= 0)
        close(r->fd);
    event_base_free(r->base);
    buf_fini(&r->got);
    free(r);
    return 0;
}

static inline void
rig_forget(struct rig *r)
{
    buf_clear(&r->got);
    r->eof = r->reset = false;
}

/* A server, if there is none, and a connection to it. */
static inline void
rig_connect(struct rig *r)
{
    int pair[2];
    if (!r->server)
        r->server = http_server_create(r->base, &r->limits, &r->handler);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    if (r->fd >= 0)
        close(r->fd);
    r->fd = pair[0];
    rig_forget(r);
    http_server_adopt(r->server, pair[1], NULL);
}

/* Let the server do all that it can do now. */
static inline void
rig_turn(struct rig *r)
{
    for (int i = 0; i < 10; i++)
        event_base_loop(r->base, EVLOOP_NONBLOCK);
}

/* Send, with turns of the loop while the socket is full.  A server that closes early ends it. */
static inline void
rig_send(struct rig *r, struct str s)
{
    int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
    while (s.n && rig_now_ms() < end) {
        ssize_t n = send(r->fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        s = str_skip(s, n > 0 ? (size_t)n : 0);
        if (s.n)
            rig_turn(r);
    }
    assert_int_equal(s.n, 0);
}

static inline void
rig_read(struct rig *r)
{
    char *p = buf_room(&r->got, 65536);
    ssize_t n = recv(r->fd, p, 65536, 0);
    if (n > 0)
        r->got.n += (size_t)n;
    else if (n == 0)
        r->eof = true;
    else if (errno != EAGAIN)
        r->reset = true;
}

/* Turn the loop until `n` bytes or the end have come, or `ms` have passed. */
static inline void
rig_wait(struct rig *r, size_t n, int64_t ms)
{
    int64_t end = rig_now_ms() + ms;
    for (;;) {
        rig_turn(r);
        rig_read(r);
        if (r->got.n >= n || r->eof || r->reset || rig_now_ms() >= end)
            return;
        struct pollfd p = { .fd = r->fd, .events = POLLIN };
        poll(&p, 1, 1);
    }
}

/* What was received so far without the Date headers, which change. */
static inline char *
rig_text(struct rig *r)
{
    char *text = malloc(r->got.n + 1), *at;
    memcpy(text, buf_str(&r->got).p, r->got.n);
    text[r->got.n] = 0;
    while ((at = strstr(text, "Date: "))) {
        char *end = strstr(at, "\r\n") + 2;
        memmove(at, end, strlen(end) + 1);
    }
    return text;
}

static inline size_t
rig_dates(const char *text)
{
    size_t n = 0;
    for (; (text = strstr(text, "HTTP/1.1 ")); text++)
        n += strncmp(text, "HTTP/1.1 100", 12) != 0;
    return n;
}

/* Wait for exactly this text, in which Dates are left out. */
static inline void
rig_expect(struct rig *r, const char *want)
{
    size_t date = sizeof "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" - 1;
    rig_wait(r, strlen(want) + date * rig_dates(want), RIG_PATIENCE_MS);
    char *text = rig_text(r);
    if (strcmp(text, want))
        fail_msg("got:\n%s\nwant:\n%s", text, want);
    free(text);
    buf_clear(&r->got);
}

/* Wait for the end of the connection; nothing may come before it. */
static inline void
rig_expect_end(struct rig *r)
{
    rig_wait(r, 1, RIG_PATIENCE_MS);
    assert_int_equal(r->got.n, 0);
    assert_true(r->eof);
}

static inline void
rig_close(struct rig *r)
{
    close(r->fd);
    r->fd = -1;
}

/* A test that gets a rig as its *state. */
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

#endif
