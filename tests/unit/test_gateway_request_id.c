/* Request ids: which of the clients' are taken, and what new ones look like. */
#include "tests/unit/test_gateway_rig.h"

#include "server/gateway/request_id.h"

static void
printable_ascii_up_to_128_bytes_is_sane(void **state)
{
    char longest[REQUEST_ID_MAX + 1];
    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(request_id_is_sane(STR("a")));
    assert_true(request_id_is_sane(STR("!~req_01-{\"}")));
    assert_true(request_id_is_sane(str_make(longest, REQUEST_ID_MAX)));
    assert_false(request_id_is_sane(str_make(longest, REQUEST_ID_MAX + 1)));
    assert_false(request_id_is_sane((struct str){ NULL, 0 }));
    assert_false(request_id_is_sane(STR("")));
    assert_false(request_id_is_sane(STR("a b")));
    assert_false(request_id_is_sane(STR("a\t")));
    assert_false(request_id_is_sane(STR("\x7f")));
    assert_false(request_id_is_sane(STR("\xc3\xa4")));
}

static void
a_new_id_is_a_uuid_of_version_7(void **state)
{
    struct request_ids ids = { 0, 0 };
    struct dice dice;
    char id[REQUEST_ID_MADE];
    (void)state;
    dice_init(&dice, 99);
    request_id_make(&ids, 0x0123456789ab, &dice, id);
    struct str s = str_make(id, sizeof id);
    assert_true(str_starts(s, STR("01234567-89ab-7000-")));
    assert_true(id[23] == '-' && strchr("89ab", id[19]));
    for (size_t i = 0; i < s.n; i++)
        assert_non_null(strchr("0123456789abcdef-", s.p[i]));
    assert_true(request_id_is_sane(s));
}

static void
ids_of_one_series_sort_in_the_order_of_their_making(void **state)
{
    struct request_ids ids = { 0, 0 };
    struct dice dice;
    char before[REQUEST_ID_MADE] = "", id[REQUEST_ID_MADE];
    (void)state;
    dice_init(&dice, 7);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t ms = i < 10000 ? 1000 : i < 15000 ? 900 : 1000 + i; /* the clock may go back */
        request_id_make(&ids, ms, &dice, id);
        assert_true(memcmp(before, id, sizeof id) < 0);
        memcpy(before, id, sizeof id);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printable_ascii_up_to_128_bytes_is_sane),
        cmocka_unit_test(a_new_id_is_a_uuid_of_version_7),
        cmocka_unit_test(ids_of_one_series_sort_in_the_order_of_their_making),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
