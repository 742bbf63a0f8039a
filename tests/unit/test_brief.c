/* Short texts of all lengths, written and copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/brief.h"

#define MOST 100

static const struct brief letters = BRIEF_INIT(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyzABCDE"
    "FGHIJKLMN");

static void
a_copy_takes_and_reads_what_it_says(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MOST; n++) {
        /* Exactly as much memory as there is text: the sanitizer sees the rest. */
        char *from = malloc(n + 1), *to = malloc(n + 1);
        memcpy(from + 1, letters.p, n);
        to[n] = '!';
        assert_ptr_equal(brief_copy(to, str_make(from + 1, n)), to + n);
        assert_memory_equal(to, letters.p, n);
        assert_int_equal(to[n], '!');
        free(from);
        free(to);
    }
}

static void
constants_are_written_whole(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MOST; n++) {
        char *to = malloc((n > BRIEF_SPARE ? n : BRIEF_SPARE) + 1);
        assert_ptr_equal(brief_put(to, (struct brief){ letters.p, n }), to + n);
        assert_memory_equal(to, letters.p, n);
        free(to);
    }
    assert_int_equal(BRIEF("abc").n, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_takes_and_reads_what_it_says),
        cmocka_unit_test(constants_are_written_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
