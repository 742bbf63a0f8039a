/* What heads of replies say that attempts and probes go by alike, and what is said about calls that failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "server/gateway/complaint.h"

#define SECOND ((uint64_t)1000 * 1000 * 1000)

static struct arena arena;

static struct remarks
read(const char *dialect, int status, const struct upstream_header *v, size_t n)
{
    const struct upstream_head head = { .status = status, .headers = v, .n = n };
    const struct xd_dialect *d = xd_find(str_from(dialect));
    struct remarks r;
    assert_non_null(d);
    remarks_read(&r, d, &head, &arena);
    return r;
}

static struct ir_error
error_of(const char *dialect, int status, const struct remarks *r, const char *body)
{
    struct xd xd;
    xd_init(&xd, xd_find(str_from(dialect)), XD_OP_CHAT, &arena, NULL);
    struct ir_error e = complaint_read(&xd, STR("a"), status, r, str_from(body));
    xd_fini(&xd);
    return e;
}

/* 403 is what some say of a token that has ended. */
static void
what_shows_who_pays_may_be_refused(void **state)
{
    static const struct {
        int status;
        bool refuses;
    } rows[] = { { 200, false }, { 400, false }, { 401, true },
                 { 403, true },  { 404, false }, { 503, false } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(read("openai", rows[i].status, NULL, 0).refuses, rows[i].refuses);
}

static void
only_what_is_no_good_reply_says_when_to_come_back(void **state)
{
    const struct upstream_header v[] = { { STR("retry-after"), STR("7") } };
    struct ir_error none = { .set = true };
    struct guard_report report = { .wait_ns = 0 };
    (void)state;
    struct remarks r = read("openai", 200, v, 1);
    assert_false(r.retry_after.set);
    assert_int_equal(remarks_wait_ns(&r, &none), 0);
    r = read("openai", 503, v, 1);
    struct ir_error e = error_of("openai", 503, &r, "");
    assert_int_equal(e.kind, IR_FAULT_OVERLOADED);
    remarks_report(&r, &e, &report);
    assert_int_equal(report.wait_ns, 7 * SECOND);
}

/* The more exact header counts, and what is used up is there again in its own time. */
static void
limits_say_more_than_retry_after(void **state)
{
    const struct upstream_header v[] = { { STR("retry-after"), STR("7") },
                                         { STR("retry-after-ms"), STR("6500") },
                                         { STR("x-ratelimit-remaining-requests"), STR("0") },
                                         { STR("x-ratelimit-reset-requests"), STR("20s") } };
    struct guard_report report = { .wait_ns = 0 };
    (void)state;
    struct remarks r = read("openai", 429, v, 4);
    struct ir_error e = error_of("openai", 429, &r, "{}");
    remarks_report(&r, &e, &report);
    assert_int_equal(report.wait_ns, 13 * SECOND / 2);
    assert_int_equal(report.back_ns, 20 * SECOND);
    assert_int_equal(e.retry_after.v, 7);
}

static void
a_word_in_a_header_names_the_error(void **state)
{
    const struct upstream_header v[] = { { STR("x-amzn-errortype"),
                                           STR("ServiceQuotaExceededException:http://x/") } };
    (void)state;
    struct remarks r = read("bedrock.converse", 400, v, 1);
    assert_int_equal(error_of("bedrock.converse", 400, &r, "{}").kind, IR_FAULT_RATE);
    r = read("bedrock.converse", 400, NULL, 0);
    assert_int_equal(error_of("bedrock.converse", 400, &r, "{}").kind, IR_FAULT_INVALID);
}

static void
a_redirection_is_no_answer(void **state)
{
    (void)state;
    struct remarks r = read("openai", 302, NULL, 0);
    struct ir_error e = error_of("openai", 302, &r, "{\"error\":{\"type\":\"not_found_error\"}}");
    assert_int_equal(e.kind, IR_FAULT_PROTOCOL);
    assert_true(str_is(e.message, "provider a: redirections are not followed"));
}

static void
every_end_of_a_call_has_words(void **state)
{
    (void)state;
    for (enum upstream_result r = UPSTREAM_OK + 1; r < UPSTREAM_RESULTS; r++) {
        struct ir_error e = complaint_of_result(STR("a"), r, &arena);
        assert_true(e.set && e.kind != IR_FAULT_UNSET);
        assert_true(str_starts(e.message, STR("provider a: "))
                    && !str_is(e.message, "provider a: (null)"));
    }
}

static int
set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_shows_who_pays_may_be_refused),
        cmocka_unit_test(only_what_is_no_good_reply_says_when_to_come_back),
        cmocka_unit_test(limits_say_more_than_retry_after),
        cmocka_unit_test(a_word_in_a_header_names_the_error),
        cmocka_unit_test(a_redirection_is_no_answer),
        cmocka_unit_test(every_end_of_a_call_has_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
