/* The end of the server, and of what it serves then. */
#include "tests/unit/test_http_rig.h"

#define HOST  "Host: h\r\n"
#define LATER "GET /later HTTP/1.1\r\n" HOST "\r\n"
#define OK    "HTTP/1.1 200 OK\r\n"

static void
count_done(void *arg)
{
    ++*(int *)arg;
}

/* A connection that has had an answer, and is kept. */
static void
have_idle(struct rig *r)
{
    rig_connect(r);
    rig_send(r, STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    rig_expect(r, OK "Content-Length: 2\r\n\r\n/a");
}

/* A connection whose request is not answered yet. */
static void
have_running(struct rig *r)
{
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
}

/* The connection ends without another word, and then the server has done all it had to. */
static void
expect_all_done(struct rig *r, const int *done)
{
    rig_expect_end(r);
    rig_turn(r);
    assert_int_equal(*done, 1);
}

static void
a_drain_lets_the_running_finish_and_closes_the_idle(void **state)
{
    struct rig *r = *state;
    int done = 0;
    have_idle(r);
    int idle = r->fd;
    r->fd = -1;
    rig_connect(r);
    rig_send(r, STR(LATER "GET /b HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_server_drain(r->server, count_done, &done);
    rig_turn(r);
    char byte;
    assert_int_equal(recv(idle, &byte, 1, 0), 0);
    close(idle);
    assert_int_equal(http_server_stats(r->server)->connections, 1);
    http_reply(r->x, 200, NULL, 0, STR("x"));
    rig_expect(r, OK "Content-Length: 1\r\nConnection: close\r\n\r\nx");
    assert_int_equal(done, 0); /* the second request in its pipeline makes it linger */
    rig_close(r);
    rig_turn(r);
    assert_int_equal(done, 1);
}

static void
a_drain_serves_a_request_that_was_on_its_way(void **state)
{
    struct rig *r = *state;
    int done = 0;
    rig_connect(r);
    http_server_drain(r->server, count_done, &done);
    rig_turn(r);
    rig_send(r, STR("GET /a HT"));
    rig_turn(r);
    rig_send(r, STR("TP/1.1\r\n" HOST "\r\n"));
    rig_expect(r, OK "Content-Length: 2\r\nConnection: close\r\n\r\n/a");
    expect_all_done(r, &done);
}

static void
a_drain_ends_a_stream_that_had_promised_to_stay(void **state)
{
    struct rig *r = *state;
    int done = 0;
    have_running(r);
    http_reply_begin(r->x, 200, NULL, 0, 1);
    http_server_drain(r->server, count_done, &done);
    rig_turn(r);
    http_reply_body(r->x, STR("x"));
    http_reply_end(r->x);
    rig_expect(r, OK "Content-Length: 1\r\n\r\nx");
    expect_all_done(r, &done);
}

static void
a_drain_of_nothing_is_done_from_the_loop(void **state)
{
    struct rig *r = *state;
    int done = 0;
    rig_connect(r);
    rig_close(r);
    rig_turn(r);
    http_server_drain(r->server, count_done, &done);
    assert_int_equal(done, 0);
    rig_turn(r);
    assert_int_equal(done, 1);
}

static void
who_leaves_serves_the_next_request_of_an_idle_connection(void **state)
{
    struct rig *r = *state;
    int done = 0;
    have_idle(r);
    http_server_leave(r->server, count_done, &done);
    rig_turn(r);
    assert_int_equal(http_server_stats(r->server)->connections, 1);
    rig_send(r, STR("GET /b HTTP/1.1\r\n" HOST "\r\n"));
    rig_expect(r, OK "Content-Length: 2\r\nConnection: close\r\n\r\n/b");
    expect_all_done(r, &done);
}

static void
who_leaves_does_not_wait_for_ever(void **state)
{
    struct rig *r = *state;
    int done = 0;
    struct http_limits short_linger = r->limits;
    have_idle(r);
    short_linger.linger_ms = 20;
    http_server_set_limits(r->server, &short_linger);
    http_server_leave(r->server, count_done, &done);
    expect_all_done(r, &done);
    assert_int_equal(http_server_stats(r->server)->timeouts, 0);
}

static void
a_drain_ends_the_patience_of_who_leaves(void **state)
{
    struct rig *r = *state;
    int done = 0;
    have_idle(r);
    http_server_leave(r->server, count_done, &done);
    rig_turn(r);
    assert_int_equal(done, 0);
    http_server_drain(r->server, NULL, NULL);
    expect_all_done(r, &done);
}

static void
a_destroyed_server_tells_running_exchanges(void **state)
{
    struct rig *r = *state;
    have_running(r);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    http_server_destroy(r->server);
    r->server = NULL;
    assert_int_equal(r->gone, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_drain_lets_the_running_finish_and_closes_the_idle),
        RIG_TEST(a_drain_serves_a_request_that_was_on_its_way),
        RIG_TEST(a_drain_ends_a_stream_that_had_promised_to_stay),
        RIG_TEST(a_drain_of_nothing_is_done_from_the_loop),
        RIG_TEST(who_leaves_serves_the_next_request_of_an_idle_connection),
        RIG_TEST(who_leaves_does_not_wait_for_ever),
        RIG_TEST(a_drain_ends_the_patience_of_who_leaves),
        RIG_TEST(a_destroyed_server_tells_running_exchanges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
