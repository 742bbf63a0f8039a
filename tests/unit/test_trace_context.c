/* Trace context: which headers are taken, and what comes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/trace/context.h"

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void
a_context_comes_back(void **state)
{
    struct trace_context c;
    char text[TRACE_PARENT_TEXT];
    (void)state;
    assert_true(trace_context_read(STR(GOOD), &c));
    assert_int_equal(c.trace.high, 0x0af7651916cd43dd);
    assert_int_equal(c.trace.low, 0x8448eb211c80319c);
    assert_int_equal(c.span, 0xb7ad6b7169203331);
    assert_true(c.sampled);
    trace_context_write(&c, text);
    assert_memory_equal(text, GOOD, sizeof text);
    c.sampled = false;
    trace_context_write(&c, text);
    assert_memory_equal(text + 53, "00", 2);
}

static void
only_what_is_one_is_taken(void **state)
{
    static const struct {
        const char *header;
        bool taken;
    } cases[] = {
        { GOOD, true },
        { " " GOOD " ", true },
        { "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true },
        { "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", true },
        { "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true },
        { "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-brings", true },
        { "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", false },
        { "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
        { GOOD "-more", false },
        { "00-00000000000000000000000000000000-b7ad6b7169203331-01", false },
        { "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false },
        { "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false },
        { "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01", false },
        { "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
        { "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
        { "", false },
        { NULL, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trace_context c;
        if (trace_context_read(str_from(cases[i].header), &c) != cases[i].taken)
            fail_msg("%s", cases[i].header);
    }
}

/* Its input ends where it ends. */
static void
no_beginning_of_one_is_one(void **state)
{
    (void)state;
    for (size_t n = 0; n < TRACE_PARENT_TEXT; n++) {
        struct trace_context c;
        char *p = malloc(n + 1);
        memcpy(p, GOOD, n);
        char *exact = realloc(p, n ? n : 1);
        assert_false(trace_context_read(str_make(exact, n), &c));
        assert_false(trace_state_is_sane(str_make(exact, n)));
        free(exact);
    }
}

static void
a_state_is_passed_on_when_it_is_sane(void **state)
{
    char longest[TRACE_STATE_MAX + 2], many[256] = "";
    (void)state;
    assert_true(trace_state_is_sane(STR("a=b")));
    assert_true(trace_state_is_sane(STR("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")));
    assert_true(trace_state_is_sane(STR("a@b=c , ,d/e=f g")));
    assert_false(trace_state_is_sane(STR("")));
    assert_false(trace_state_is_sane(STR("a")));
    assert_false(trace_state_is_sane(STR("=b")));
    assert_false(trace_state_is_sane(STR("a=")));
    assert_false(trace_state_is_sane(STR("a=b\r\nx-evil: 1")));
    assert_false(trace_state_is_sane(STR("a=\xc3\xa4")));
    assert_false(trace_state_is_sane(STR("\n \n ")));
    assert_false(trace_state_is_sane(STR("a=b,\n")));
    assert_true(trace_state_is_sane(STR("a=b,\tc=d")));
    memset(longest, 'x', sizeof longest);
    longest[1] = '=';
    assert_true(trace_state_is_sane(str_make(longest, TRACE_STATE_MAX)));
    assert_false(trace_state_is_sane(str_make(longest, TRACE_STATE_MAX + 1)));
    for (unsigned i = 0; i < 33; i++)
        strcat(many, i ? ",a=b" : "a=b");
    assert_false(trace_state_is_sane(str_from(many)));
    assert_true(trace_state_is_sane(str_from(many + 4)));
}

static void
ids_are_written_as_printf_would(void **state)
{
    uint64_t v = 0;
    char got[17] = "", want[17];
    (void)state;
    for (unsigned i = 0; i < 10000; i++, v = (v ^ i) * 0x9e3779b97f4a7c15u) {
        trace_span_text(v, got);
        snprintf(want, sizeof want, "%016llx", (unsigned long long)v);
        assert_string_equal(got, want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_written_as_printf_would),
        cmocka_unit_test(a_context_comes_back),
        cmocka_unit_test(only_what_is_one_is_taken),
        cmocka_unit_test(no_beginning_of_one_is_one),
        cmocka_unit_test(a_state_is_passed_on_when_it_is_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
