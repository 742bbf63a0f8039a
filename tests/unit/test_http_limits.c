/* What bounds a connection: deadlines, sizes, slow readers, clients that leave. */
#include "tests/unit/test_http_rig.h"

#define HOST  "Host: h\r\n"
#define LATER "GET /later HTTP/1.1\r\n" HOST "\r\n"
#define OK    "HTTP/1.1 200 OK\r\n"

/* Wait for the end of the connection, whatever comes before it; returns how long it took. */
static int64_t
wait_for_end(struct rig *r)
{
    int64_t begin = rig_now_ms();
    rig_wait(r, SIZE_MAX, RIG_PATIENCE_MS);
    assert_true(r->eof || r->reset);
    return rig_now_ms() - begin;
}

static const struct http_stats *
stats(struct rig *r)
{
    return http_server_stats(r->server);
}

static void
a_connection_that_says_nothing_is_closed(void **state)
{
    struct rig *r = *state;
    r->limits.head_ms = 50;
    rig_connect(r);
    assert_in_range(wait_for_end(r), 40, RIG_PATIENCE_MS);
    assert_int_equal(r->got.n, 0);
    assert_int_equal(stats(r)->timeouts, 1);
    assert_int_equal(stats(r)->connections, 0);
}

static void
a_head_must_be_complete_in_time_however_it_drips(void **state)
{
    struct rig *r = *state;
    r->limits.head_ms = 100;
    rig_connect(r);
    int64_t begin = rig_now_ms();
    rig_send(r, STR("GET /slow HTTP/1.1\r\n"));
    while (!r->eof && rig_now_ms() < begin + RIG_PATIENCE_MS) {
        rig_send(r, STR("A: b\r\n"));
        rig_wait(r, SIZE_MAX, 10);
    }
    assert_in_range(rig_now_ms() - begin, 80, RIG_PATIENCE_MS);
    assert_int_equal(r->error_status, 408);
    assert_string_equal(r->error_path, "/slow");
}

static void
a_body_may_not_pause_for_long(void **state)
{
    struct rig *r = *state;
    r->limits.body_ms = 400; /* far more than a wait below takes on a busy machine */
    r->limits.head_ms = 10;
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n"));
    for (int i = 0; i < 8; i++) { /* longer than the limit in all, but never silent for so long */
        rig_wait(r, SIZE_MAX, 60);
        rig_send(r, STR("x"));
    }
    assert_false(r->eof);
    assert_in_range(wait_for_end(r), 200, RIG_PATIENCE_MS);
    assert_int_equal(r->error_status, 408);
}

static void
an_idle_connection_is_closed(void **state)
{
    struct rig *r = *state;
    r->limits.idle_ms = 400; /* far more than the waits below take on a busy machine */
    rig_connect(r);
    for (int i = 0; i < 4; i++) {
        rig_send(r, STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
        rig_expect(r, OK "Content-Length: 2\r\n\r\n/a");
        rig_wait(r, SIZE_MAX, 20);
    }
    assert_false(r->eof);
    wait_for_end(r);
    assert_int_equal(r->got.n, 0);
    assert_int_equal(stats(r)->timeouts, 0);
}

static void
a_line_end_behind_a_body_does_not_begin_a_request(void **state)
{
    struct rig *r = *state;
    r->limits.head_ms = 20;
    rig_connect(r);
    rig_send(r, STR("POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi\r\n"));
    rig_expect(r, OK "Content-Length: 2\r\n\r\n/a");
    rig_wait(r, 1, 60);
    assert_int_equal(r->got.n, 0);
    assert_false(r->eof);
    rig_send(r, STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    rig_expect(r, OK "Content-Length: 2\r\n\r\n/a");
}

static void
a_slow_handler_is_not_hurried(void **state)
{
    struct rig *r = *state;
    r->limits.idle_ms = r->limits.head_ms = r->limits.body_ms = r->limits.write_ms = 20;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_wait(r, SIZE_MAX, 100);
    http_reply(r->x, 200, NULL, 0, STR("x"));
    rig_expect(r, OK "Content-Length: 1\r\n\r\nx");
}

static void
a_body_over_the_limit_is_refused(void **state)
{
    struct rig *r = *state;
    r->limits.max_body = 100;
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n"));
    wait_for_end(r);
    assert_int_equal(r->error_status, 413);
    assert_string_equal(r->error_path, "/echo");
}

static void
a_refusal_can_be_read_by_a_client_that_still_sends(void **state)
{
    struct rig *r = *state;
    static char noise[200 * 1000];
    r->limits.max_body = 100;
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n"));
    rig_send(r, str_make(noise, sizeof noise));
    wait_for_end(r);
    assert_true(r->eof && !r->reset);
    assert_true(r->got.n > 50);
    assert_int_equal(stats(r)->connections, 1); /* it lingers until the client closes */
    rig_close(r);
    rig_turn(r);
    assert_int_equal(stats(r)->connections, 0);
}

static void
lingering_ends(void **state)
{
    struct rig *r = *state;
    r->limits.linger_ms = 30;
    rig_connect(r);
    rig_send(r, STR("nonsense\r\n"));
    wait_for_end(r);
    int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
    while (stats(r)->connections && rig_now_ms() < end)
        event_base_loop(r->base, EVLOOP_ONCE);
    assert_int_equal(stats(r)->connections, 0);
}

static void
all_bodies_together_are_bounded(void **state)
{
    struct rig *r = *state;
    r->limits.max_bodies = 100;
    rig_connect(r);
    rig_send(r, STR("POST /later HTTP/1.1\r\n" HOST "Content-Length: 60\r\n\r\n"
                    "012345678901234567890123456789012345678901234567890123456789"));
    rig_turn(r);
    assert_non_null(r->x);
    int first = r->fd;
    r->fd = -1;
    struct http_exchange *x = r->x;
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 60\r\n\r\n"
                    "012345678901234567890123456789012345678901234567890123456789"));
    wait_for_end(r);
    assert_int_equal(r->error_status, 503);
    http_reply(x, 200, NULL, 0, STR("x"));
    close(first);
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 60\r\n\r\n"
                    "012345678901234567890123456789012345678901234567890123456789"));
    rig_wait(r, 100, RIG_PATIENCE_MS);
    assert_false(r->eof);
}

/* A lower limit may be below what is already there. */
static void
a_limit_below_what_is_held_lets_nothing_more_in(void **state)
{
    struct rig *r = *state;
    struct http_limits lower;
    rig_connect(r);
    rig_send(r, STR("POST /later HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789"));
    rig_turn(r);
    assert_non_null(r->x);
    int first = r->fd;
    r->fd = -1;
    struct http_exchange *x = r->x;
    lower = r->limits;
    lower.max_bodies = 5;
    http_server_set_limits(r->server, &lower);
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"));
    wait_for_end(r);
    assert_int_equal(r->error_status, 503);
    http_reply(x, 200, NULL, 0, STR("x"));
    close(first);
}

/* As when the kernel has no memory for one more to watch: who is not heard is not left waiting. */
static void
a_connection_that_cannot_be_watched_is_closed(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    unsigned long before = stats(r)->connections;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_return_code(fd, 0);
    http_server_adopt(r->server, fd, NULL);
    assert_int_equal(stats(r)->connections, before);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void
a_head_over_the_limit_is_refused(void **state)
{
    struct rig *r = *state;
    r->limits.max_head = 1000;
    rig_connect(r);
    rig_send(r, STR("GET / HTTP/1.1\r\n" HOST));
    for (int i = 0; i < 100; i++)
        rig_send(r, STR("Name: value\r\n"));
    wait_for_end(r);
    assert_int_equal(r->error_status, 431);
}

static void
a_client_that_leaves_is_gone_once(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
    assert_non_null(r->x);
    rig_close(r);
    rig_turn(r);
    assert_int_equal(r->gone, 1);
    assert_int_equal(stats(r)->gone, 1);
    assert_int_equal(stats(r)->connections, 0);
    assert_int_equal(stats(r)->exchanges, 0);
}

static void
a_client_that_leaves_in_the_middle_of_a_stream_is_gone_once(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    http_reply_body(r->x, STR("a"));
    rig_turn(r);
    rig_close(r);
    http_reply_body(r->x, STR("b")); /* the write finds out */
    rig_turn(r);
    assert_int_equal(r->gone, 1);
    assert_int_equal(stats(r)->connections, 0);
}

static void
a_client_that_shuts_its_side_down_is_gone(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
    shutdown(r->fd, SHUT_WR);
    rig_expect_end(r);
    assert_int_equal(r->gone, 1);
}

static void
an_answer_given_at_once_reaches_a_client_that_has_shut_down(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    shutdown(r->fd, SHUT_WR);
    rig_expect(r, OK "Content-Length: 2\r\n\r\n/a");
    rig_expect_end(r);
    assert_int_equal(r->gone, 0);
}

static void
a_client_that_leaves_with_half_a_request_disturbs_nobody(void **state)
{
    struct rig *r = *state;
    static const char *const halves[] = {
        "",
        "GET / HT",
        "POST /later HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab",
        "POST /later HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    };
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        rig_connect(r);
        rig_send(r, str_from(halves[i]));
        rig_turn(r);
        assert_int_equal(stats(r)->connections, 1);
        rig_close(r);
        rig_turn(r);
        assert_int_equal(stats(r)->connections, 0);
    }
    assert_int_equal(r->requests + r->gone + r->errors, 0);
}

static void
a_flood_behind_a_request_is_not_read_and_its_sender_may_still_leave(void **state)
{
    struct rig *r = *state;
    static char noise[4 << 20];
    memset(noise, 'x', sizeof noise);
    rig_connect(r);
    rig_send(r, STR(LATER));
    size_t sent = 0;
    for (int i = 0; i < 50; i++) {
        ssize_t n = send(r->fd, noise, sizeof noise - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        rig_turn(r);
    }
    assert_true(sent < sizeof noise);
    assert_in_range(stats(r)->bytes_in, 1, 256 * 1024);
    assert_int_equal(r->gone, 0);
    rig_close(r);
    int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
    while (!r->gone && rig_now_ms() < end)
        event_base_loop(r->base, EVLOOP_ONCE);
    assert_int_equal(r->gone, 1);
}

static void
reading_goes_on_when_the_reply_has_ended(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
    char requests[200 * 40];
    size_t n = 0;
    for (int i = 0; i < 200; i++)
        n += (size_t)sprintf(requests + n, "GET /%03d HTTP/1.1\r\n" HOST "\r\n", i);
    for (int i = 0; i < 20; i++) { /* more than is read ahead */
        ssize_t k = send(r->fd, requests, n, MSG_NOSIGNAL);
        assert_int_equal(k, n);
        rig_turn(r);
    }
    http_reply(r->x, 200, NULL, 0, STR("x"));
    int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
    while (r->requests < 4001 && rig_now_ms() < end)
        rig_wait(r, SIZE_MAX, 1);
    assert_int_equal(r->requests, 4001);
}

/* Stream to a client that does not read, until the server says wait or `max` bytes were written. */
static size_t
fill(struct rig *r, size_t max)
{
    static const char block[10000];
    size_t n = 0;
    while (n < max && r->x) {
        n += sizeof block;
        if (http_reply_body(r->x, str_make(block, sizeof block)) == HTTP_FLOW_WAIT)
            break;
        rig_turn(r);
    }
    return n;
}

static void
a_slow_reader_holds_the_source_back_and_releases_it(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    for (int round = 1; round <= 3; round++) {
        size_t n = fill(r, 100 << 20);
        assert_in_range(n, 10000, 4 << 20);
        assert_in_range(http_reply_pending(r->x), r->limits.high_water, (1 << 20));
        rig_turn(r);
        assert_int_equal(r->drained, round - 1);
        while (r->drained < round)
            rig_wait(r, r->got.n + 1, 100);
        assert_true(http_reply_pending(r->x) <= r->limits.low_water);
    }
    http_reply_end(r->x);
    int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
    while (!str_ends(buf_str(&r->got), STR("\r\n0\r\n\r\n")) && rig_now_ms() < end)
        rig_wait(r, r->got.n + 1, 10);
    assert_true(str_ends(buf_str(&r->got), STR("\r\n0\r\n\r\n")));
}

static void
a_source_that_is_not_held_back_loses_its_client(void **state)
{
    struct rig *r = *state;
    static const char block[100000];
    r->limits.max_pending = 1 << 20;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    for (int i = 0; i < 100; i++)
        http_reply_body(r->x, str_make(block, sizeof block));
    assert_in_range(http_reply_pending(r->x), 1, (1 << 20) + 200000);
    rig_turn(r);
    assert_int_equal(r->gone, 1);
}

static void
a_client_that_takes_nothing_is_given_up(void **state)
{
    struct rig *r = *state;
    r->limits.write_ms = 60;
    rig_connect(r);
    rig_send(r, STR(LATER));
    rig_turn(r);
    int64_t begin = rig_now_ms(); /* filling takes its time, too */
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    fill(r, 100 << 20);
    while (!r->gone && rig_now_ms() < begin + RIG_PATIENCE_MS)
        event_base_loop(r->base, EVLOOP_ONCE);
    assert_int_equal(r->gone, 1);
    assert_in_range(rig_now_ms() - begin, 40, RIG_PATIENCE_MS);
    assert_int_equal(stats(r)->timeouts, 1);
}

static void
limits_that_change_count_from_then_on(void **state)
{
    struct rig *r = *state;
    struct http_limits small = r->limits;
    rig_connect(r);
    rig_send(r, STR("POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"));
    rig_expect(r, OK "Content-Length: 2\r\n\r\n/a");
    small.max_body = 2;
    http_server_set_limits(r->server, &small);
    rig_send(r, STR("POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"));
    rig_turn(r);
    assert_int_equal(stats(r)->refused, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_connection_that_says_nothing_is_closed),
        RIG_TEST(a_head_must_be_complete_in_time_however_it_drips),
        RIG_TEST(a_body_may_not_pause_for_long),
        RIG_TEST(an_idle_connection_is_closed),
        RIG_TEST(a_line_end_behind_a_body_does_not_begin_a_request),
        RIG_TEST(a_slow_handler_is_not_hurried),
        RIG_TEST(a_body_over_the_limit_is_refused),
        RIG_TEST(a_refusal_can_be_read_by_a_client_that_still_sends),
        RIG_TEST(lingering_ends),
        RIG_TEST(all_bodies_together_are_bounded),
        RIG_TEST(a_connection_that_cannot_be_watched_is_closed),
        RIG_TEST(a_limit_below_what_is_held_lets_nothing_more_in),
        RIG_TEST(a_head_over_the_limit_is_refused),
        RIG_TEST(a_client_that_leaves_is_gone_once),
        RIG_TEST(a_client_that_leaves_in_the_middle_of_a_stream_is_gone_once),
        RIG_TEST(a_client_that_shuts_its_side_down_is_gone),
        RIG_TEST(an_answer_given_at_once_reaches_a_client_that_has_shut_down),
        RIG_TEST(a_client_that_leaves_with_half_a_request_disturbs_nobody),
        RIG_TEST(a_flood_behind_a_request_is_not_read_and_its_sender_may_still_leave),
        RIG_TEST(reading_goes_on_when_the_reply_has_ended),
        RIG_TEST(a_slow_reader_holds_the_source_back_and_releases_it),
        RIG_TEST(a_source_that_is_not_held_back_loses_its_client),
        RIG_TEST(a_client_that_takes_nothing_is_given_up),
        RIG_TEST(limits_that_change_count_from_then_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
