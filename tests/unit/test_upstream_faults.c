/* The upstream client against a scripted server on the same loop: when things go wrong. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "server/upstream/client.h"
#include "server/upstream/sock.h"
#include "tests/lib/caller.h"

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    world_init(w, NULL, &(struct upstream_options){ .busy_per_multi = 64, .idle_multi_ms = 30 });
    *state = w;
    return 0;
}

static int
setup_curl(void **state)
{
    setup(state);
    ((struct world *)*state)->http = UPSTREAM_HTTP2;
    return 0;
}

static int
teardown(void **state)
{
    world_fini(*state);
    free(*state);
    return 0;
}

/* A port where nobody listens. */
static unsigned
dead_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    assert_return_code(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    getsockname(fd, (struct sockaddr *)&a, &n);
    close(fd);
    return ntohs(a.sin_port);
}

static void
call_url(struct caller *c, struct world *w, const char *url)
{
    char own[64];
    struct upstream_request req = request_to(w, own);
    req.url = str_from(url);
    caller_run(c, w, &req);
}

static void
upstream_reports_a_refused_connection(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", dead_port());
    call_url(&c, w, url);
    assert_int_equal(c.report.result, UPSTREAM_REFUSED);
    assert_non_null(strstr(c.message, "127.0.0.1"));
    assert_false(c.report.sent);
    assert_int_equal(c.status, 0);
    caller_fini(&c);
}

/* A label of 64 bytes cannot be a name, so no server is asked. */
#define LONG_LABEL "a234567890123456789012345678901234567890123456789012345678901234"

static void
upstream_reports_a_name_that_does_not_exist(void **state)
{
    struct world *w = *state;
    struct caller c;
    call_url(&c, w, "http://" LONG_LABEL ".invalid/");
    assert_int_equal(c.report.result, UPSTREAM_DNS);
    assert_non_null(strstr(c.message, LONG_LABEL));
    caller_fini(&c);
}

#define LENGTH_20 "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"

static void
upstream_tells_broken_replies_apart(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *what;
        struct step steps[4];
        enum upstream_result result;
        unsigned heads;
        const char *body;
        /* clang-format off */
    } rows[] = {
        { "closed before a reply", { CLOSE }, UPSTREAM_RESET, 0, "" },
        { "reset before a reply", { RESET }, UPSTREAM_RESET, 0, "" },
        { "closed in the head", { SEND("HTTP/1.1 200 OK\r\nA: b\r\n"), CLOSE },
          UPSTREAM_TRUNCATED, 0, "" },
        { "reset in the head", { SEND("HTTP/1.1 200 OK\r\nA: b\r\n"), WAIT(2), RESET },
          UPSTREAM_TRUNCATED, 0, "" },
        { "closed in a counted body", { SEND(LENGTH_20 "abc"), CLOSE },
          UPSTREAM_TRUNCATED, 1, "abc" },
        { "reset in a counted body", { SEND(LENGTH_20 "abc"), WAIT(2), RESET },
          UPSTREAM_TRUNCATED, 1, "abc" },
        { "closed before a counted body", { SEND(LENGTH_20), CLOSE }, UPSTREAM_TRUNCATED, 1, "" },
        { "closed between chunks", { SEND(CHUNKED "3\r\nabc\r\n"), CLOSE },
          UPSTREAM_TRUNCATED, 1, "abc" },
        { "closed in a chunk", { SEND(CHUNKED "9\r\nabc"), CLOSE }, UPSTREAM_TRUNCATED, 1, "abc" },
        { "closed in the last chunk", { SEND(CHUNKED "3\r\nabc\r\n0\r\n"), CLOSE },
          UPSTREAM_TRUNCATED, 1, "abc" },
        { "reset between chunks", { SEND(CHUNKED "3\r\nabc\r\n"), WAIT(2), RESET },
          UPSTREAM_TRUNCATED, 1, "abc" },
        { "a chunk size that is none", { SEND(CHUNKED "3\r\nabc\r\nxyz\r\n") },
          UPSTREAM_PROTOCOL, 1, "abc" },
        { "no HTTP at all", { SEND("SSH-2.0-OpenSSH_9.2\r\n"), CLOSE }, UPSTREAM_PROTOCOL, 0, "" },
        { "a length that is none", { SEND("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n") },
          UPSTREAM_PROTOCOL, 0, "" },
        { "framed by close", { SEND("HTTP/1.1 200 OK\r\n\r\nabc"), CLOSE }, UPSTREAM_OK, 1, "abc" },
        { "204", { SEND("HTTP/1.1 204 No Content\r\n\r\n") }, UPSTREAM_OK, 1, "" },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct caller c;
        scripted_set(w->server, SCRIPTS(rows[i].steps));
        caller_post(&c, w);
        if (c.report.result != rows[i].result)
            fail_msg("%s: %s: %s", rows[i].what, upstream_result_name(c.report.result), c.message);
        assert_int_equal(c.heads, rows[i].heads);
        assert_int_equal(c.dones, 1);
        assert_body(&c, rows[i].body);
        assert_int_equal(c.message[0] == '\0', rows[i].result == UPSTREAM_OK);
        assert_true(c.report.sent);
        caller_fini(&c);
    }
}

/* On a connection that was used before, a close may have crossed the request: it goes out once more.  Not when the
 * server has said a word: then it has begun to work. */
static void
upstream_asks_again_only_where_nothing_was_heard(void **state)
{
    struct world *w = *state;
    static const struct step closes[] = { CLOSE, { 0 } };
    static const struct step waits[] = { SEND("HTTP/1.1 102 Processing\r\n\r\n"), CLOSE, { 0 } };
    for (unsigned heard = 0; heard < 2; heard++) {
        struct caller c;
        scripted_set(w->server, SCRIPTS(hello, heard ? waits : closes, hello));
        caller_post(&c, w);
        assert_int_equal(c.report.result, UPSTREAM_OK);
        caller_fini(&c);
        const unsigned before = scripted_seen(w->server)->requests;
        caller_post(&c, w);
        assert_int_equal(c.report.result, heard ? UPSTREAM_RESET : UPSTREAM_OK);
        assert_int_equal(scripted_seen(w->server)->requests - before, heard ? 1 : 2);
        caller_fini(&c);
    }
}

/* The connection has closed, and there is no new one: an address that is too long for curl stands for memory that is
 * short. */
static void
upstream_is_over_at_once_where_it_cannot_ask_again(void **state)
{
    struct world *w = *state;
    static const struct step closes[] = { CLOSE, { 0 } };
    const size_t too_long = 8000001; /* CURL_MAX_INPUT_LENGTH is 8,000,000 */
    struct caller c;
    char url[64], *address = malloc(too_long + 1);
    assert_non_null(address);
    memset(address, 'a', too_long);
    address[too_long] = '\0';
    scripted_set(w->server, SCRIPTS(hello, closes));
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    caller_fini(&c);
    struct upstream_request req = request_to(w, url);
    caller_init(&c, w);
    caller_start(&c, &req);
    struct site *site = c.call->wire.site;
    char *own = site->origin;
    site->origin = address;
    run_until(w, &c.dones, 1);
    site->origin = own;
    assert_int_equal(c.report.result, UPSTREAM_MEMORY);
    assert_int_equal(scripted_seen(w->server)->requests, 2);
    caller_fini(&c);
    free(address);
}

/* What does not end where it said, or says two things about that, is not trusted with another request. */
static void
upstream_keeps_no_connection_of_who_cannot_count(void **state)
{
    struct world *w = *state;
    static const struct {
        struct step steps[2];
        unsigned connections;
    } rows[] = {
        { { SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") }, 1 },
        { { SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n") }, 2 },
        { { SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "5\r\nhello\r\n0\r\n\r\n") },
          2 },
        { { SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: a, Close\r\n\r\nhello") },
          2 },
        { { SEND("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello") }, 2 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct caller c;
        caller_post(&c, w); /* there is a connection */
        caller_fini(&c);
        const unsigned before = scripted_seen(w->server)->connections;
        scripted_set(w->server, SCRIPTS(rows[i].steps, hello));
        for (unsigned k = 0; k < 2; k++) {
            caller_post(&c, w);
            assert_int_equal(c.report.result, UPSTREAM_OK);
            assert_body(&c, "hello");
            caller_fini(&c);
        }
        if (scripted_seen(w->server)->connections - before + 1 != rows[i].connections)
            fail_msg("row %zu", i);
    }
}

static void
upstream_keeps_each_deadline(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *what;
        struct upstream_deadlines deadlines;
        struct step steps[9];
        enum upstream_result result;
        unsigned min_ms, max_ms;
        const char *message;
        /* clang-format off */
    } rows[] = {
        { "no reply", { 0, 30, 5, 0 }, { STALL }, UPSTREAM_TIMEOUT_FIRST_BYTE, 30, 200,
          "127.0.0.1: no byte of the reply's body within 30 ms" },
        { "a head alone", { 0, 40, 5, 0 }, { SEND(CHUNKED), STALL }, UPSTREAM_TIMEOUT_FIRST_BYTE,
          40, 200, "127.0.0.1: no byte of the reply's body within 40 ms" },
        { "a stall in the body", { 0, 5000, 30, 0 }, { SEND(CHUNKED "3\r\nabc\r\n"), STALL },
          UPSTREAM_TIMEOUT_IDLE, 30, 200,
          "127.0.0.1: nothing more for 30 ms after 3 bytes of the reply" },
        { "steady but endless", { 0, 5000, 60, 80 },
          { SEND(CHUNKED "1\r\na\r\n"), WAIT(20), SEND("1\r\nb\r\n"), WAIT(20),
            SEND("1\r\nc\r\n"), WAIT(20), SEND("1\r\nd\r\n"), STALL },
          UPSTREAM_TIMEOUT_TOTAL, 80, 300, "127.0.0.1: not finished within 80 ms" },
        { "slow but in time", { 0, 100, 100, 1000 },
          { WAIT(40), SEND(CHUNKED "1\r\na\r\n"), WAIT(60), SEND("1\r\nb\r\n"), WAIT(60),
            SEND("0\r\n\r\n") },
          UPSTREAM_OK, 140, 500, "" },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct caller c;
        char url[64];
        struct upstream_request req = request_to(w, url);
        req.deadlines = rows[i].deadlines;
        scripted_set(w->server, SCRIPTS(rows[i].steps));
        caller_run(&c, w, &req);
        if (c.report.result != rows[i].result)
            fail_msg("%s: %s", rows[i].what, upstream_result_name(c.report.result));
        assert_string_equal(c.message, rows[i].message);
        assert_in_range(c.report.total_us / 1000, rows[i].min_ms, rows[i].max_ms * 10);
        caller_fini(&c);
    }
}

/* A listener whose queue is full: further connections hang. */
static void
upstream_keeps_the_connect_deadline(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0), fill[4];
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    assert_return_code(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_return_code(listen(fd, 0), 0);
    getsockname(fd, (struct sockaddr *)&a, &n);
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
    }
    struct upstream_request req = request_to(w, url);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(a.sin_port));
    req.url = str_from(url);
    req.deadlines = (struct upstream_deadlines){ .connect_ms = 40, .first_byte_ms = 5000 };
    caller_run(&c, w, &req);
    assert_int_equal(c.report.result, UPSTREAM_TIMEOUT_CONNECT);
    assert_in_range(c.report.total_us / 1000, 40, 1000);
    assert_false(c.report.sent);
    for (int i = 0; i < 4; i++)
        close(fill[i]);
    close(fd);
    caller_fini(&c);
}

static void
upstream_pauses_and_resumes(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64];
    scripted_set(w->server,
                 SCRIPTS(STEPS(SEND("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n"),
                               { STEP_FILL, 0, 4000000 })));
    struct upstream_request req = request_to(w, url);
    req.deadlines.idle_ms = 300; /* a busy machine may not look after us for so long */
    caller_init(&c, w);
    c.pause_in_data = true;
    caller_start(&c, &req);
    run_until(w, &c.pieces, 1);
    run_for(w, 400); /* longer than idle_ms: a paused call does not idle */
    assert_int_equal(c.dones, 0);
    assert_int_equal(c.pieces, 1);
    for (unsigned i = 2; i < 12; i++) {
        upstream_resume(c.call);
        upstream_resume(c.call);
        run_until(w, &c.pieces, i);
        run_for(w, 1);
        assert_int_equal(c.pieces, i); /* paused again at once */
    }
    c.pause_in_data = false;
    upstream_pause(c.call);
    upstream_resume(c.call);
    upstream_pause(c.call);
    run_for(w, 1);
    assert_int_equal(c.pieces, 11);
    upstream_resume(c.call);
    run_until(w, &c.dones, 1);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_int_equal(c.body.n, 4000000);
    for (size_t i = 0; i < c.body.n; i++)
        if (c.body.p[i] != (char)('a' + i % 26))
            fail_msg("byte %zu differs", i);
    caller_fini(&c);
}

static void
upstream_applies_the_limit_to_what_waited_too(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64];
    scripted_set(w->server,
                 SCRIPTS(STEPS(SEND(CHUNKED "3\r\nabc\r\n"), WAIT(5), SEND("3\r\ndef\r\n"))));
    struct upstream_request req = request_to(w, url);
    req.max_reply = 5;
    caller_init(&c, w);
    c.pause_in_data = true;
    caller_start(&c, &req);
    run_until(w, &c.pieces, 1);
    run_for(w, 20);
    assert_int_equal(c.pieces, 1);
    upstream_resume(c.call);
    run_until(w, &c.dones, 1);
    assert_int_equal(c.report.result, UPSTREAM_TOO_LARGE);
    caller_fini(&c);
}

static void
upstream_cancels_in_every_handler(void **state)
{
    struct world *w = *state;
    for (enum hook where = HOOK_NONE; where <= HOOK_DONE; where++) {
        struct caller c;
        char url[64];
        scripted_set(w->server, SCRIPTS(STEPS(SEND(CHUNKED "3\r\nabc\r\n"), WAIT(4),
                                              SEND("3\r\ndef\r\n0\r\n\r\n")),
                                        hello));
        struct upstream_request req = request_to(w, url);
        caller_init(&c, w);
        c.cancel_in = where;
        caller_start(&c, &req);
        if (where == HOOK_NONE)
            upstream_cancel(c.call);
        if (where != HOOK_NONE)
            run_until(w,
                      where == HOOK_HEAD   ? &c.heads
                      : where == HOOK_DATA ? &c.pieces
                                           : &c.dones,
                      1);
        run_for(w, 10);
        assert_int_equal(c.dones, where == HOOK_DONE);
        assert_int_equal(c.heads, where != HOOK_NONE);
        assert_int_equal(c.pieces, where <= HOOK_HEAD ? 0 : where == HOOK_DONE ? 2 : 1);
        assert_int_equal(upstream_stats(w->up).busy, 0);
        caller_fini(&c);
        caller_post(&c, w); /* the next call is none the worse */
        assert_int_equal(c.report.result, UPSTREAM_OK);
        caller_fini(&c);
    }
}

/* Two calls in the same multi; the first cancels the second, whose body is then freed. */
static void
upstream_cancels_another_call_in_every_handler(void **state)
{
    struct world *w = *state;
    static const size_t sizes[] = { 10, 3000000 };
    for (enum hook where = HOOK_HEAD; where <= HOOK_DONE; where++) {
        for (size_t k = 0; k < 2; k++) {
            struct caller first, second;
            char url[64];
            scripted_set(w->server, SCRIPTS(hello));
            struct upstream_request req = request_to(w, url);
            caller_init(&first, w);
            caller_init(&second, w);
            first.cancel_in = where;
            first.victim = &second;
            caller_start(&first, &req);
            char *body = calloc(1, sizes[k]);
            req.body = str_make(body, sizes[k]);
            caller_start(&second, &req);
            run_until(w, &first.heads, 1);
            if (!first.cancelled) /* the reply came as a whole, or the hook is done */
                run_until(w, &first.dones, 1);
            if (!first.cancelled)
                upstream_cancel(second.call);
            free(body);
            run_until(w, &first.dones, 1);
            run_for(w, 2);
            assert_int_equal(first.report.result, UPSTREAM_OK);
            assert_true(second.dones <= 1);
            assert_int_equal(upstream_stats(w->up).busy, 0);
            caller_fini(&first);
            caller_fini(&second);
        }
    }
}

static unsigned all_done;

static void
count_done(void *ctx, const struct upstream_report *report)
{
    enum upstream_result *r = ctx;
    *r = report->result;
    all_done++;
}

static const struct upstream_handler counting = { .done = count_done };

/* Streams that are open at the same time, twice. */
static void
run_crowd(struct world *w, unsigned multis)
{
    enum upstream_result results[200];
    char url[64];
    struct upstream_request req = request_to(w, url);
    scripted_set(w->server,
                 SCRIPTS(STEPS(SEND(CHUNKED "3\r\nabc\r\n"), WAIT(30), SEND("0\r\n\r\n"))));
    for (int round = 0; round < 2; round++) {
        all_done = 0;
        for (size_t i = 0; i < 200; i++)
            assert_non_null(upstream_start(w->up, &req, &counting, &results[i], NULL));
        run_for(w, 5);
        if (multis && (round == 0 || w->http == UPSTREAM_HTTP2))
            assert_int_equal(upstream_stats(w->up).multis, multis);
        assert_int_equal(upstream_stats(w->up).busy, 200);
        run_until(w, &all_done, 200);
        for (size_t i = 0; i < 200; i++)
            assert_int_equal(results[i], UPSTREAM_OK);
    }
}

static void
upstream_serves_many_calls_at_once(void **state)
{
    struct world *w = *state;
    bool curl = w->http == UPSTREAM_HTTP2;
    run_crowd(w, 4);
    struct upstream_stats s = upstream_stats(w->up);
    assert_int_equal(s.connects, 200);
    assert_int_equal(s.reused, 200);
    assert_int_equal(s.sockets, 200);
    run_for(w, 100); /* the multis that are no longer needed go, with their connections */
    assert_int_equal(upstream_stats(w->up).multis, 1);
    assert_int_equal(upstream_stats(w->up).sockets, curl ? 64 : 200);
}

static struct upstream_call *crowd[60];

/* The first to end takes all others with it. */
static void
cancel_others(void *ctx, const struct upstream_report *report)
{
    (void)ctx, (void)report;
    all_done++;
    for (size_t i = 0; i < 60; i++)
        upstream_cancel(crowd[i]);
}

static void
upstream_cancels_calls_that_have_news_in_the_same_turn(void **state)
{
    static const struct upstream_handler h = { .done = cancel_others };
    struct world *w = *state;
    char url[64];
    struct upstream_request req = request_to(w, url);
    run_crowd(w, 0); /* there are connections now */
    scripted_set(w->server, SCRIPTS(hello));
    all_done = 0;
    for (size_t i = 0; i < 60; i++)
        crowd[i] = upstream_start(w->up, &req, &h, NULL, NULL);
    run_until(w, &all_done, 1);
    run_for(w, 20);
    assert_int_equal(all_done, 1);
    assert_int_equal(upstream_stats(w->up).busy, 0);
    assert_int_equal(upstream_stats(w->up).cancelled, 59);
}

static void
upstream_keeps_some_idle_connections_for_some_time(void **state)
{
    struct world *w = *state;
    upstream_destroy(w->up);
    w->up = upstream_create(w->base,
                            &(struct upstream_options){ .idle_links = 8, .idle_link_ms = 50 });
    run_crowd(w, 0);
    assert_in_range(upstream_stats(w->up).sockets, 0, 8);
    assert_true(upstream_stats(w->up).reused > 0);
    run_for(w, 200);
    assert_int_equal(upstream_stats(w->up).sockets, 0);
}

/* As when the kernel has no memory for one more to watch. */
static void
a_link_that_cannot_be_watched_is_none(void **state)
{
    struct world *w = *state;
    struct site site = { .tls = false };
    struct links all;
    TAILQ_INIT(&site.idle);
    links_init(&all, w->base, NULL, NULL);
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_return_code(fd, 0);
    assert_null(link_open(&site, fd, &all));
    assert_int_equal(all.open, 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    links_fini(&all);
}

static void
a_socket_of_curl_that_cannot_be_watched_is_refused(void **state)
{
    struct world *w = *state;
    struct sock_table t;
    sock_table_init(&t, w->base, NULL);
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_return_code(fd, 0);
    assert_int_equal(sock_want(&t, w, fd, CURL_POLL_IN), -1);
    assert_int_equal(sock_want(&t, w, fd, CURL_POLL_OUT), -1);
    sock_table_fini(&t);
    close(fd);
}

static void
upstream_destroys_with_calls_running(void **state)
{
    struct world *w = *state;
    enum upstream_result results[100];
    char url[64];
    struct upstream_request req = request_to(w, url);
    scripted_set(w->server, SCRIPTS(STEPS(SEND(CHUNKED "3\r\nabc\r\n"), STALL)));
    all_done = 0;
    for (size_t i = 0; i < 100; i++)
        assert_non_null(upstream_start(w->up, &req, &counting, &results[i], NULL));
    run_for(w, 5);
    assert_non_null(upstream_start(w->up, &req, &counting, &results[0], NULL));
    upstream_destroy(w->up);
    assert_int_equal(all_done, 0);
    w->up = upstream_create(w->base, NULL);
}

static void
upstream_leaks_no_descriptor_over_many_faults(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64], dead[64];
    struct upstream_request req = request_to(w, url);
    snprintf(dead, sizeof dead, "http://127.0.0.1:%u/", dead_port());
    caller_post(&c, w);
    caller_fini(&c);
    run_for(w, 5);
    unsigned before = open_files();
    for (int i = 0; i < 60; i++) {
        scripted_set(w->server,
                     SCRIPTS(STEPS(SEND(LENGTH_20 "abc"), CLOSE), STEPS(CLOSE), STEPS(RESET),
                             STEPS(SEND(CHUNKED "zzz\r\n")), STEPS(STALL), hello));
        for (int k = 0; k < 7; k++) {
            req.url = str_from(k == 5 ? dead : k == 6 ? "http://" LONG_LABEL ".invalid/" : url);
            req.deadlines.total_ms = k == 4 ? 3 : 5000;
            caller_run(&c, w, &req);
            assert_int_not_equal(c.report.result, UPSTREAM_OK);
            caller_fini(&c);
        }
        req.url = str_from(url);
        caller_run(&c, w, &req);
        assert_int_equal(c.report.result, UPSTREAM_OK);
        caller_fini(&c);
        caller_init(&c, w);
        c.cancel_in = HOOK_HEAD;
        caller_start(&c, &req);
        run_until(w, &c.heads, 1);
        caller_fini(&c);
    }
    run_for(w, 20);
    assert_true(open_files() <= before + 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(upstream_reports_a_refused_connection),
        BOTH(upstream_reports_a_name_that_does_not_exist),
        BOTH(upstream_tells_broken_replies_apart),
        cmocka_unit_test_setup_teardown(upstream_asks_again_only_where_nothing_was_heard, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(upstream_is_over_at_once_where_it_cannot_ask_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(upstream_keeps_no_connection_of_who_cannot_count, setup,
                                        teardown),
        BOTH(upstream_keeps_each_deadline),
        BOTH(upstream_keeps_the_connect_deadline),
        BOTH(upstream_pauses_and_resumes),
        BOTH(upstream_applies_the_limit_to_what_waited_too),
        BOTH(upstream_cancels_in_every_handler),
        BOTH(upstream_cancels_another_call_in_every_handler),
        BOTH(upstream_serves_many_calls_at_once),
        BOTH(upstream_cancels_calls_that_have_news_in_the_same_turn),
        cmocka_unit_test_setup_teardown(upstream_keeps_some_idle_connections_for_some_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_link_that_cannot_be_watched_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_of_curl_that_cannot_be_watched_is_refused, setup,
                                        teardown),
        BOTH(upstream_destroys_with_calls_running),
        BOTH(upstream_leaks_no_descriptor_over_many_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
