/* What heads of replies say about limits: every `limit` of every dialect, and what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "server/gateway/allowance.h"

#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)
#define NOW    (1790559566 * SECOND)

static uint64_t
now(void)
{
    return NOW / 1000;
}

static struct allowance
read(const struct xd_dialect *d, const struct upstream_header *v, size_t n)
{
    const struct upstream_head head = { .status = 429, .headers = v, .n = n };
    struct allowance a;
    allowance_read(&a, d, &head, now);
    return a;
}

static struct guard_left
left_of(const struct allowance *a, enum xd_limit_of of)
{
    return of == XD_LIMIT_TOKENS ? a->quota.tokens : a->quota.requests;
}

/* One limit in all its states. */
static void
check_limit(const struct xd_dialect *d, const struct xd_limit *l)
{
    char text[XD_MOMENT_TEXT];
    size_t n = xd_moment_write(text, l->form, NOW, 90 * SECOND);
    struct upstream_header v[] = { { l->left, STR("17") }, { l->back, str_make(text, n) } };
    if (l->of == XD_LIMIT_WAIT) {
        assert_int_equal(read(d, &v[1], 1).wait_ns, 90 * SECOND);
        return;
    }
    struct allowance a = read(d, v, l->back.p ? 2 : 1);
    assert_true(left_of(&a, l->of).told && left_of(&a, l->of).n == 17);
    assert_false(a.quota.spent || a.quota.back_ns);
    v[0].value = STR("0");
    a = read(d, v, l->back.p ? 2 : 1);
    assert_true(left_of(&a, l->of).told && left_of(&a, l->of).n == 0 && a.quota.spent);
    assert_int_equal(a.quota.back_ns, l->back.p ? 90 * SECOND : 0);
    v[0].value = STR("none");
    a = read(d, v, 2);
    assert_false(a.quota.requests.told || a.quota.tokens.told || a.quota.spent);
}

static void
every_limit_of_every_dialect_is_read(void **state)
{
    unsigned n = 0;
    (void)state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (unsigned i = 0; i < (*d)->nlimits; i++, n++)
            check_limit(*d, &(*d)->limits[i]);
    assert_true(n > 100);
}

static const struct xd_dialect *
dialect(const char *name)
{
    const struct xd_dialect *d = xd_find(str_from(name));
    assert_non_null(d);
    return d;
}

/* Heads as they were seen; what is nobody's header says nothing. */
static void
heads_say_what_is_left_and_when_there_is_more(void **state)
{
    static const struct {
        const char *dialect;
        struct upstream_header v[4];
        struct guard_quota want;
        uint64_t wait_ns;
    } rows[] = {
        { "openai",
          { { STR_INIT("x-ratelimit-remaining-requests"), STR_INIT("0") },
            { STR_INIT("x-ratelimit-reset-requests"), STR_INIT("1m51.595s") },
            { STR_INIT("x-ratelimit-remaining-tokens"), STR_INIT("0") },
            { STR_INIT("x-ratelimit-reset-tokens"), STR_INIT("6ms") } },
          { .requests = { true, 0 },
            .tokens = { true, 0 },
            .spent = true,
            .back_ns = 111 * SECOND + 595 * MS },
          0 },
        { "azure",
          { { STR_INIT("X-RateLimit-Remaining-Tokens"), STR_INIT("0") },
            { STR_INIT("x-ratelimit-reset-tokens"), STR_INIT("7") },
            { STR_INIT("retry-after-ms"), STR_INIT("1500") } },
          { .tokens = { true, 0 }, .spent = true, .back_ns = 7 * SECOND },
          1500 * MS },
        { "anthropic",
          { { STR_INIT("anthropic-ratelimit-requests-remaining"), STR_INIT("49") },
            { STR_INIT("anthropic-ratelimit-tokens-remaining"), STR_INIT("12000") },
            { STR_INIT("anthropic-ratelimit-output-tokens-remaining"), STR_INIT("0") },
            { STR_INIT("anthropic-ratelimit-output-tokens-reset"),
              STR_INIT("2026-09-28T01:39:46Z") } },
          { .requests = { true, 49 },
            .tokens = { true, 0 },
            .spent = true,
            .back_ns = 20 * SECOND },
          0 },
        { "mistral",
          { { STR_INIT("x-ratelimit-remaining-req-minute"), STR_INIT("0") } },
          { .requests = { true, 0 }, .spent = true },
          0 },
        { "openrouter",
          { { STR_INIT("x-ratelimit-remaining"), STR_INIT("0") },
            { STR_INIT("x-ratelimit-reset"), STR_INIT("1790559626000") } },
          { .requests = { true, 0 }, .spent = true, .back_ns = 60 * SECOND },
          0 },
        { "gemini",
          { { STR_INIT("x-ratelimit-remaining-requests"), STR_INIT("0") } },
          { .spent = false },
          0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct allowance a = read(dialect(rows[i].dialect), rows[i].v, 4);
        const struct guard_quota *q = &a.quota, *w = &rows[i].want;
        if (q->requests.told != w->requests.told || q->requests.n != w->requests.n
            || q->tokens.told != w->tokens.told || q->tokens.n != w->tokens.n
            || q->spent != w->spent || q->back_ns != w->back_ns || a.wait_ns != rows[i].wait_ns)
            fail_msg("%s: %llu, %llu, %llu", rows[i].dialect, (unsigned long long)q->requests.n,
                     (unsigned long long)q->tokens.n, (unsigned long long)q->back_ns);
    }
}

static void
retry_after_is_seconds_or_a_date(void **state)
{
    struct ir_int v = allowance_retry_after(STR("31"), now);
    (void)state;
    assert_true(v.set && v.v == 31);
    v = allowance_retry_after(STR("0.2"), now);
    assert_true(v.set && v.v == 1);
    v = allowance_retry_after(STR("Mon, 28 Sep 2026 01:40:26 GMT"), now);
    assert_true(v.set && v.v == 60);
    assert_false(allowance_retry_after(STR("soon"), now).set);
    assert_false(allowance_retry_after((struct str){ NULL, 0 }, now).set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_limit_of_every_dialect_is_read),
        cmocka_unit_test(heads_say_what_is_left_and_when_there_is_more),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
