/* How long something takes, of late; and when that is reason enough for a second call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/resilience/hedge.h"
#include "runtime/resilience/rival.h"
#include "tests/lib/dice.h"

#define SEED   UINT64_C(20240613)
#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)

static void
quantiles_are_right_to_a_fifth_and_what_chance_adds(void **state)
{
    struct latency l = { .n = 0 };
    struct dice d = { SEED };
    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        latency_add(&l, SECOND, i, (10 + dice_roll(&d, 990)) * MS);
    for (unsigned q = 100; q < 1000; q += 100) {
        double want = (10 + 0.99 * q) * MS, got = (double)latency_quantile(&l, q);
        if (got < want * 0.9 || got > want * 1.3)
            fail_msg("quantile %u: %.0f, want about %.0f", q, got, want);
    }
    for (unsigned i = 0; i < 20000; i++)
        latency_add(&l, SECOND, 1000 + i, 20 * MS);
    assert_true(latency_quantile(&l, 950) < 25 * MS); /* the old ones are forgotten */
    assert_true(l.mean > 19.0 * MS && l.mean < 21.0 * MS);
}

static void
a_mean_forgets_faster_the_older_it_is(void **state)
{
    struct latency l = { .n = 0 };
    (void)state;
    latency_add(&l, 10 * SECOND, 0, 100 * MS);
    latency_add(&l, 10 * SECOND, 1, 900 * MS);
    assert_true(l.mean > 199.0 * MS && l.mean < 201.0 * MS);
    latency_add(&l, 10 * SECOND, 90 * SECOND, 1000 * MS);
    assert_true(l.mean > 900.0 * MS);
}

/* Counts without a mean are no mean of nothing. */
static void
a_mean_that_was_not_handed_over_begins_with_the_first_sample(void **state)
{
    const uint32_t counts[LATENCY_BUCKETS] = { [3] = 30 };
    struct latency l;
    (void)state;
    latency_recall(&l, 5, 0, counts);
    assert_int_equal(l.total, 30);
    latency_add(&l, SECOND, 6, 100 * MS);
    assert_int_equal(l.mean, 100 * MS);
    latency_recall(&l, 5, 300 * MS, counts);
    latency_add(&l, SECOND, 6, 100 * MS);
    assert_true(l.mean > 250.0 * MS && l.mean < 300.0 * MS);
}

static void
a_hedge_waits_for_what_is_unusual(void **state)
{
    struct hedge_options o = { .permille = 50, .quantile = 950, .least_ns = 10 * MS };
    struct latency l = { .n = 0 };
    (void)state;
    for (unsigned i = 0; i < 19; i++)
        latency_add(&l, SECOND, i, 100 * MS);
    assert_int_equal(hedge_after(&o, &l), 0);
    latency_add(&l, SECOND, 20, 100 * MS);
    uint64_t ns = hedge_after(&o, &l);
    assert_true(ns >= 100 * MS && ns < 125 * MS);
    o.least_ns = SECOND;
    assert_int_equal(hedge_after(&o, &l), SECOND);
    o.permille = 0;
    assert_int_equal(hedge_after(&o, &l), 0);
    o.permille = 50;
    struct budget_options cap = hedge_budget(&o);
    struct budget b = { 0 };
    unsigned hedged = 0;
    for (unsigned i = 0; i < 1000; i++) {
        budget_count(&b, &cap, i, 1);
        hedged += budget_spend(&b, &cap, i, 1);
    }
    assert_int_equal(hedged, 50);
}

/* That one is due, however hedges are configured. */
static uint64_t
probe_waits(const struct latency *l)
{
    const struct hedge_options off = { .permille = 0 };
    struct rival_plan p = rival_plan(&off, l, true);
    assert_int_equal(p.cause, RIVAL_PROBE);
    return p.after_ns;
}

static void
a_probe_gets_its_rival_when_it_is_later_than_usual(void **state)
{
    struct latency l = { .n = 0 };
    (void)state;
    assert_int_equal(probe_waits(&l), 500 * MS);
    for (unsigned i = 0; i < 100; i++)
        latency_add(&l, SECOND, i, MS);
    assert_int_equal(probe_waits(&l), 100 * MS);
    for (unsigned i = 0; i < 1000; i++)
        latency_add(&l, SECOND, i, 300 * MS);
    uint64_t ns = probe_waits(&l);
    assert_true(ns >= 300 * MS && ns <= 360 * MS);
    for (unsigned i = 0; i < 2000; i++)
        latency_add(&l, SECOND, i, 30 * SECOND);
    assert_int_equal(probe_waits(&l), 2 * SECOND);
}

static void
a_call_that_tries_nothing_has_a_rival_only_where_hedges_are_wanted(void **state)
{
    const struct hedge_options off = { .permille = 0, .quantile = 950 };
    const struct hedge_options on = { .permille = 50, .quantile = 950, .least_ns = 10 * MS };
    struct latency l = { .n = 0 };
    (void)state;
    assert_int_equal(rival_plan(&on, &l, false).cause, RIVAL_NONE); /* nothing is usual yet */
    for (unsigned i = 0; i < 100; i++)
        latency_add(&l, SECOND, i, 100 * MS);
    assert_int_equal(rival_plan(&off, &l, false).cause, RIVAL_NONE);
    struct rival_plan p = rival_plan(&on, &l, false);
    assert_int_equal(p.cause, RIVAL_HEDGE);
    assert_int_equal(p.after_ns, hedge_after(&on, &l));
}

/* Who would have to wait is asked another time, who refuses is not. */
static void
a_search_for_a_rival_goes_on_until_one_begins_or_breaks(void **state)
{
    (void)state;
    assert_int_equal(rival_step(RIVAL_BEGUN), RIVAL_RUNS);
    assert_int_equal(rival_step(RIVAL_BUSY), RIVAL_PASS);
    assert_int_equal(rival_step(RIVAL_REFUSED), RIVAL_SKIP);
    assert_int_equal(rival_step(RIVAL_BROKEN), RIVAL_STOP);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_right_to_a_fifth_and_what_chance_adds),
        cmocka_unit_test(a_mean_forgets_faster_the_older_it_is),
        cmocka_unit_test(a_mean_that_was_not_handed_over_begins_with_the_first_sample),
        cmocka_unit_test(a_hedge_waits_for_what_is_unusual),
        cmocka_unit_test(a_probe_gets_its_rival_when_it_is_later_than_usual),
        cmocka_unit_test(a_call_that_tries_nothing_has_a_rival_only_where_hedges_are_wanted),
        cmocka_unit_test(a_search_for_a_rival_goes_on_until_one_begins_or_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
