/* The request head parser: what it takes apart, what it refuses, and that neither depends on how
 * the bytes arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/http/head.h"
#include "tests/lib/guard.h"

struct parsed {
    struct http_header headers[HTTP_HEADERS_MAX];
    struct http_head head;
    enum http_head_result result;
    size_t used;
};

/* Give the parser the first `first` bytes, then one more at a time up to `all`, then all.  What it
 * reads ends in front of an unreadable page.  Results are valid until the next call. */
static void
parse_pieces(struct guard *g, struct parsed *r, const char *p, size_t n, size_t max, size_t first,
             size_t all)
{
    size_t seen = 0;
    *r = (struct parsed){ .result = HTTP_HEAD_MORE };
    for (size_t have = first; have <= n && r->result == HTTP_HEAD_MORE;) {
        struct str bytes = guard_end(g, str_make(p, have));
        r->head.headers = r->headers;
        r->result = http_head_parse(&r->head, bytes.p, have, max, &seen, &r->used);
        if (have == n)
            break;
        have = have < all ? have + 1 : n;
    }
}

static void
parse(struct guard *g, struct parsed *r, const char *text)
{
    parse_pieces(g, r, text, strlen(text), HTTP_HEAD_MAX, strlen(text), 0);
}

static void
assert_str(struct str s, const char *want)
{
    if (!want) {
        assert_null(s.p);
        return;
    }
    if (!str_is(s, want))
        fail_msg("got '%.*s', want '%s'", STR_ARG(s), want);
}

static void
a_request_is_taken_apart(void **state)
{
    struct parsed r;
    const char *text = "POST /v1/messages?beta=true HTTP/1.1\r\n"
                       "Host: api.example:8080\r\n"
                       "content-LENGTH:\t12 \t\r\n"
                       "X-Empty:\r\n"
                       "X-Utf8: gr\xc3\xbc\xc3\x9f\tdich\r\n"
                       "\r\nhello";
    parse(*state, &r, text);
    assert_int_equal(r.result, HTTP_HEAD_DONE);
    assert_int_equal(r.used, strlen(text) - 5);
    assert_str(r.head.method, "POST");
    assert_str(r.head.target, "/v1/messages?beta=true");
    assert_str(r.head.path, "/v1/messages");
    assert_str(r.head.query, "beta=true");
    assert_str(r.head.host, "api.example:8080");
    assert_int_equal(r.head.minor, 1);
    assert_int_equal(r.head.n_headers, 4);
    assert_str(r.head.headers[1].name, "content-LENGTH");
    assert_str(r.head.headers[1].value, "12");
    assert_str(http_head_get(&r.head, STR("x-empty")), "");
    assert_str(http_head_get(&r.head, STR("X-UTF8")), "gr\xc3\xbc\xc3\x9f\tdich");
    assert_str(http_head_get(&r.head, STR("x-none")), NULL);
    assert_str(http_head_get(&r.head, STR("x-length-of-its-own")), NULL);
    const struct http_head made = { .headers = r.head.headers, .n_headers = r.head.n_headers };
    assert_str(http_head_get(&made, STR("x-empty")), "");
    assert_true(r.head.has_length && r.head.content_length == 12);
    assert_true(r.head.keep_alive && !r.head.chunked && !r.head.expect_continue);
}

static void
targets_come_in_the_forms_of_the_rfc(void **state)
{
    static const struct {
        const char *line, *host, *path, *query;
    } rows[] = {
        { "GET / HTTP/1.1", "h", "/", NULL },
        { "GET /? HTTP/1.1", "h", "/", "" },
        { "GET /a?b?c HTTP/1.1", "h", "/a", "b?c" },
        { "GET //a/../b HTTP/1.1", "h", "//a/../b", NULL },
        { "GET http://other:81/a?b HTTP/1.1", "other:81", "/a", "b" },
        { "GET HTTPS://other HTTP/1.1", "other", "/", NULL },
        { "GET http://[::1]:8080?q HTTP/1.1", "[::1]:8080", "/", "q" },
        { "OPTIONS * HTTP/1.1", "h", "*", NULL },
        { "GET /v1beta/models/g-1.5:generateContent HTTP/1.1", "h",
          "/v1beta/models/g-1.5:generateContent", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        struct parsed r;
        snprintf(text, sizeof text, "%s\r\nHost: h\r\n\r\n", rows[i].line);
        parse(*state, &r, text);
        if (r.result != HTTP_HEAD_DONE)
            fail_msg("%s: %s", rows[i].line, r.head.reason);
        assert_str(r.head.host, rows[i].host);
        assert_str(r.head.path, rows[i].path);
        assert_str(r.head.query, rows[i].query);
    }
}

#define H "Host: h\r\n"

/* Good heads and what follows from them. */
static const struct good {
    const char *text;
    unsigned minor;
    bool keep_alive, chunked, expect;
} good[] = {
    { "GET / HTTP/1.1\r\n" H "\r\n", 1, true, false, false },
    { "GET / HTTP/1.0\r\n\r\n", 0, false, false, false },
    { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, true, false, false },
    { "GET / HTTP/1.0\r\nConnection: Keep-Alive , x\r\n\r\n", 0, true, false, false },
    { "GET / HTTP/1.1\r\n" H "Connection: Close\r\n\r\n", 1, false, false, false },
    { "GET / HTTP/1.1\r\n" H "Connection: x\r\nConnection: y,,close\r\n\r\n", 1, false, false,
      false },
    { "GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", 1, true, false, false },
    { "GET / HTTP/1.1\r\n" H "Connection: keep-alive, close\r\n\r\n", 1, false, false, false },
    { "GET / HTTP/1.7\r\n" H "\r\n", 1, true, false, false },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 1, true, true, false },
    { "POST / HTTP/1.1\r\n" H "transfer-encoding:CHUNKED\r\n\r\n", 1, true, true, false },
    { "POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\n\r\n", 1, true, false, true },
    { "POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 0, false, false, false },
    { "GET / HTTP/1.1\r\nHost:\r\n\r\n", 1, true, false, false },
    { "\r\nGET / HTTP/1.1\r\n" H "\r\n", 1, true, false, false },
    { "M-SEARCH / HTTP/1.1\r\n" H "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", 1, true, false, false },
};

static void
good_heads_say_what_to_do(void **state)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct parsed r;
        parse(*state, &r, good[i].text);
        if (r.result != HTTP_HEAD_DONE)
            fail_msg("%s: %s", good[i].text, r.head.reason);
        assert_int_equal(r.used, strlen(good[i].text));
        assert_int_equal(r.head.minor, good[i].minor);
        assert_int_equal(r.head.keep_alive, good[i].keep_alive);
        assert_int_equal(r.head.chunked, good[i].chunked);
        assert_int_equal(r.head.expect_continue, good[i].expect);
    }
}

#define L "GET / HTTP/1.1\r\n" H

static const struct bad {
    const char *text;
    int status;
    const char *reason;
} bad[] = {
    /* request line */
    { "\n" L "\r\n", 400, "this is not an HTTP request" },
    { "\x16\x03\x01", 400, "this is not an HTTP request" },
    { " GET / HTTP/1.1\r\n" H "\r\n", 400, "this is not an HTTP request" },
    { "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 400, "invalid method in the request line" },
    { "\rGET / HTTP/1.1\r\n" H "\r\n", 400, "invalid method in the request line" },
    { "G(T / HTTP/1.1\r\n" H "\r\n", 400, "invalid method in the request line" },
    { "GET\r\n", 400, "invalid method in the request line" },
    { "GET\t/ HTTP/1.1\r\n" H "\r\n", 400, "invalid method in the request line" },
    { "GET  / HTTP/1.1\r\n" H "\r\n", 400, "invalid target in the request line" },
    { "GET /\r\n", 400, "invalid target in the request line" },
    { "GET /\n", 400, "invalid target in the request line" },
    { "GET /a#b HTTP/1.1\r\n" H "\r\n", 400, "invalid target in the request line" },
    { "GET /\x7f HTTP/1.1\r\n" H "\r\n", 400, "invalid target in the request line" },
    { "GET /\xc3\xbc HTTP/1.1\r\n" H "\r\n", 400, "invalid target in the request line" },
    { "GET /a b HTTP/1.1\r\n" H "\r\n", 400, "the request line does not end in an HTTP version" },
    { "GET / HTTP/1.1 \r\n" H "\r\n", 400, "the request line does not end in an HTTP version" },
    { "GET / HTTP/1.1\r\r\n" H "\r\n", 400, "the request line does not end in an HTTP version" },
    { "GET / HTTP/11\r\n" H "\r\n", 400, "the request line does not end in an HTTP version" },
    { "GET / http/1.1\r\n" H "\r\n", 400, "the request line does not end in an HTTP version" },
    { "GET / ICY/1.1\r\n" H "\r\n", 400, "the request line does not end in an HTTP version" },
    { "GET / HTTP/1.1\n" H "\r\n", 400, "line feed without carriage return in the request line" },
    { "GET a HTTP/1.1\r\n" H "\r\n", 400, "invalid request target" },
    { "GET * HTTP/1.1\r\n" H "\r\n", 400, "invalid request target" },
    { "GET ftp://h/ HTTP/1.1\r\n" H "\r\n", 400, "invalid request target" },
    { "GET http:///a HTTP/1.1\r\n" H "\r\n", 400, "invalid host in the request target" },
    { "GET http://u@h/a HTTP/1.1\r\n" H "\r\n", 400, "invalid host in the request target" },
    { "CONNECT h:443 HTTP/1.1\r\n" H "\r\n", 501, "CONNECT is not served here" },
    { "GET / HTTP/2.0\r\n" H "\r\n", 505, "only HTTP/1.0 and HTTP/1.1 are spoken here" },
    { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "only HTTP/1.0 and HTTP/1.1 are spoken here" },
    { "GET / HTTP/0.9\r\n\r\n", 505, "only HTTP/1.0 and HTTP/1.1 are spoken here" },
    /* header lines */
    { L "a: b\n\r\n", 400, "line feed without carriage return in a header" },
    { L "a: b\r\n\n", 400, "line feed without carriage return" },
    { L "\r\r\n", 400, "invalid character in a header's name" },
    { L "a : b\r\n\r\n", 400, "white space where a header's name belongs" },
    { L "a\t: b\r\n\r\n", 400, "white space where a header's name belongs" },
    { L " a: b\r\n\r\n", 400, "white space where a header's name belongs" },
    { L "a: b\r\n c\r\n\r\n", 400, "white space where a header's name belongs" },
    { L "a: b\r\n\tc\r\n\r\n", 400, "white space where a header's name belongs" },
    { L ": b\r\n\r\n", 400, "header without a name" },
    { L "abc\r\n\r\n", 400, "header line without a colon" },
    { L "averyveryverylongname\r\n\r\n", 400, "header line without a colon" },
    { L "a(: b\r\n\r\n", 400, "invalid character in a header's name" },
    { L "averyveryverylong\xc3\xbcname: b\r\n\r\n", 400, "invalid character in a header's name" },
    { L "\"a\": b\r\n\r\n", 400, "invalid character in a header's name" },
    { L "a: b\rc\r\n\r\n", 400, "control character in a header value" },
    { L "a: b\x01\r\n\r\n", 400, "control character in a header value" },
    { L "a: 0123456789abcdef0123456789\x7f\r\n\r\n", 400, "control character in a header value" },
    { L "a: \x1b[0m\r\n\r\n", 400, "control character in a header value" },
    /* framing */
    { L "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400, "more than one content-length" },
    { L "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "more than one content-length" },
    { L "Content-Length: 3, 3\r\n\r\n", 400, "content-length is not a decimal number" },
    { L "Content-Length: +3\r\n\r\n", 400, "content-length is not a decimal number" },
    { L "Content-Length: -3\r\n\r\n", 400, "content-length is not a decimal number" },
    { L "Content-Length: 0x3\r\n\r\n", 400, "content-length is not a decimal number" },
    { L "Content-Length: 3 3\r\n\r\n", 400, "content-length is not a decimal number" },
    { L "Content-Length: 3.0\r\n\r\n", 400, "content-length is not a decimal number" },
    { L "Content-Length:\r\n\r\n", 400, "empty content-length" },
    { L "Content-Length : 3\r\n\r\n", 400, "white space where a header's name belongs" },
    { L "Content-Length: 9223372036854775808\r\n\r\n", 413, "content-length is too large" },
    { L "Content-Length: 18446744073709551619\r\n\r\n", 413, "content-length is too large" },
    { L "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400,
      "both content-length and transfer-encoding" },
    { L "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
      "both content-length and transfer-encoding" },
    { L "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
      "more than one transfer-encoding" },
    { L "Transfer-Encoding: chunked, chunked\r\n\r\n", 501,
      "the only transfer coding understood is a single chunked" },
    { L "Transfer-Encoding: gzip, chunked\r\n\r\n", 501,
      "the only transfer coding understood is a single chunked" },
    { L "Transfer-Encoding: identity\r\n\r\n", 501,
      "the only transfer coding understood is a single chunked" },
    { L "Transfer-Encoding: xchunked\r\n\r\n", 501,
      "the only transfer coding understood is a single chunked" },
    { L "Transfer-Encoding:\r\n\r\n", 501,
      "the only transfer coding understood is a single chunked" },
    { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
      "transfer-encoding in an HTTP/1.0 request" },
    /* host, expect */
    { "GET / HTTP/1.1\r\n\r\n", 400, "no host header" },
    { "GET http://h/ HTTP/1.1\r\n\r\n", 400, "no host header" },
    { L "Host: h\r\n\r\n", 400, "more than one host header" },
    { L "host:\r\n\r\n", 400, "more than one host header" },
    { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "invalid host header" },
    { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "invalid host header" },
    { "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "invalid host header" },
    { L "Expect: 200-ok\r\n\r\n", 417, "unknown expectation" },
};

static void
bad_heads_are_refused_with_a_reason(void **state)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct parsed r;
        parse(*state, &r, bad[i].text);
        if (r.result != HTTP_HEAD_BAD)
            fail_msg("not refused: %s", bad[i].text);
        if (r.head.status != bad[i].status || strcmp(r.head.reason, bad[i].reason))
            fail_msg("%s: %d %s", bad[i].text, r.head.status, r.head.reason);
    }
}

static void
control_characters_are_refused_wherever_they_stand(void **state)
{
    static const char text[] = "GET /path HTTP/1.1\r\nHost: h\r\nX-Long: a value so long\r\n\r\n";
    for (size_t at = 0; at + 5 < sizeof text; at++) {
        for (int c = 0; c < 256; c++) {
            if (text[at] == '\r' || text[at] == '\n' || (c >= 0x20 && c != 0x7f) || c == '\t')
                continue;
            char changed[sizeof text];
            struct parsed r;
            memcpy(changed, text, sizeof text);
            changed[at] = (char)c;
            parse_pieces(*state, &r, changed, sizeof text - 1, HTTP_HEAD_MAX, sizeof text - 1, 0);
            /* A line end more is not always wrong: a name may begin behind it. */
            if (r.result != HTTP_HEAD_BAD)
                fail_msg("byte %d at %zu was taken", c, at);
        }
    }
}

/* The same result for one byte at a time, and for every first piece. */
static void
check_splits(struct guard *g, const char *text, size_t n, size_t max)
{
    struct parsed whole, r;
    parse_pieces(g, &whole, text, n, max, n, 0);
    for (size_t first = 0; first <= n; first++) {
        parse_pieces(g, &r, text, n, max, first, first ? 0 : n);
        if (r.result != whole.result || r.head.status != whole.head.status
            || r.head.reason != whole.head.reason || r.head.n_headers != whole.head.n_headers
            || r.head.path.n != whole.head.path.n)
            fail_msg("split at %zu changes the result of %s", first, text);
        if (r.result == HTTP_HEAD_DONE)
            assert_int_equal(r.used, whole.used);
    }
}

static void
the_result_is_the_same_at_every_split(void **state)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        check_splits(*state, good[i].text, strlen(good[i].text), HTTP_HEAD_MAX);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_splits(*state, bad[i].text, strlen(bad[i].text), HTTP_HEAD_MAX);
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
    for (size_t max = 1; max < sizeof text + 2; max++)
        check_splits(*state, text, sizeof text - 1, max);
}

static void
a_head_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    size_t n = sizeof text - 1;
    struct parsed r;
    parse_pieces(*state, &r, text, n, n, n, 0);
    assert_int_equal(r.result, HTTP_HEAD_DONE);
    parse_pieces(*state, &r, text, n, n - 1, n, 0);
    assert_int_equal(r.result, HTTP_HEAD_BAD);
    assert_int_equal(r.head.status, 431);
    assert_str(r.head.path, "/");
    parse_pieces(*state, &r, text, n, 10, n, 0);
    assert_int_equal(r.result, HTTP_HEAD_BAD);
    assert_int_equal(r.head.status, 414);
}

static void
a_hundred_headers_are_taken_and_one_more_is_not(void **state)
{
    for (int n = HTTP_HEADERS_MAX; n <= HTTP_HEADERS_MAX + 1; n++) {
        char text[4096] = L;
        struct parsed r;
        for (int i = 1; i < n; i++)
            strcat(text, "name: value\r\n");
        strcat(text, "\r\n");
        parse(*state, &r, text);
        assert_int_equal(r.result, n == HTTP_HEADERS_MAX ? HTTP_HEAD_DONE : HTTP_HEAD_BAD);
        if (r.result == HTTP_HEAD_BAD)
            assert_int_equal(r.head.status, 431);
    }
}

static void
a_body_without_line_ends_is_not_taken_for_a_head(void **state)
{
    static char text[9000];
    int n = snprintf(text, sizeof text, L "A: b\r\n\r\n");
    memset(text + n, 'x', sizeof text - (size_t)n);
    struct parsed r;
    parse_pieces(*state, &r, text, sizeof text, HTTP_HEAD_MAX, sizeof text, 0);
    assert_int_equal(r.result, HTTP_HEAD_DONE);
    assert_int_equal(r.used, n);
}

static int
make_guard(void **state)
{
    static struct guard g;
    guard_init(&g, 1 << 16);
    *state = &g;
    return 0;
}

static int
drop_guard(void **state)
{
    guard_fini(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(targets_come_in_the_forms_of_the_rfc),
        cmocka_unit_test(good_heads_say_what_to_do),
        cmocka_unit_test(bad_heads_are_refused_with_a_reason),
        cmocka_unit_test(control_characters_are_refused_wherever_they_stand),
        cmocka_unit_test(the_result_is_the_same_at_every_split),
        cmocka_unit_test(a_head_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(a_hundred_headers_are_taken_and_one_more_is_not),
        cmocka_unit_test(a_body_without_line_ends_is_not_taken_for_a_head),
    };
    return cmocka_run_group_tests(tests, make_guard, drop_guard);
}
