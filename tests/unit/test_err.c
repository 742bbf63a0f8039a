/* Faults: names, formatting, cutting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/err.h"
#include "runtime/base/utf8.h"

static void
every_error_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = ERR_OK; a <= ERR_MEMORY; a++)
        for (int b = ERR_OK; b < a; b++)
            assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
    assert_string_equal(err_name(ERR_SYNTAX), "syntax");
    assert_string_equal(err_name((enum err)99), "unknown");
}

static void
a_fault_is_filled_and_its_code_returned(void **state)
{
    (void)state;
    struct fault f;
    memset(&f, 'x', sizeof f);
    assert_int_equal(fault_set(&f, ERR_LIMIT, 17, "sse: line longer than %d at byte %d", 5, 17),
                     ERR_LIMIT);
    assert_int_equal(f.err, ERR_LIMIT);
    assert_int_equal(f.offset, 17);
    assert_string_equal(f.path, "");
    assert_string_equal(f.text, "sse: line longer than 5 at byte 17");
    assert_int_equal(fault_set(NULL, ERR_TYPE, 0, "nobody listens"), ERR_TYPE);
}

static void
a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const fill[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    for (size_t i = 0; i < sizeof fill / sizeof *fill; i++)
        for (size_t shift = 0; shift < 8; shift++) {
            char text[4 * FAULT_TEXT] = "";
            memset(text, '.', shift);
            for (size_t n = shift; n < FAULT_TEXT + 10; n += strlen(fill[i]))
                memcpy(text + n, fill[i], strlen(fill[i]) + 1);
            struct fault f;
            fault_set(&f, ERR_SYNTAX, 0, "%s", text);
            size_t n = strlen(f.text);
            assert_true(n < FAULT_TEXT && n + strlen(fill[i]) >= FAULT_TEXT);
            assert_memory_equal(f.text, text, n);
            assert_int_equal(utf8_valid(f.text, n), n);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_of_its_own),
        cmocka_unit_test(a_fault_is_filled_and_its_code_returned),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
