/* Who is refused when the loop is late, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/dice.h"
#include "runtime/resilience/overload.h"

#define MS    ((uint64_t)1000 * 1000)
#define BOUND (250 * MS)

static unsigned
refused_of(const struct overload *o, enum semaphore_priority p, unsigned n)
{
    struct dice d;
    unsigned refused = 0;
    dice_init(&d, 7);
    for (unsigned i = 0; i < n; i++)
        refused += overload_refuses(o, p, dice_next(&d));
    return refused;
}

static void
late(struct overload *o, unsigned n)
{
    while (n--)
        overload_sample(o, BOUND, BOUND + 1);
}

static void
nobody_is_refused_because_it_was_late_once(void **state)
{
    struct overload o = { .late = 0 };
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        late(&o, 2);
        assert_false(overload_sample(&o, BOUND, BOUND)); /* the bound is not too late */
    }
    assert_true(o.strain <= 0);
    for (enum semaphore_priority p = SEMAPHORE_LOW; p <= SEMAPHORE_HIGH; p++)
        assert_int_equal(refused_of(&o, p, 1000), 0);
}

static void
late_turns_with_nothing_between_them_are_no_row(void **state)
{
    struct overload o = { .late = 0 };
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        late(&o, 1);
        overload_rest(&o); /* nobody asked for anything meanwhile */
    }
    assert_int_equal(refused_of(&o, SEMAPHORE_LOW, 1000), 0);
    late(&o, 3);
    overload_rest(&o); /* ends no refusals */
    assert_true(refused_of(&o, SEMAPHORE_LOW, 1000) > 0);
}

static void
the_least_important_are_the_first_to_be_refused(void **state)
{
    struct overload o = { .late = 0 };
    (void)state;
    late(&o, 2 + 2); /* strain 0.5 */
    assert_in_range(refused_of(&o, SEMAPHORE_LOW, 10000), 4700, 5300);
    assert_int_equal(refused_of(&o, SEMAPHORE_NORMAL, 10000), 0);
    late(&o, 4); /* 1.5 */
    assert_int_equal(refused_of(&o, SEMAPHORE_LOW, 10000), 10000);
    assert_in_range(refused_of(&o, SEMAPHORE_NORMAL, 10000), 4700, 5300);
    assert_int_equal(refused_of(&o, SEMAPHORE_HIGH, 10000), 0);
    late(&o, 100);
    for (enum semaphore_priority p = SEMAPHORE_LOW; p <= SEMAPHORE_HIGH; p++)
        assert_int_equal(refused_of(&o, p, 1000), 1000);
}

/* It holds between half of the bound and the bound, and goes below, in as long as it says. */
static void
it_ends_more_slowly_than_it_begins(void **state)
{
    struct overload o = { .late = 0 };
    (void)state;
    late(&o, 2);
    assert_true(overload_sample(&o, BOUND, 2 * BOUND)); /* begins */
    assert_false(overload_sample(&o, BOUND, 2 * BOUND));
    const double strain = o.strain;
    for (unsigned i = 0; i < 50; i++)
        assert_false(overload_sample(&o, BOUND, BOUND / 2));
    assert_true(o.strain >= strain && o.strain <= strain);
    uint64_t samples = overload_wait_ns(&o, SEMAPHORE_LOW) / OVERLOAD_PERIOD_NS;
    assert_in_range(samples, 9, 11);
    assert_int_equal(overload_wait_ns(&o, SEMAPHORE_NORMAL), 0);
    for (unsigned i = 0; i < samples - 1; i++)
        assert_false(overload_sample(&o, BOUND, 0));
    assert_true(overload_sample(&o, BOUND, 0) || overload_sample(&o, BOUND, 0)
                || overload_sample(&o, BOUND, 0)); /* ends */
    assert_int_equal(refused_of(&o, SEMAPHORE_LOW, 1000), 0);
}

static void
without_a_bound_nothing_is_late(void **state)
{
    struct overload o = { .late = 0 };
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_false(overload_sample(&o, 0, UINT64_MAX));
    late(&o, 10);
    assert_true(overload_sample(&o, 0, UINT64_MAX)); /* it was taken away */
    assert_int_equal(refused_of(&o, SEMAPHORE_LOW, 1000), 0);
}

/* A server with so much work for each request, and more requests than it can do: a loop's turn takes what all that have
 * come meanwhile take.  The time of a turn settles at the bound, and what is served stays what can be served. */
static void
turns_stay_short_at_twice_the_load(void **state)
{
    const double rate = 2000, cost = 1e-3; /* a second; seconds, of which a refusal takes a tenth */
    struct overload o = { .late = 0 };
    double turn = 0.1, longest = 0, seconds = 0, served = 0;
    struct dice d;
    (void)state;
    dice_init(&d, 99);
    for (unsigned i = 0; i < 2000; i++) {
        unsigned n = (unsigned)(rate * turn);
        double next = 0;
        for (unsigned k = 0; k < n; k++) {
            bool no = overload_refuses(&o, SEMAPHORE_NORMAL, dice_next(&d));
            next += no ? cost / 10 : cost;
            served += !no && i >= 1000;
        }
        turn = next > 0.001 ? next : 0.001;
        double period = (double)OVERLOAD_PERIOD_NS / 1e9;
        overload_sample(&o, BOUND, turn > period ? (uint64_t)((turn - period) * 1e9) : 0);
        turn = turn > period ? turn : period; /* samples are no closer than that */
        seconds += i >= 1000 ? turn : 0;
        longest = i >= 1000 && turn > longest ? turn : longest;
    }
    assert_true(longest < 4.0);
    assert_true(served / seconds > 0.6 * 1000); /* of what it could do without refusals */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_refused_because_it_was_late_once),
        cmocka_unit_test(late_turns_with_nothing_between_them_are_no_row),
        cmocka_unit_test(the_least_important_are_the_first_to_be_refused),
        cmocka_unit_test(it_ends_more_slowly_than_it_begins),
        cmocka_unit_test(without_a_bound_nothing_is_late),
        cmocka_unit_test(turns_stay_short_at_twice_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
