/* The time that a client has, and what is left of it for a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/gateway/patience.h"

/* The header's time in ms; 0: it is refused. */
static uint64_t
read(const char *value)
{
    struct http_header h = { STR("X-LLMux-Timeout"), str_from(value) };
    const struct http_head head = { .headers = &h, .n_headers = 1 };
    uint64_t ms;
    return patience_read(&head, &ms) ? ms : 0;
}

static void
a_time_is_read_with_its_unit_or_in_seconds(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } rows[] = {
        { "1500ms", 1500 },
        { "30s", 30000 },
        { "2m", 120000 },
        { "7", 7000 },
        { "86400", 86400000 },
        { " 5s ", 5000 },
        { "1ms", 1 },
        /* refused */
        { "", 0 },
        { "0", 0 },
        { "0ms", 0 },
        { "-1", 0 },
        { "1.5s", 0 },
        { "s", 0 },
        { "1 s", 0 },
        { "86401", 0 },
        { "1441m", 0 },
        { "1h", 0 },
        { "99999999999999999999", 0 },
        { "1ms,2ms", 0 },
        { "999999999m", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (read(rows[i].text) != rows[i].ms)
            fail_msg("\"%s\" is %llu", rows[i].text, (unsigned long long)read(rows[i].text));
    const struct http_head none = { .n_headers = 0 };
    uint64_t ms;
    assert_true(patience_read(&none, &ms));
    assert_int_equal(ms, PATIENCE_NO_LIMIT);
}

static void
a_call_takes_no_longer_than_what_is_left(void **state)
{
    static const struct {
        uint64_t total, left;
        unsigned want;
    } rows[] = {
        { 600, PATIENCE_NO_LIMIT, 600 },
        { 600, 100, 100 },
        { 100, 600, 100 },
        { 0, 100, 100 },
        { 600, 0, 1 }, /* there is nothing left: not no limit */
        { 0, PATIENCE_NO_LIMIT, 0 },
        { UINT64_MAX - 1, PATIENCE_NO_LIMIT, UINT32_MAX },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct config_timeouts t = { 1, 2, 3, rows[i].total };
        struct upstream_deadlines d = patience_deadlines(&t, rows[i].left);
        assert_int_equal(d.total_ms, rows[i].want);
        assert_int_equal(d.connect_ms, 1);
        assert_int_equal(d.first_byte_ms, 2);
        assert_int_equal(d.idle_ms, 3);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_read_with_its_unit_or_in_seconds),
        cmocka_unit_test(a_call_takes_no_longer_than_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
