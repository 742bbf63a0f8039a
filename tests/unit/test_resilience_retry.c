/* Extra calls: whether a failure is worth one, after what pause, and how many there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/resilience/backoff.h"
#include "runtime/resilience/budget.h"
#include "runtime/resilience/retry.h"
#include "tests/lib/dice.h"

#define SEED   UINT64_C(20240613)
#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)

/* Against a list of all that was counted: what is younger than the window less a slot is in, what
 * is older than the window is out. */
static void
window_holds_what_is_young_over_random_schedules(void **state)
{
    enum { SPAN = 100, N = 400 };
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 200; seed++) {
        struct dice d = { seed };
        struct window w = { .newest = 0 };
        uint64_t at[N], now = 0;
        for (unsigned n = 0; n < N; n++) {
            now += dice_roll(&d, 10) ? dice_roll(&d, 20) : dice_roll(&d, 300);
            at[n] = now;
            window_add(&w, SPAN, now, 1, 2);
            uint64_t least = 0, most = 0;
            for (unsigned i = 0; i <= n; i++) {
                least += now - at[i] < SPAN - SPAN / WINDOW_SLOTS;
                most += now - at[i] < SPAN;
            }
            struct window_counts c = window_sum(&w, SPAN, now);
            if (c.all < least || c.all > most || c.some != 2 * c.all)
                fail_msg("seed %llu, step %u: %llu, want %llu to %llu", (unsigned long long)seed, n,
                         (unsigned long long)c.all, (unsigned long long)least,
                         (unsigned long long)most);
        }
    }
}

static void
backoff_is_by_chance_up_to_a_limit_that_doubles(void **state)
{
    const struct backoff_options o = { .first_ns = 100, .most_ns = 500 };
    static const uint64_t limits[] = { 100, 200, 400, 500, 500 };
    struct dice d = { SEED };
    (void)state;
    for (unsigned times = 0; times < 5; times++) {
        uint64_t least = UINT64_MAX, most = 0;
        for (unsigned i = 0; i < 20000; i++) {
            uint64_t ns = backoff_ns(&o, times, dice_roll(&d, UINT32_MAX), 1000);
            least = ns < least ? ns : least;
            most = ns > most ? ns : most;
        }
        assert_int_equal(least, 1000);
        assert_int_equal(most, 1000 + limits[times]);
    }
    assert_int_equal(backoff_ns(&o, 1000, 0, 0), 0);
}

static void
a_budget_keeps_extra_calls_to_a_share(void **state)
{
    const struct budget_options o = { .permille = 100, .floor = 3, .window_ns = 10 * SECOND };
    struct budget b = { 0 };
    unsigned given = 0;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        given += budget_spend(&b, &o, 0, 1);
    assert_int_equal(given, 3);
    given = 0;
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t now = 20 * SECOND + i * 5 * MS;
        budget_count(&b, &o, now, 1);
        given += budget_spend(&b, &o, now, 1);
    }
    assert_true(given > 900 && given <= 1000 + 3);
}

/* Beside a list of all that was asked and given. */
static void
a_budget_is_never_exceeded_over_random_schedules(void **state)
{
    enum { N = 600, SPAN = 1000 };
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 100; seed++) {
        struct dice d = { seed };
        const struct budget_options o = { .permille = dice_roll(&d, 300),
                                          .floor = dice_roll(&d, 5),
                                          .window_ns = SPAN };
        struct budget b = { 0 };
        uint64_t asked[N], given[N], now = 0;
        unsigned n_asked = 0, n_given = 0;
        for (unsigned i = 0; i < N; i++) {
            now += dice_roll(&d, 20) ? dice_roll(&d, 30) : dice_roll(&d, 3000);
            if (dice_roll(&d, 3)) {
                asked[n_asked++] = now;
                budget_count(&b, &o, now, 1);
                continue;
            }
            uint64_t requests = 0, extra = 0;
            for (unsigned k = 0; k < n_asked; k++)
                requests += now - asked[k] < SPAN;
            for (unsigned k = 0; k < n_given; k++)
                extra += now - given[k] < SPAN - SPAN / WINDOW_SLOTS;
            uint64_t most = requests * o.permille / 1000;
            most = most > o.floor ? most : o.floor;
            if (!budget_spend(&b, &o, now, 1))
                continue;
            given[n_given++] = now;
            if (extra + 1 > most)
                fail_msg("seed %llu, step %u: %llu of %llu", (unsigned long long)seed, i,
                         (unsigned long long)extra + 1, (unsigned long long)most);
        }
    }
}

static void
a_try_is_worth_while_where_the_failure_may_pass(void **state)
{
    static const struct {
        enum ir_fault fault;
        int status;
        enum retry_place place;
    } all[] = {
        { IR_FAULT_INVALID, 400, RETRY_NOWHERE },     { IR_FAULT_CONTEXT, 400, RETRY_NOWHERE },
        { IR_FAULT_AUTH, 401, RETRY_ELSEWHERE },      { IR_FAULT_BILLING, 402, RETRY_ELSEWHERE },
        { IR_FAULT_FORBIDDEN, 403, RETRY_ELSEWHERE }, { IR_FAULT_MISSING, 404, RETRY_ELSEWHERE },
        { IR_FAULT_RATE, 429, RETRY_ANYWHERE },       { IR_FAULT_INTERNAL, 500, RETRY_ANYWHERE },
        { IR_FAULT_OVERLOADED, 529, RETRY_ANYWHERE }, { IR_FAULT_PROTOCOL, 0, RETRY_ANYWHERE },
        { IR_FAULT_TIMEOUT, 0, RETRY_ANYWHERE },      { IR_FAULT_INVALID, 503, RETRY_ANYWHERE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct ir_error e = { .set = true,
                                    .kind = all[i].fault,
                                    .status = { all[i].status, all[i].status > 0 } };
        assert_int_equal(retry_place(&e), all[i].place);
    }
}

static void
a_pause_is_as_long_as_it_must_and_no_longer_than_is_of_use(void **state)
{
    const struct retry_options o = { { 100 * MS, SECOND }, 10 * SECOND };
    struct retry_scene s = { .told_ns = 3 * SECOND, .left_ns = RETRY_NO_LIMIT };
    (void)state;
    assert_int_equal(retry_plan(&o, &s, 7).when, RETRY_NOW); /* somebody else is fresh */
    s.repeats = 1;
    struct retry_plan p = retry_plan(&o, &s, UINT64_MAX);
    assert_int_equal(p.when, RETRY_LATER);
    assert_true(p.pause_ns >= 3 * SECOND && p.pause_ns <= 3100 * MS);
    s.shut_ns = 5 * SECOND;
    assert_true(retry_plan(&o, &s, 0).pause_ns >= 5 * SECOND);
    s.left_ns = 5 * SECOND;
    assert_int_equal(retry_plan(&o, &s, 0).when, RETRY_NEVER);
    s.left_ns = RETRY_NO_LIMIT;
    s.told_ns = 11 * SECOND;
    assert_int_equal(retry_plan(&o, &s, 0).when, RETRY_NEVER);
    s = (struct retry_scene){ .repeats = 1, .left_ns = RETRY_NO_LIMIT };
    assert_int_equal(retry_plan(&o, &s, 0).when, RETRY_NOW); /* a pause of nothing */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_holds_what_is_young_over_random_schedules),
        cmocka_unit_test(backoff_is_by_chance_up_to_a_limit_that_doubles),
        cmocka_unit_test(a_budget_keeps_extra_calls_to_a_share),
        cmocka_unit_test(a_budget_is_never_exceeded_over_random_schedules),
        cmocka_unit_test(a_try_is_worth_while_where_the_failure_may_pass),
        cmocka_unit_test(a_pause_is_as_long_as_it_must_and_no_longer_than_is_of_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
