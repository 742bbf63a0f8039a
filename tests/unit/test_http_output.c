/* Output: whatever the sizes of the pieces and of the writes, the bytes on the wire are the same
 * reply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/wire/chunked.h"
#include "server/http/output.h"

#define HEAD "HTTP/1.1 200 OK\r\n\r\n"

/* Move up to n bytes to the wire, as a socket would take them. */
static void
write_some(struct http_output *o, struct buf *wire, size_t n)
{
    struct str s = http_output_ready(o);
    if (s.n > n)
        s.n = n;
    if (s.n == 0)
        return;
    buf_puts(wire, s);
    http_output_written(o, s.n);
}

static void
check_wire(const struct buf *wire, const char *body, size_t n)
{
    assert_memory_equal(wire->p, HEAD, sizeof HEAD - 1);
    struct http_chunked c = { 0 };
    struct str in = str_skip(buf_str(wire), sizeof HEAD - 1), data;
    enum http_chunked_result r;
    while ((r = http_chunked_next(&c, &in, &data)) == HTTP_CHUNKED_DATA) {
        assert_true(data.n <= n);
        assert_memory_equal(data.p, body, data.n);
        body += data.n;
        n -= data.n;
    }
    assert_int_equal(r, HTTP_CHUNKED_DONE);
    assert_int_equal(n + in.n, 0);
}

static void
pieces_and_writes_of_all_sizes_make_the_same_reply(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 3, 17, 100, 255, 256, 4000, 30000 };
    static const size_t count = sizeof sizes / sizeof *sizes;
    static char body[90000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)('a' + i % 23);
    for (size_t i = 0; i < count * count; i++) {
        size_t piece = sizes[i % count], step = sizes[i / count], n = piece < 100 ? 3000 : 90000;
        struct http_output o;
        struct buf wire;
        http_output_init(&o, 1 << 20);
        buf_init(&wire, 1 << 20);
        http_output_put(&o, STR(HEAD));
        for (size_t at = 0; at < n; at += piece) {
            http_output_put_chunk(&o, str_make(body + at, piece < n - at ? piece : n - at));
            if (at / piece % 3)
                write_some(&o, &wire, step);
        }
        http_output_put(&o, HTTP_CHUNKED_LAST);
        while (http_output_pending(&o))
            write_some(&o, &wire, step);
        assert_int_equal(o.buf.err, ERR_OK);
        check_wire(&wire, body, n);
        buf_fini(&wire);
        http_output_fini(&o);
    }
}

static void
an_empty_piece_is_no_chunk(void **state)
{
    (void)state;
    struct http_output o;
    http_output_init(&o, 1000);
    http_output_put_chunk(&o, STR(""));
    assert_int_equal(http_output_pending(&o), 0);
    http_output_put_chunk(&o, STR("abc"));
    http_output_put_chunk(&o, STR(""));
    assert_true(str_is(http_output_ready(&o), "3\r\nabc\r\n"));
    http_output_fini(&o);
}

static void
the_cap_is_kept_and_sticks(void **state)
{
    (void)state;
    struct http_output o;
    http_output_init(&o, 300);
    for (int i = 0; i < 100; i++)
        http_output_put_chunk(&o, STR("0123456789"));
    assert_int_equal(o.buf.err, ERR_LIMIT);
    assert_true(http_output_pending(&o) <= 300);
    http_output_fini(&o);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_and_writes_of_all_sizes_make_the_same_reply),
        cmocka_unit_test(an_empty_piece_is_no_chunk),
        cmocka_unit_test(the_cap_is_kept_and_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
