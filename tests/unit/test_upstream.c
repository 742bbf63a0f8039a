/* The upstream client against a scripted server on the same loop: when all goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/upstream/client.h"
#include "tests/lib/caller.h"

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    world_init(w, NULL, NULL);
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

static void
upstream_delivers_a_whole_reply(void **state)
{
    struct world *w = *state;
    struct caller c;
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_string_equal(c.message, "");
    assert_int_equal(c.status, 200);
    assert_int_equal(c.report.status, 200);
    assert_string_equal(c.type, "text/plain");
    assert_body(&c, "hello");
    assert_int_equal(c.heads, 1);
    assert_int_equal(c.report.connects, 1);
    assert_false(c.report.reused);
    assert_true(c.report.sent);
    assert_int_equal(c.report.bytes, 5);
    assert_true(c.report.first_byte_us > 0 && c.report.first_byte_us <= c.report.total_us);
    caller_fini(&c);
}

static void
upstream_sends_what_was_asked_and_nothing_else(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64], want[256];
    struct upstream_request req = request_to(w, url);
    const struct upstream_header headers[] = { { STR("Content-Type"), STR("application/json") },
                                               { STR("X-Empty"), STR("") } };
    req.headers = headers;
    req.n_headers = 2;
    caller_run(&c, w, &req);
    snprintf(want, sizeof want,
             "POST /v1/x?key=1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\n"
             "X-Empty:\r\nContent-Length: 2\r\n\r\n{}",
             w->port);
    struct str got = buf_str(&scripted_seen(w->server)->request);
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.p, want, got.n);
    caller_fini(&c);
}

static void
upstream_knows_methods(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *method, *body, *line;
    } rows[] = {
        { "GET", NULL, "GET /v1/x?key=1 HTTP/1.1\r\n" },
        { "POST", NULL, "POST /v1/x?key=1 HTTP/1.1\r\n" },
        { "DELETE", NULL, "DELETE /v1/x?key=1 HTTP/1.1\r\n" },
        { "PUT", "abc", "PUT /v1/x?key=1 HTTP/1.1\r\n" },
        { "GET", NULL, "GET /v1/x?key=1 HTTP/1.1\r\n" },
        { "HEAD", NULL, "HEAD /v1/x?key=1 HTTP/1.1\r\n" },
        { "POST", "abc", "POST /v1/x?key=1 HTTP/1.1\r\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct caller c;
        char url[64];
        struct upstream_request req = request_to(w, url);
        req.method = str_from(rows[i].method);
        req.body = str_from(rows[i].body);
        caller_run(&c, w, &req);
        assert_int_equal(c.report.result, UPSTREAM_OK);
        struct str got = buf_str(&scripted_seen(w->server)->request);
        assert_true(str_starts(got, str_from(rows[i].line)));
        assert_int_equal(scripted_seen(w->server)->body, rows[i].body ? 3 : 0);
        caller_fini(&c);
    }
}

static const struct upstream_handler silent = { 0 };

static void
upstream_refuses_what_cannot_be_sent(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *url, *method, *name, *value, *error;
    } rows[] = {
        { "ftp://x/", "POST", "A", "b", "url: the scheme is neither http nor https" },
        { "", "POST", "A", "b", "url: empty, or with a NUL byte" },
        { "http://u:p@x/", "POST", "A", "b",
          "url: Credentials was passed in the URL when "
          "prohibited" },
        { "http://x:99999/", "POST", "A", "b",
          "url: Port number was not a decimal number "
          "between 0 and 65535" },
        { "http://x/", "P T", "A", "b", "request: \"P T\" is not a method" },
        { "http://x/", "POST", "A b", "b", "request header: \"A b\" is not a name" },
        { "http://x/", "POST", "", "b", "request header: \"\" is not a name" },
        { "http://x/", "POST", "A", "b\r\nC: d",
          "request header A: control character in the "
          "value" },
        { "http://x/", "POST", "host", "b", "request header host: is set by llmux itself" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault f = { 0 };
        struct upstream_header h = { str_from(rows[i].name), str_from(rows[i].value) };
        struct upstream_request req = { .method = str_from(rows[i].method),
                                        .url = str_from(rows[i].url),
                                        .headers = &h,
                                        .n_headers = 1 };
        assert_null(upstream_start(w->up, &req, &silent, NULL, &f));
        assert_string_equal(f.text, rows[i].error);
        bool is_sane = strncmp(f.text, "request header", strlen("request header")) != 0;
        assert_int_equal(upstream_headers_are_sane(&h, 1), is_sane);
    }
    assert_int_equal(upstream_stats(w->up).busy, 0);
}

static void
upstream_streams_chunks_as_they_come(void **state)
{
    struct world *w = *state;
    struct caller c;
    scripted_set(w->server, SCRIPTS(STEPS(SEND(CHUNKED), WAIT(5), SEND("3\r\nabc\r\n"), WAIT(5),
                                          SEND("4;x=y\r\nde"), WAIT(5), SEND("fg\r\n1\r\nh\r\n"),
                                          WAIT(5), SEND("0\r\nTrailer: x\r\n\r\n"))));
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_body(&c, "abcdefgh");
    assert_int_equal(c.heads, 1);
    assert_in_range(c.pieces, 3, 4); /* abc, de, fg + h */
    caller_fini(&c);
}

static void
upstream_shows_no_interim_heads_and_joins_folded_lines(void **state)
{
    struct world *w = *state;
    struct caller c;
    scripted_set(w->server,
                 SCRIPTS(STEPS(SEND("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
                                    "Content-Type: wrong\r\n\r\nHTTP/1.1 429 Slow: Down\r\n"
                                    "Content-Type: a\r\n b \r\nContent-Length: 0\r\n\r\n"))));
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_int_equal(c.heads, 1);
    assert_int_equal(c.status, 429);
    assert_string_equal(c.type, "a   b");
    caller_fini(&c);
}

static void
upstream_reuses_connections(void **state)
{
    struct world *w = *state;
    struct caller c;
    for (int i = 0; i < 20; i++) {
        caller_post(&c, w);
        assert_int_equal(c.report.result, UPSTREAM_OK);
        assert_int_equal(c.report.reused, i > 0);
        caller_fini(&c);
    }
    assert_int_equal(scripted_seen(w->server)->connections, 1);
    struct upstream_stats s = upstream_stats(w->up);
    assert_int_equal(s.connects, 1);
    assert_int_equal(s.reused, 19);
    assert_int_equal(s.results[UPSTREAM_OK], 20);
    assert_int_equal(s.pooled, 1);
    assert_int_equal(s.sockets, 1);
    assert_int_equal(s.busy, 0);
}

static void
upstream_repeats_on_a_fresh_connection_when_an_idle_one_died(void **state)
{
    struct world *w = *state;
    struct caller c;
    caller_post(&c, w);
    caller_fini(&c);
    scripted_close_idle(w->server);
    run_for(w, 5);
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_int_equal(c.report.connects, 1);
    caller_fini(&c);
    /* and when it dies just as the request arrives */
    scripted_set(w->server, SCRIPTS(STEPS(CLOSE), hello));
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_body(&c, "hello");
    assert_false(c.report.reused);
    caller_fini(&c);
}

/* What the loop calls in the middle of a turn. */
static void
start_in_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct caller *c = arg;
    char url[64];
    struct upstream_request req = request_to(c->w, url);
    caller_start(c, &req);
}

/* The request begins behind the news of the connection's, but before anybody has looked at them. */
static void
upstream_takes_no_idle_connection_that_speaks_out_of_turn(void **state)
{
    struct world *w = *state;
    struct caller c;
    int pipe_fd[2];
    caller_post(&c, w);
    caller_fini(&c);
    caller_init(&c, w);
    assert_return_code(pipe(pipe_fd), 0);
    struct event *begin = event_new(w->base, pipe_fd[0], EV_READ, start_in_turn, &c);
    event_add(begin, NULL);
    run_for(w, 2); /* so that the kernel tells first of what comes first */
    assert_int_equal(write(pipe_fd[1], "x", 1), 1);
    scripted_say_idle(w->server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale");
    run_until(w, &c.dones, 1);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_body(&c, "hello");
    assert_false(c.report.reused);
    assert_int_equal(scripted_seen(w->server)->connections, 2);
    caller_fini(&c);
    event_free(begin);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
}

static void
upstream_goes_where_each_request_says(void **state)
{
    struct world *w = *state;
    struct caller c;
    struct scripted *other = scripted_create(w->base, NULL, SCRIPTS(hello));
    for (int i = 0; i < 4; i++) {
        char url[64];
        struct upstream_request req = request_to(w, url);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/%c", i % 2 ? w->port : scripted_port(other),
                 'a' + i);
        req.url = str_from(url);
        caller_run(&c, w, &req);
        struct str got = buf_str(&scripted_seen(i % 2 ? w->server : other)->request);
        assert_memory_equal(got.p, ((char[]){ 'P', 'O', 'S', 'T', ' ', '/', (char)('a' + i) }), 7);
        caller_fini(&c);
    }
    upstream_destroy(w->up);
    w->up = upstream_create(w->base, NULL);
    scripted_destroy(other);
}

/* Clients may name any number of them. */
static void
sites_that_nobody_uses_do_not_stay_for_ever(void **state)
{
    (void)state;
    struct site_table t = { .first = NULL };
    char origin[64], host[] = "host";
    struct parsed_url url = { .origin = origin, .host = host };
    struct site *held[3];
    for (unsigned i = 0; i < 10 * SITES_KEPT; i++) {
        snprintf(origin, sizeof origin, "http://host:%u", i);
        struct site *s = site_find(&t, &url, NULL);
        assert_non_null(s);
        assert_ptr_equal(site_find(&t, &url, NULL), s);
        if (i < 3) {
            held[i] = s;
            s->users = 1;
        }
        assert_true(t.n <= SITES_KEPT + 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(origin, sizeof origin, "http://host:%u", i);
        assert_ptr_equal(site_find(&t, &url, NULL), held[i]);
    }
    site_table_fini(&t);
}

/* Calls, dials and links say that they use a site, and when they no longer do. */
static void
a_site_knows_its_users(void **state)
{
    struct world *w = *state;
    struct caller c;
    caller_post(&c, w);
    caller_fini(&c);
    char url[64];
    struct upstream_request req = request_to(w, url);
    caller_init(&c, w);
    caller_start(&c, &req);
    upstream_cancel(c.call);
    caller_fini(&c);
    const struct site *s = w->up->sites.first;
    assert_non_null(s);
    assert_int_equal(s->users, s->n_idle);
    assert_int_equal(s->users, 1);
    scripted_close_idle(w->server);
    run_for(w, 5);
    assert_int_equal(s->users, 0);
}

static void
upstream_sends_large_bodies(void **state)
{
    struct world *w = *state;
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 5 << 20 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct caller c;
        char url[64];
        struct upstream_request req = request_to(w, url);
        char *body = malloc(sizes[i] + 1);
        for (size_t k = 0; k < sizes[i]; k++)
            body[k] = (char)('a' + k % 23);
        req.body = str_make(body, sizes[i]);
        caller_run(&c, w, &req);
        assert_int_equal(c.report.result, UPSTREAM_OK);
        struct str got = buf_str(&scripted_seen(w->server)->request);
        assert_int_equal(scripted_seen(w->server)->body, sizes[i]);
        assert_memory_equal(got.p + got.n - sizes[i], body, sizes[i]);
        assert_null(memmem(got.p, got.n - sizes[i], "Expect", 6));
        free(body);
        caller_fini(&c);
    }
}

static void
upstream_repeats_a_large_body_on_a_fresh_connection(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64];
    size_t n = 300000;
    caller_post(&c, w);
    caller_fini(&c);
    scripted_set(w->server, SCRIPTS(STEPS(CLOSE), hello));
    struct upstream_request req = request_to(w, url);
    char *body = malloc(n);
    memset(body, 'x', n);
    req.body = str_make(body, n);
    caller_run(&c, w, &req);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_int_equal(scripted_seen(w->server)->body, n);
    assert_int_equal(scripted_seen(w->server)->requests, 3);
    free(body);
    caller_fini(&c);
}

static void
upstream_receives_large_bodies_and_keeps_to_the_limit(void **state)
{
    struct world *w = *state;
    struct caller c;
    char url[64];
    scripted_set(w->server,
                 SCRIPTS(STEPS(SEND("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"),
                               { STEP_FILL, 0, 3000000 })));
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    assert_int_equal(c.body.n, 3000000);
    for (size_t i = 0; i < c.body.n; i++)
        if (c.body.p[i] != (char)('a' + i % 26))
            fail_msg("byte %zu differs", i);
    caller_fini(&c);
    struct upstream_request req = request_to(w, url);
    req.max_reply = 2999999;
    caller_run(&c, w, &req);
    assert_int_equal(c.report.result, UPSTREAM_TOO_LARGE);
    assert_string_equal(c.message, "127.0.0.1: reply longer than 2999999 bytes");
    caller_fini(&c);
}

static void
upstream_cuts_large_heads(void **state)
{
    struct world *w = *state;
    struct caller c;
    static char line[7000], huge[200000];
    memset(line, 'x', sizeof line - 3);
    memcpy(line, "X-Long: ", 8);
    memcpy(line + sizeof line - 3, "\r\n", 3);
    memset(huge, 'x', sizeof huge - 1);
    memcpy(huge, "HTTP/1.1 200 OK\r\nX-Huge: ", 25);
    struct step many[14] = { SEND("HTTP/1.1 200 OK\r\n") };
    for (int i = 1; i < 12; i++)
        many[i] = (struct step)SEND(line);
    many[12] = (struct step)SEND("\r\n");
    scripted_set(w->server, SCRIPTS(many, STEPS(SEND(huge))));
    caller_post(&c, w);
    assert_int_equal(c.report.result, UPSTREAM_TOO_LARGE);
    assert_string_equal(c.message, "127.0.0.1: head of the reply longer than 65536 bytes");
    assert_int_equal(c.heads, 0);
    caller_fini(&c);
    caller_post(&c, w); /* a single line, which curl cuts itself */
    assert_int_equal(c.report.result, UPSTREAM_TOO_LARGE);
    caller_fini(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(upstream_delivers_a_whole_reply),
        BOTH(upstream_sends_what_was_asked_and_nothing_else),
        BOTH(upstream_knows_methods),
        BOTH(upstream_refuses_what_cannot_be_sent),
        BOTH(upstream_streams_chunks_as_they_come),
        BOTH(upstream_shows_no_interim_heads_and_joins_folded_lines),
        BOTH(upstream_reuses_connections),
        BOTH(upstream_repeats_on_a_fresh_connection_when_an_idle_one_died),
        BOTH(upstream_takes_no_idle_connection_that_speaks_out_of_turn),
        BOTH(upstream_goes_where_each_request_says),
        cmocka_unit_test(sites_that_nobody_uses_do_not_stay_for_ever),
        cmocka_unit_test_setup_teardown(a_site_knows_its_users, setup, teardown),
        BOTH(upstream_sends_large_bodies),
        BOTH(upstream_repeats_a_large_body_on_a_fresh_connection),
        BOTH(upstream_receives_large_bodies_and_keeps_to_the_limit),
        BOTH(upstream_cuts_large_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
