/* Numbers as digits, beside what printf makes of them. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/base/digits.h"

static void
check(uint64_t v, unsigned least)
{
    char room[DIGITS_ROOM], want[DIGITS_ROOM + 1];
    struct str got = digits_of(room, v, least);
    snprintf(want, sizeof want, "%0*" PRIu64, (int)least, v);
    if (!str_is(got, want))
        fail_msg("%" PRIu64 " with %u: %.*s, not %s", v, least, STR_ARG(got), want);
    uint64_t back;
    assert_true(digits_read(got, &back) && back == v);
    unsigned width = (unsigned)got.n;
    struct str put = str_make(room, (size_t)(digits_put_wide(room, v, width) - room));
    if (!str_is(put, want))
        fail_msg("%" PRIu64 " with %u: %.*s was put, not %s", v, width, STR_ARG(put), want);
    snprintf(want, sizeof want, "%" PRIu64, v);
    put = str_make(room, (size_t)(digits_put(room, v) - room));
    if (!str_is(put, want))
        fail_msg("%" PRIu64 ": %.*s was put, not %s", v, STR_ARG(put), want);
}

static void
numbers_of_all_lengths(void **state)
{
    (void)state;
    uint64_t edge = 1;
    for (unsigned n = 1; n <= DIGITS_ROOM; n++, edge *= 10)
        for (unsigned least = 1; least <= DIGITS_ROOM; least++) {
            check(edge - 1, least);
            check(edge, least);
            check(edge + edge / 3, least);
        }
    check(UINT64_MAX, 1);
}

static void
small_numbers(void **state)
{
    (void)state;
    for (uint64_t v = 0; v < 20000; v++)
        check(v, 1);
}

static void
what_is_no_number_is_not_read(void **state)
{
    static const char *const bad[] = { "",
                                       " 1",
                                       "1 ",
                                       "+1",
                                       "-1",
                                       "1.0",
                                       "1e1",
                                       "0x1",
                                       "a",
                                       "1a",
                                       "18446744073709551616",
                                       "99999999999999999999999" };
    uint64_t v;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(digits_read(str_from(bad[i]), &v));
    assert_true(digits_read_hex(STR("00ffffffffffffffff"), &v) && v == UINT64_MAX);
    assert_true(digits_read_hex(STR("09af"), &v) && v == 0x9af);
    assert_false(digits_read_hex(STR(""), &v) || digits_read_hex(STR("AF"), &v)
                 || digits_read_hex(STR("g"), &v) || digits_read_hex(STR("0x1"), &v)
                 || digits_read_hex(STR("10000000000000000"), &v));
    assert_true(digits_read(STR("18446744073709551615"), &v) && v == UINT64_MAX);
    assert_true(digits_read(STR("0000000000000000000000007"), &v) && v == 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_all_lengths),
        cmocka_unit_test(small_numbers),
        cmocka_unit_test(what_is_no_number_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
