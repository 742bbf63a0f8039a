/* What the program writes in OpenAI's dialect obeys OpenAI's own schema: schema.mjs judges, with a
 * validator made for the job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/corpus/wire.h"

/* The program lies two directories above this test. */
static void
tell_where_the_program_is(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = '\0';
    for (int i = 0; i < 3; i++)
        *strrchr(path, '/') = '\0';
    strcat(path, "/llmux");
    assert_int_equal(setenv("LLMUX", path, 1), 0);
}

static void
what_is_written_obeys_the_official_schema(void **state)
{
    (void)state;
    WIRE_REQUIRE();
    tell_where_the_program_is();
    fflush(stdout);
    assert_int_equal(system("node tests/corpus/schema.mjs"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_obeys_the_official_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
