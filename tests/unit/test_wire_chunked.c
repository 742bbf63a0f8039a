/* The chunked coding: what decodes to what, what is refused, and that the split does not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/base/buf.h"
#include "server/wire/chunked.h"
#include "tests/lib/guard.h"

struct decoded {
    struct buf body;
    enum http_chunked_result result;
    size_t used;
};

/* Feed one piece that ends in front of an unreadable page. */
static void
feed(struct guard *g, struct decoded *d, struct http_chunked *c, const char *p, size_t n)
{
    struct str in = guard_end(g, str_make(p, n)), data;
    while ((d->result = http_chunked_next(c, &in, &data)) == HTTP_CHUNKED_DATA) {
        assert_true(data.n > 0);
        buf_puts(&d->body, data);
    }
    d->used += n - in.n;
}

/* Decode p in pieces: the first of `first` bytes, the others of `step`. */
static void
decode(struct guard *g, struct decoded *d, const char *p, size_t n, size_t first, size_t step)
{
    struct http_chunked c = { 0 };
    *d = (struct decoded){ .result = HTTP_CHUNKED_MORE };
    buf_init(&d->body, 1 << 20);
    feed(g, d, &c, p, first);
    for (size_t at = first; at < n && d->result == HTTP_CHUNKED_MORE; at += step)
        feed(g, d, &c, p + at, step < n - at ? step : n - at);
}

static const struct row {
    const char *text, *body;
    enum http_chunked_result result;
    size_t rest; /* bytes behind the end */
} rows[] = {
    { "0\r\n\r\n", "", HTTP_CHUNKED_DONE, 0 },
    { "5\r\nhello\r\n0\r\n\r\n", "hello", HTTP_CHUNKED_DONE, 0 },
    { "5\r\nhello\r\n0\r\n\r\nGET /", "hello", HTTP_CHUNKED_DONE, 5 },
    { "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", HTTP_CHUNKED_DONE, 0 },
    { "a\r\n0123456789\r\n0\r\n\r\n", "0123456789", HTTP_CHUNKED_DONE, 0 },
    { "0A\r\n0123456789\r\n000\r\n\r\n", "0123456789", HTTP_CHUNKED_DONE, 0 },
    { "0000000000000001\r\nx\r\n0\r\n\r\n", "x", HTTP_CHUNKED_DONE, 0 },
    { "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", HTTP_CHUNKED_DONE, 0 },
    { "1;a\r\nx\r\n0;b=c;d=\"e f\"\r\n\r\n", "x", HTTP_CHUNKED_DONE, 0 },
    { "1 ;a\r\nx\r\n0\t ; b = c\r\n\r\n", "x", HTTP_CHUNKED_DONE, 0 },
    { "0\r\nA: b\r\nC:\r\n\r\n", "", HTTP_CHUNKED_DONE, 0 },
    { "", "", HTTP_CHUNKED_MORE, 0 },
    { "5\r\nhel", "hel", HTTP_CHUNKED_MORE, 0 },
    { "5\r\nhello\r\n0\r\n", "hello", HTTP_CHUNKED_MORE, 0 },
    { "3fffffffffffffff\r\nx", "x", HTTP_CHUNKED_MORE, 0 },
    /* sizes */
    { "\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "+3\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "-3\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "0x3\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { " 3\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3 \r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3 3\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3,\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "g\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { ";a\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "10000000000000000\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "00000000000000001\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "ffffffffffffffff\r\nx", "", HTTP_CHUNKED_BAD, 0 },
    /* line ends */
    { "3\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3\rabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3\r\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3;a\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3;a\rb\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3;a\x01\r\nabc\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "3\r\nabc\n0\r\n\r\n", "abc", HTTP_CHUNKED_BAD, 0 },
    { "3\r\nabcd\r\n", "abc", HTTP_CHUNKED_BAD, 0 },
    { "3\r\nabc\r0\r\n", "abc", HTTP_CHUNKED_BAD, 0 },
    { "0\r\n\n", "", HTTP_CHUNKED_BAD, 0 },
    { "0\r\n\r\r", "", HTTP_CHUNKED_BAD, 0 },
    /* trailers */
    { "0\r\nA: b\n\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "0\r\nA b\r\n\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "0\r\nA : b\r\n\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "0\r\n A: b\r\n\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "0\r\n: b\r\n\r\n", "", HTTP_CHUNKED_BAD, 0 },
    { "0\r\nA: \x7f\r\n\r\n", "", HTTP_CHUNKED_BAD, 0 },
};

static void
rows_decode_alike_at_every_split(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        size_t n = strlen(r->text);
        for (size_t first = 0; first <= n; first++)
            for (size_t step = 1; step <= n + 1; step += n ? n : 1) {
                struct decoded d;
                decode(*state, &d, r->text, n, first, step);
                if (d.result != r->result || !str_is(buf_str(&d.body), r->body))
                    fail_msg("%s at %zu: %d '%.*s'", r->text, first, (int)d.result,
                             STR_ARG(buf_str(&d.body)));
                if (d.result == HTTP_CHUNKED_DONE)
                    assert_int_equal(d.used, n - r->rest);
                buf_fini(&d.body);
            }
    }
}

static void
a_decoder_stays_bad(void **state)
{
    (void)state;
    struct http_chunked c = { 0 };
    struct str in = STR("x0\r\n\r\n"), data;
    assert_int_equal(http_chunked_next(&c, &in, &data), HTTP_CHUNKED_BAD);
    in = STR("0\r\n\r\n");
    assert_int_equal(http_chunked_next(&c, &in, &data), HTTP_CHUNKED_BAD);
    assert_int_equal(in.n, 5);
}

/* Repeat `unit` behind `begin` until the decoder has enough; returns the bytes it took. */
static size_t
feed_until_bad(const char *begin, const char *unit)
{
    struct http_chunked c = { 0 };
    struct str in = str_from(begin), data;
    size_t n = 0;
    while (n < 1 << 20) {
        enum http_chunked_result r;
        while ((r = http_chunked_next(&c, &in, &data)) == HTTP_CHUNKED_DATA)
            ;
        if (r != HTTP_CHUNKED_MORE)
            return n;
        in = str_from(unit);
        n += in.n;
    }
    return n;
}

static void
extensions_and_trailers_are_bounded(void **state)
{
    (void)state;
    const size_t limit = HTTP_CHUNKED_EXTENSIONS;
    assert_in_range(feed_until_bad("1;", "x"), limit, limit + 9);
    assert_in_range(feed_until_bad("1 ", " "), limit, limit + 9);
    assert_in_range(feed_until_bad("", "1;abcdefghij\r\nx\r\n"), limit, 2 * limit);
    assert_in_range(feed_until_bad("0\r\n", "a: b\r\n"), HTTP_CHUNKED_TRAILERS,
                    HTTP_CHUNKED_TRAILERS * 2);
}

static void
size_lines_are_read_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 9, 10, 15, 16, 250, 4096, 65536, 0xdeadbeef, SIZE_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char line[HTTP_CHUNKED_SIZE_LINE], want[32];
        size_t n = http_chunked_size_line(line, sizes[i]);
        snprintf(want, sizeof want, "%zx\r\n", sizes[i]);
        assert_true(str_is(str_make(line, n), want));
    }
}

static int
make_guard(void **state)
{
    static struct guard g;
    guard_init(&g, 4096);
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
        cmocka_unit_test(rows_decode_alike_at_every_split),
        cmocka_unit_test(a_decoder_stays_bad),
        cmocka_unit_test(extensions_and_trailers_are_bounded),
        cmocka_unit_test(size_lines_are_read_back),
    };
    return cmocka_run_group_tests(tests, make_guard, drop_guard);
}
