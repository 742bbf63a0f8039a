/* Percent-encoding, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/percent.h"

static void
expect(struct str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("%.*s, not %s", STR_ARG(got), want);
}

static void
only_unreserved_and_kept_bytes_stay(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 200);
    percent_encode(&b, STR("aZ09-._~ /:?%+=&\xc3\xa4\0"), "/");
    expect(buf_str(&b), "aZ09-._~%20/%3A%3F%25%2B%3D%26%C3%A4%00");
    buf_fini(&b);
}

static void
only_whole_codes_are_decoded(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 200);
    percent_decode(&b, STR("a%2fb%2F+%%41%4%zz%4"));
    expect(buf_str(&b), "a/b/+%A%4%zz%4");
    buf_fini(&b);
}

static void
any_bytes_come_back(void **state)
{
    char all[256];
    struct buf coded, plain;
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    buf_init(&coded, 1000);
    buf_init(&plain, 1000);
    percent_encode(&coded, str_make(all, 256), "");
    percent_decode(&plain, buf_str(&coded));
    assert_true(str_eq(buf_str(&plain), str_make(all, 256)));
    buf_fini(&coded);
    buf_fini(&plain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_unreserved_and_kept_bytes_stay),
        cmocka_unit_test(only_whole_codes_are_decoded),
        cmocka_unit_test(any_bytes_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
