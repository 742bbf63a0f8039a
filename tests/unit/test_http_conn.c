/* Requests and replies over a socket: framing, order, and what happens to the connection. */
#include "tests/unit/test_http_rig.h"

#define HOST   "Host: h\r\n"
#define EXPECT "Expect: 100-continue\r\n"
#define OK     "HTTP/1.1 200 OK\r\n"
#define TEXT   "Content-Type: text/plain\r\n"

enum after {
    STAYS,
    CLOSES,
};

/* What comes back for what is sent, on a connection of its own. */
static const struct row {
    const char *request, *reply;
    enum after after;
} rows[] = {
    { "GET /a HTTP/1.1\r\n" HOST "\r\n", OK "Content-Length: 2\r\n\r\n/a", STAYS },
    { "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
      OK "Content-Length: 2\r\nConnection: close\r\n\r\n/a", CLOSES },
    { "GET /a HTTP/1.0\r\n\r\n", OK "Content-Length: 2\r\nConnection: close\r\n\r\n/a", CLOSES },
    { "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      OK "Content-Length: 2\r\nConnection: keep-alive\r\n\r\n/a", STAYS },
    { "HEAD /abc HTTP/1.1\r\n" HOST "\r\n", OK "Content-Length: 4\r\n\r\n", STAYS },
    { "GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
      OK "Content-Length: 2\r\n\r\n/a" OK "Content-Length: 2\r\n\r\n/b", STAYS },
    { "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
      OK "Content-Length: 2\r\nConnection: close\r\n\r\n/a", CLOSES },
    { "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
      OK TEXT "Content-Length: 5\r\n\r\nhello", STAYS },
    { "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
      OK TEXT "Content-Length: 0\r\n\r\n", STAYS },
    { "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
      "2;x\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n"
      "GET /a HTTP/1.1\r\n" HOST "\r\n",
      OK TEXT "Content-Length: 5\r\n\r\nhello" OK "Content-Length: 2\r\n\r\n/a", STAYS },
    { "GET /chunks HTTP/1.1\r\n" HOST "\r\n",
      OK TEXT "Transfer-Encoding: chunked\r\n\r\n7\r\none two\r\n0\r\n\r\n", STAYS },
    { "HEAD /chunks HTTP/1.1\r\n" HOST "\r\n", OK TEXT "Transfer-Encoding: chunked\r\n\r\n",
      STAYS },
    { "GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      OK TEXT "Connection: close\r\n\r\none two", CLOSES },
    { "POST /echo HTTP/1.1\r\n" HOST EXPECT "Content-Length: 2\r\n\r\nhi",
      OK TEXT "Content-Length: 2\r\n\r\nhi", STAYS },
    { "POST /echo HTTP/1.1\r\n" HOST EXPECT "\r\n", OK TEXT "Content-Length: 0\r\n\r\n", STAYS },
    /* refused */
    { "GET /a HTTP/1.1\r\n\r\n",
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 14\r\nConnection: close\r\n\r\n"
      "no host header",
      CLOSES },
    { "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 22\r\nConnection: close\r\n\r\n"
      "invalid chunked coding",
      CLOSES },
    { "POST /small HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n",
      "HTTP/1.1 413 Content Too Large\r\nContent-Length: 31\r\nConnection: close\r\n\r\n"
      "the request's body is too large",
      CLOSES },
    { "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n",
      "HTTP/1.1 413 Content Too Large\r\nContent-Length: 31\r\nConnection: close\r\n\r\n"
      "the request's body is too large",
      CLOSES },
    { "HEAD /a HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n",
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 38\r\nConnection: close\r\n\r\n", CLOSES },
};

static void
check_row(struct rig *r, const struct row *row, size_t step)
{
    rig_connect(r);
    struct str rest = str_from(row->request);
    while (rest.n) {
        struct str part = str_make(rest.p, rest.n < step ? rest.n : step);
        rig_send(r, part);
        rig_turn(r);
        rest = str_skip(rest, part.n);
    }
    rig_expect(r, row->reply);
    if (row->after == CLOSES)
        rig_expect_end(r);
    else
        assert_false(r->eof);
}

static void
rows_are_answered_as_they_should_be(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(*state, &rows[i], SIZE_MAX);
}

static void
rows_are_answered_alike_when_they_come_byte_by_byte(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strstr(rows[i].request, "100-continue"))
            check_row(*state, &rows[i], 1);
}

/* Framings that must not be taken for two different requests by two servers in a row. */
static const char *const refused[] = {
    "GET / HTTP/1.1\n" HOST "\n",
    "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n",
    "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",
    "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n",
    "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
    "GET / HTTP/3.0\r\n" HOST "\r\n",
    "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc",
    "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\nabc",
    "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    "\x16\x03\x01\x02\x03",
};

static void
doubtful_framing_is_refused_and_the_connection_closed(void **state)
{
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        rig_connect(r);
        rig_send(r, str_from(refused[i]));
        rig_wait(r, SIZE_MAX, RIG_PATIENCE_MS);
        assert_true(r->eof);
        assert_int_equal(r->errors, (int)i + 1);
        char *text = rig_text(r);
        if (strncmp(text, "HTTP/1.1 4", 10) && strncmp(text, "HTTP/1.1 50", 11))
            fail_msg("%s: %s", refused[i], text);
        free(text);
    }
    assert_int_equal(r->requests, 0);
}

static void
an_error_knows_the_path_when_it_could_be_read(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("POST /v1/messages?a=b HTTP/1.1\r\nBad Header: x\r\n"));
    rig_wait(r, SIZE_MAX, RIG_PATIENCE_MS);
    assert_int_equal(r->error_status, 400);
    assert_string_equal(r->error_path, "/v1/messages");
}

static void
without_an_error_function_errors_are_plain_json(void **state)
{
    struct rig *r = *state;
    r->handler.error = NULL;
    rig_connect(r);
    rig_send(r, STR("GET / HTTP/2.0\r\n\r\n"));
    rig_expect(r, "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: application/json\r\n"
                  "Content-Length: 98\r\nConnection: close\r\n\r\n"
                  "{\"error\":{\"type\":\"invalid_request_error\","
                  "\"message\":\"only HTTP/1.0 and HTTP/1.1 are spoken here\"}}\n");
    rig_expect_end(r);
}

static void
a_body_that_is_waited_for_is_asked_for(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST EXPECT "Content-Length: 2\r\n\r\n"));
    rig_expect(r, "HTTP/1.1 100 Continue\r\n\r\n");
    rig_send(r, STR("hi"));
    rig_expect(r, OK TEXT "Content-Length: 2\r\n\r\nhi");
}

static void
a_request_that_is_not_admitted_is_not_asked_for_its_body(void **state)
{
    struct rig *r = *state;
    r->admit_status = 401;
    rig_connect(r);
    rig_send(r, STR("POST /echo HTTP/1.1\r\n" HOST EXPECT "Content-Length: 2\r\n\r\n"));
    rig_expect(r, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 28\r\nConnection: close\r\n\r\n"
                  "the request was not admitted");
    rig_expect_end(r);
    assert_int_equal(r->requests, 0);
}

static void
requests_in_a_pipeline_wait_for_their_turn(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n"
                    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab"));
    rig_turn(r);
    assert_int_equal(r->requests, 1);
    http_reply(r->x, 200, NULL, 0, STR("a"));
    rig_send(r, STR("c"));
    rig_expect(r, OK "Content-Length: 1\r\n\r\na" OK "Content-Length: 2\r\n\r\n/b" OK TEXT
                     "Content-Length: 3\r\n\r\nabc");
    assert_int_equal(r->requests, 3);
}

static void
what_is_written_in_one_turn_is_one_chunk(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    rig_expect(r, OK "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++)
        http_reply_body(r->x, STR("x"));
    assert_int_equal(http_server_stats(r->server)->exchanges, 1);
    rig_expect(r, "14\r\nxxxxxxxxxxxxxxxxxxxx\r\n");
    http_reply_body(r->x, STR("y"));
    http_reply_flush(r->x);
    http_reply_body(r->x, STR("z"));
    http_reply_end(r->x);
    rig_expect(r, "1\r\ny\r\n1\r\nz\r\n0\r\n\r\n");
    rig_send(r, STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    rig_expect(r, OK "Content-Length: 2\r\n\r\n/a");
    assert_int_equal(http_server_stats(r->server)->exchanges, 0);
}

static void
headers_that_belong_to_the_connection_are_not_passed_on(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    const struct http_header headers[] = {
        { STR("Content-Length"), STR("99") },
        { STR("X-A"), STR("b\r\nX-Evil: 1") },
        { STR("transfer-encoding"), STR("gzip") },
        { STR("CONNECTION"), STR("upgrade") },
        { STR("Keep-Alive"), STR("timeout=5") },
        { STR("date"), STR("today") },
        { STR("X-Empty"), STR("") },
    };
    http_reply(r->x, 429, headers, sizeof headers / sizeof *headers, STR("no"));
    rig_expect(r, "HTTP/1.1 429 Too Many Requests\r\nX-A: b  X-Evil: 1\r\nX-Empty: \r\n"
                  "Content-Length: 2\r\n\r\nno");
}

static void
a_status_without_a_body_has_none(void **state)
{
    struct rig *r = *state;
    static const struct {
        int status;
        const char *reply;
    } cases[] = {
        { 204, "HTTP/1.1 204 No Content\r\n\r\n" },
        { 304, "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n" },
    };
    rig_connect(r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
        rig_turn(r);
        http_reply(r->x, cases[i].status, NULL, 0, STR("body"));
        rig_expect(r, cases[i].reply);
    }
}

/* The last of them alone, in the midst of others, and behind one that is left out; a tab and what is no line end stay. */
static void
no_header_ends_its_line(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    const struct http_header headers[] = {
        { STR("A"), STR("tab\there, \x7f and \x01") },
        { STR("Date"), STR("never\r\n") },
        { STR("B\n: c\r\n"), STR("0123456789abcdef\r") },
        { STR("D"), { NULL, 0 } },
        { STR("E"), { "\0f", 2 } },
    };
    http_reply(r->x, 204, headers, sizeof headers / sizeof *headers, STR(""));
    rig_expect(r, "HTTP/1.1 204 No Content\r\nA: tab\there, \x7f and \x01\r\n"
                  "B : c  : 0123456789abcdef \r\nD: \r\nE:  f\r\n\r\n");
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_reply(r->x, 204, &headers[4], 1, STR(""));
    rig_expect(r, "HTTP/1.1 204 No Content\r\nE:  f\r\n\r\n");
}

static void
an_aborted_reply_can_be_told_from_a_complete_one(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    http_reply_body(r->x, STR("half"));
    http_reply_abort(r->x, HTTP_ABORT_CLOSE);
    rig_expect(r, OK "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    rig_expect_end(r);
    assert_int_equal(r->gone, 0);
}

static void
a_reply_that_ends_too_early_is_aborted(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, 5);
    http_reply_body(r->x, STR("half"));
    http_reply_end(r->x);
    rig_expect(r, OK "Content-Length: 5\r\n\r\nhalf");
    rig_expect_end(r);
}

static void
a_reply_never_exceeds_its_length(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, 5);
    http_reply_body(r->x, STR("hello world"));
    http_reply_end(r->x);
    rig_expect(r, OK "Content-Length: 5\r\n\r\nhello");
    assert_false(r->eof);
}

static void
an_abort_before_the_reply_closes_without_a_word(void **state)
{
    struct rig *r = *state;
    for (int i = 0; i < 3; i++) {
        rig_connect(r);
        rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
        rig_turn(r);
        if (i == 0)
            http_reply_abort(r->x, HTTP_ABORT_CLOSE);
        else if (i == 1)
            http_reply_abort(r->x, HTTP_ABORT_RESET);
        else
            http_reply_end(r->x);
        rig_expect_end(r);
    }
    assert_int_equal(http_server_stats(r->server)->connections, 0);
}

static void
an_emulator_may_put_anything_on_the_wire(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_reply_raw(r->x, STR("ICY 200 OK\r\n\r\nnoise"));
    http_reply_end(r->x);
    rig_expect(r, "ICY 200 OK\r\n\r\nnoise");
    rig_expect_end(r);
    rig_connect(r);
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    rig_turn(r);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    http_reply_body(r->x, STR("a"));
    http_reply_raw(r->x, STR("zz\r\n"));
    http_reply_end(r->x);
    rig_expect(r, OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nzz\r\n0\r\n\r\n");
    rig_expect_end(r);
}

static void
large_bodies_arrive_whole(void **state)
{
    struct rig *r = *state;
    size_t n = 3 * 1000 * 1000 + 7;
    char *body = malloc(n);
    for (size_t i = 0; i < n; i++)
        body[i] = (char)('a' + i * 7 % 26);
    for (int chunked = 0; chunked < 2; chunked++) {
        rig_connect(r);
        char head[200];
        snprintf(head, sizeof head,
                 chunked ? "%sTransfer-Encoding: chunked\r\n\r\n%zx\r\n"
                         : "%sContent-Length: %zu\r\n\r\n",
                 "POST /echo HTTP/1.1\r\n" HOST, n);
        rig_send(r, str_from(head));
        rig_send(r, str_make(body, n));
        if (chunked)
            rig_send(r, STR("\r\n0\r\n\r\n"));
        int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
        const char *at;
        do
            rig_wait(r, r->got.n + 1, 100);
        while (!((at = memmem(r->got.p, r->got.n, "\r\n\r\n", 4))
                 && r->got.n == (size_t)(at + 4 - r->got.p) + n)
               && rig_now_ms() < end);
        assert_non_null(at);
        assert_memory_equal(at + 4, body, n);
    }
    free(body);
}

static void
an_exchange_tells_who_asked(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    rig_send(r, STR("POST /later HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"));
    rig_turn(r);
    assert_string_equal(r->peer, "unix");
    assert_false(http_exchange_is_tls(r->x));
    assert_true(http_exchange_time_us(r->x) / 1000 <= (uint64_t)rig_now_ms());
    assert_null(http_exchange_data(r->x));
    http_exchange_set_data(r->x, r);
    assert_ptr_equal(http_exchange_data(r->x), r);
    assert_true(str_is(http_exchange_body(r->x), "hi"));
    http_exchange_drop_body(r->x);
    assert_int_equal(http_exchange_body(r->x).n, 0);
    assert_true(str_is(http_exchange_head(r->x)->path, "/later"));
    assert_false(http_reply_begun(r->x));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(rows_are_answered_as_they_should_be),
        RIG_TEST(rows_are_answered_alike_when_they_come_byte_by_byte),
        RIG_TEST(doubtful_framing_is_refused_and_the_connection_closed),
        RIG_TEST(an_error_knows_the_path_when_it_could_be_read),
        RIG_TEST(without_an_error_function_errors_are_plain_json),
        RIG_TEST(a_body_that_is_waited_for_is_asked_for),
        RIG_TEST(a_request_that_is_not_admitted_is_not_asked_for_its_body),
        RIG_TEST(requests_in_a_pipeline_wait_for_their_turn),
        RIG_TEST(what_is_written_in_one_turn_is_one_chunk),
        RIG_TEST(headers_that_belong_to_the_connection_are_not_passed_on),
        RIG_TEST(a_status_without_a_body_has_none),
        RIG_TEST(no_header_ends_its_line),
        RIG_TEST(an_aborted_reply_can_be_told_from_a_complete_one),
        RIG_TEST(a_reply_that_ends_too_early_is_aborted),
        RIG_TEST(a_reply_never_exceeds_its_length),
        RIG_TEST(an_abort_before_the_reply_closes_without_a_word),
        RIG_TEST(an_emulator_may_put_anything_on_the_wire),
        RIG_TEST(large_bodies_arrive_whole),
        RIG_TEST(an_exchange_tells_who_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
