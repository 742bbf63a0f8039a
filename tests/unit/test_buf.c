/* Buffers: growth, the ceiling, the sticky error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/buf.h"
#include "tests/lib/asan.h"
#include "tests/lib/dice.h"

static void
a_new_buffer_is_empty_and_present(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_non_null(buf_str(&b).p);
    assert_int_equal(buf_str(&b).n, 0);
    assert_int_equal(b.room, 0);
    buf_put(&b, NULL, 0);
    buf_puts(&b, (struct str){ NULL, 0 });
    buf_consume(&b, 5);
    buf_shrink(&b, 0);
    assert_int_equal(b.err, ERR_OK);
    assert_int_equal(b.room, 0);
    buf_fini(&b);
}

static void
a_buffer_takes_exactly_its_cap(void **state)
{
    (void)state;
    static const size_t caps[] = { 0, 1, 2, 255, 256, 257, 1000, 70000 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        struct buf b;
        buf_init(&b, caps[i]);
        for (size_t k = 0; k < caps[i]; k++)
            buf_putc(&b, (char)k);
        assert_int_equal(b.err, ERR_OK);
        assert_int_equal(b.n, caps[i]);
        assert_true(b.room <= caps[i]);
        buf_putc(&b, 'x');
        assert_int_equal(b.err, ERR_LIMIT);
        assert_int_equal(b.n, caps[i]);
        for (size_t k = 0; k < caps[i]; k++)
            assert_int_equal(b.p[k], (char)k);
        buf_fini(&b);
    }
}

static void
an_error_sticks_until_the_buffer_is_cleared(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    buf_puts(&b, STR("12345678"));
    buf_puts(&b, STR("abc"));
    assert_int_equal(b.err, ERR_LIMIT);
    buf_putc(&b, 'x');
    buf_printf(&b, "%d", 1);
    assert_null(buf_room(&b, 1));
    assert_true(str_is(buf_str(&b), "12345678"));
    buf_clear(&b);
    assert_int_equal(b.err, ERR_OK);
    buf_puts(&b, STR("0123456789"));
    assert_true(str_is(buf_str(&b), "0123456789"));
    assert_int_equal(b.err, ERR_OK);
    buf_fini(&b);
}

static void
sizes_that_overflow_hit_the_limit(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_putc(&b, 'x');
    assert_null(buf_room(&b, SIZE_MAX));
    assert_int_equal(b.err, ERR_LIMIT);
    buf_fini(&b);
}

static void
formatted_text_is_whole_or_absent(void **state)
{
    (void)state;
    for (int width = 1; width < 700; width += 3) {
        struct buf b;
        buf_init(&b, (size_t)width + 1);
        buf_printf(&b, "<%*d", width, 7);
        assert_int_equal(b.err, ERR_OK);
        assert_int_equal(b.n, width + 1);
        assert_int_equal(b.p[0], '<');
        assert_int_equal(b.p[width], '7');
        buf_clear(&b);
        buf_printf(&b, "<%*d>", width, 7);
        assert_int_equal(b.err, ERR_LIMIT);
        assert_int_equal(b.n, 0);
        buf_fini(&b);
    }
}

static void
shrinking_gives_memory_back_and_keeps_the_buffer_usable(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_non_null(buf_room(&b, 100000));
    buf_shrink(&b, 1000);
    assert_int_equal(b.room, 1000);
    buf_shrink(&b, 2000);
    assert_int_equal(b.room, 1000);
    buf_puts(&b, STR("abc"));
    buf_shrink(&b, 0);
    assert_int_equal(b.room, 0);
    assert_null(b.p);
    buf_puts(&b, STR("abc"));
    assert_true(str_is(buf_str(&b), "abc"));
    buf_fini(&b);
    buf_puts(&b, STR("again"));
    assert_true(str_is(buf_str(&b), "again"));
    buf_fini(&b);
}

static void
puts_and_consumes_agree_with_a_plain_array(void **state)
{
    (void)state;
    enum { CAP = 3000 };
    struct dice d = { 3 };
    struct buf b;
    buf_init(&b, CAP);
    static char want[CAP];
    size_t n = 0;
    for (int i = 0; i < 20000; i++) {
        char piece[64];
        size_t k = dice_roll(&d, sizeof piece);
        memset(piece, (int)dice_roll(&d, 256), sizeof piece);
        if (dice_roll(&d, 3) == 0) {
            k = k * k < n ? k * k : n;
            buf_consume(&b, k + (k == n));
            memmove(want, want + k, n - k);
            n -= k;
        } else if (n + k <= CAP) {
            buf_put(&b, piece, k);
            if (k)
                memcpy(want + n, piece, k);
            n += k;
        }
        assert_int_equal(b.err, ERR_OK);
        assert_int_equal(b.n, n);
        if (n)
            assert_memory_equal(b.p, want, n);
    }
    buf_fini(&b);
}

/* A buffer with so much memory, and content. */
static struct buf
with_room(size_t room)
{
    struct buf b;
    buf_init(&b, room);
    assert_non_null(buf_room(&b, room));
    b.n = 1;
    return b;
}

static void
large_memory_goes_from_use_to_use(void **state)
{
    (void)state;
    struct buf spare, b = with_room(BUF_SPARE_LEAST);
    buf_init(&spare, 4 * BUF_SPARE_LEAST);
    const char *memory = b.p;
    buf_return(&b, &spare);
    assert_null(b.p);
    assert_int_equal(b.n, 0);
    assert_int_equal(b.room, 0);
    assert_int_equal(spare.room, BUF_SPARE_LEAST);
    buf_init(&b, BUF_SPARE_LEAST);
    buf_borrow(&b, &spare, BUF_SPARE_LEAST + 1); /* not so much */
    buf_borrow(&b, &spare, BUF_SPARE_LEAST - 1); /* not for so little */
    assert_null(b.p);
    buf_puts(&b, STR("x"));
    buf_clear(&b);
    buf_borrow(&b, &spare, BUF_SPARE_LEAST);
    assert_ptr_equal(b.p, memory);
    assert_int_equal(b.room, BUF_SPARE_LEAST);
    assert_null(spare.p);
    struct buf other = with_room(2 * BUF_SPARE_LEAST);
    buf_return(&other, &spare);
    buf_borrow(&b, &spare, BUF_SPARE_LEAST); /* it has as much already */
    assert_ptr_equal(b.p, memory);
    assert_int_equal(spare.room, 2 * BUF_SPARE_LEAST);
    buf_fini(&spare);
    buf_return(&b, &spare);
    assert_ptr_equal(spare.p, memory);
    buf_init(&b, 10); /* a ceiling below what is borrowed rises */
    buf_borrow(&b, &spare, BUF_SPARE_LEAST);
    assert_true(b.room <= b.cap);
    buf_fini(&b);
    buf_fini(&spare);
}

static void
the_largest_memory_within_the_cap_is_kept(void **state)
{
    (void)state;
    static const struct {
        size_t room, kept;
    } steps[] = { { BUF_SPARE_LEAST - 1, 0 },
                  { 2 * BUF_SPARE_LEAST, 2 * BUF_SPARE_LEAST },
                  { BUF_SPARE_LEAST, 2 * BUF_SPARE_LEAST },
                  { 3 * BUF_SPARE_LEAST, 3 * BUF_SPARE_LEAST },
                  { 5 * BUF_SPARE_LEAST, 3 * BUF_SPARE_LEAST } };
    struct buf spare;
    buf_init(&spare, 4 * BUF_SPARE_LEAST);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct buf b = with_room(steps[i].room);
        buf_return(&b, &spare);
        assert_null(b.p);
        assert_int_equal(spare.room, steps[i].kept);
    }
    assert_int_equal(spare.n, 0);
    buf_fini(&spare);
}

static void
memory_that_waits_is_poisoned_under_asan(void **state)
{
    (void)state;
#ifdef WITH_ASAN
    struct buf spare, b = with_room(BUF_SPARE_LEAST), larger = with_room(2 * BUF_SPARE_LEAST);
    const char *memory = b.p;
    buf_init(&spare, 4 * BUF_SPARE_LEAST);
    assert_false(__asan_address_is_poisoned(memory));
    buf_return(&b, &spare);
    assert_true(__asan_address_is_poisoned(memory));
    assert_true(__asan_address_is_poisoned(memory + BUF_SPARE_LEAST - 1));
    buf_borrow(&b, &spare, BUF_SPARE_LEAST);
    assert_ptr_equal(b.p, memory);
    assert_null(__asan_region_is_poisoned(b.p, b.room));
    buf_return(&b, &spare);
    buf_return(&larger, &spare);
    assert_non_null(__asan_region_is_poisoned(spare.p, spare.room));
    buf_fini(&spare);
#else
    skip();
#endif
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_memory_goes_from_use_to_use),
        cmocka_unit_test(the_largest_memory_within_the_cap_is_kept),
        cmocka_unit_test(memory_that_waits_is_poisoned_under_asan),
        cmocka_unit_test(a_new_buffer_is_empty_and_present),
        cmocka_unit_test(a_buffer_takes_exactly_its_cap),
        cmocka_unit_test(an_error_sticks_until_the_buffer_is_cleared),
        cmocka_unit_test(sizes_that_overflow_hit_the_limit),
        cmocka_unit_test(formatted_text_is_whole_or_absent),
        cmocka_unit_test(shrinking_gives_memory_back_and_keeps_the_buffer_usable),
        cmocka_unit_test(puts_and_consumes_agree_with_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
