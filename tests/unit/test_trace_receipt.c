/* What receivers answer, whole and cut anywhere; and what they get when it is compressed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "server/trace/gzip.h"
#include "server/trace/protobuf.h"
#include "server/trace/receipt.h"

/* ExportTraceServiceResponse { partial_success { rejected_spans, error_message } } */
static void
write_partial(struct buf *b, int64_t rejected, struct str why)
{
    size_t at = pb_begin(b, 1);
    pb_int(b, 1, rejected);
    pb_str(b, 2, why);
    pb_end(b, at);
}

/* google.rpc.Status { code, message, details { some other, RetryInfo { retry_delay } } } */
static void
write_status(struct buf *b, int64_t seconds, int64_t nanos)
{
    pb_int(b, 1, 8);
    pb_str(b, 2, STR("come back later"));
    size_t other = pb_begin(b, 3);
    pb_str(b, 1, STR("type.googleapis.com/google.rpc.DebugInfo"));
    pb_str(b, 2, STR("\x0a\x03xyz"));
    pb_end(b, other);
    size_t any = pb_begin(b, 3);
    pb_str(b, 1, STR("type.googleapis.com/google.rpc.RetryInfo"));
    size_t value = pb_begin(b, 2), delay = pb_begin(b, 1);
    pb_int(b, 1, seconds);
    pb_int(b, 2, nanos);
    pb_end(b, delay);
    pb_end(b, value);
    pb_end(b, any);
    pb_fixed32(b, 90, 1); /* members of later versions are passed over */
    pb_fixed64(b, 91, 1);
}

static void
what_was_not_taken_is_counted(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    write_partial(&b, 7, STR("too old"));
    struct receipt r = receipt_of_success(buf_str(&b));
    assert_int_equal(r.rejected, 7);
    assert_true(str_is(r.why, "too old"));
    r = receipt_of_success(STR(""));
    assert_int_equal(r.rejected, 0);
    assert_null(r.why.p);
    buf_clear(&b);
    write_partial(&b, -3, STR(""));
    assert_int_equal(receipt_of_success(buf_str(&b)).rejected, 0);
    buf_fini(&b);
}

static void
a_status_says_when_to_come_back(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    write_status(&b, 2, 500000000);
    struct receipt r = receipt_of_status(buf_str(&b));
    assert_true(r.may_retry);
    assert_int_equal(r.wait_ms, 2500);
    assert_true(str_is(r.why, "come back later"));
    static const int64_t odd[][2] = { { -1, 0 }, { 0, -1 }, { 90000, 0 }, { 0, 1000000000 } };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        buf_clear(&b);
        write_status(&b, odd[i][0], odd[i][1]);
        assert_int_equal(receipt_of_status(buf_str(&b)).wait_ms, 0);
    }
    assert_false(receipt_of_status(STR("")).may_retry);
    buf_fini(&b);
}

/* Nothing beyond the end is read, and what came before it is still told. */
static void
answers_may_be_cut_anywhere(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    write_status(&b, 2, 0);
    for (size_t n = 0; n <= b.n; n++) {
        char *copy = malloc(n ? n : 1);
        memcpy(copy, b.p, n);
        struct receipt r = receipt_of_status(str_make(copy, n));
        assert_true(r.wait_ms == 0 || r.wait_ms == 2000);
        (void)receipt_of_success(str_make(copy, n));
        free(copy);
    }
    buf_clear(&b);
    write_partial(&b, 300, STR("too old"));
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(receipt_of_success(str_make(b.p, n)).rejected, 0);
    buf_fini(&b);
}

static void
fields_that_are_none_end_a_message(void **state)
{
    static const char *const broken[] = { "\x00",
                                          "\x0b",
                                          "\x0a",
                                          "\x0a\x05xx",
                                          "\x09xxx",
                                          "\x0dxx",
                                          "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                                          "\xff\xff\xff\xff\xff\xff\x01x" };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct str s = str_make(broken[i], i ? strlen(broken[i]) : 1);
        struct pb_field f;
        if (pb_next(&s, &f))
            fail_msg("%zu", i);
    }
}

static void
what_was_compressed_comes_back(void **state)
{
    struct buf in, out;
    char back[100000];
    (void)state;
    buf_init(&in, sizeof back);
    buf_init(&out, 1 << 20);
    for (size_t n = 0; n < 90000; n = 3 * n + 7) {
        while (in.n < n)
            buf_printf(&in, "span %zu, ", in.n);
        buf_clear(&out);
        buf_puts(&out, STR("before"));
        assert_true(gzip_put(&out, buf_str(&in)));
        z_stream z = { .next_in = (Bytef *)out.p + 6,
                       .avail_in = (uInt)out.n - 6,
                       .next_out = (Bytef *)back,
                       .avail_out = sizeof back };
        assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
        assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
        assert_true(str_eq(str_make(back, z.total_out), buf_str(&in)));
        inflateEnd(&z);
    }
    struct buf small;
    buf_init(&small, 8);
    assert_false(gzip_put(&small, buf_str(&in)));
    buf_fini(&small);
    buf_fini(&in);
    buf_fini(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_taken_is_counted),
        cmocka_unit_test(a_status_says_when_to_come_back),
        cmocka_unit_test(answers_may_be_cut_anywhere),
        cmocka_unit_test(fields_that_are_none_end_a_message),
        cmocka_unit_test(what_was_compressed_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
