/* What must hold of the router and of resilience, whatever the dice say: invariants of simulated
 * weather (tools/simulate).  Each was seen to hold for twenty seeds and is run with a few of them, where bounds are not
 * told to come from somewhere else with a margin to the worst that was seen. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tools/simulate/course.h"

#define SEEDS      5
#define MANY_SEEDS 20

static const enum route_strategy usual[] = {
    ROUTE_SIMPLE_SHUFFLE, ROUTE_ROUND_ROBIN,    ROUTE_LEAST_BUSY, ROUTE_LOWEST_LATENCY,
    ROUTE_LOWEST_USAGE,   ROUTE_CACHE_AFFINITY, ROUTE_P2C,
};
#define N_USUAL (sizeof usual / sizeof *usual)

static const struct scenario *
find(const char *name)
{
    const struct scenario *s = scenario_find(name);
    if (!s)
        fail_msg("no scenario %s", name);
    return s;
}

static struct result
run(const char *name, enum route_strategy strategy, uint64_t seed)
{
    struct result r;
    if (!course_run(find(name), strategy, seed, &r))
        fail_msg("scenario %s was refused", name);
    return r;
}

/* Fail with all that is needed to see it again. */
#define HOLD(condition, r, name, strategy, seed) \
    do { \
        if (!(condition)) \
            fail_msg("%s, %s, seed %u: not %s: %u of %u failed, %.3f calls each, p99 %.2f s", \
                     name, route_strategy_names[strategy].p, (unsigned)(seed), #condition, \
                     (r).failed, (r).requests, result_load(&(r)), \
                     series_quantile(&(r).first, 0.99)); \
    } while (0)

static double
errors(const struct result *r)
{
    return (double)r->failed / r->requests;
}

/* A deployment that refuses, or answers 500. */
static void
clients_do_not_see_that_one_of_three_is_dead(void **state)
{
    static const char *const names[] = { "dead", "broken" };
    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < N_USUAL; i++)
            for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                struct result r = run(names[k], usual[i], seed);
                HOLD(r.requests > 20000, r, names[k], usual[i], seed);
                HOLD(r.failed == 0, r, names[k], usual[i], seed);
                HOLD(result_load(&r) < 1.01, r, names[k], usual[i], seed);
                HOLD(series_quantile(&r.first, 0.99) < 1.1, r, names[k], usual[i], seed);
                result_fini(&r);
            }
}

/* One that takes calls and never answers: whoever is asked last has to wait until that is noticed.  Nobody fails,
 * unless calls are given up after ten seconds: then three of ten thousand may, who had to wait twice.  What tries it
 * again has a rival before its client grows impatient.  Of few requests one in a hundred is soon such a probe. */
static void
clients_do_not_see_that_one_of_three_is_silent(void **state)
{
    static const struct {
        const char *name;
        double errors, p99;
    } rows[] = { { "silent", 0.0003, 1.1 }, { "silent-long", 0, 1.1 }, { "silent-few", 0, 2 } };
    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (size_t i = 0; i < N_USUAL; i++)
            for (uint64_t seed = 1; seed <= MANY_SEEDS; seed++) {
                struct result r = run(rows[k].name, usual[i], seed);
                HOLD(errors(&r) <= rows[k].errors, r, rows[k].name, usual[i], seed);
                HOLD(result_load(&r) < 1.02, r, rows[k].name, usual[i], seed);
                HOLD(series_quantile(&r.first, 0.99) < rows[k].p99, r, rows[k].name, usual[i],
                     seed);
                HOLD(series_quantile(&r.first, 1) < 13, r, rows[k].name, usual[i], seed);
                result_fini(&r);
            }
}

/* One that fails a third of its calls: at most one request in a hundred is lost, until enough is known of it. */
static void
an_ailing_one_costs_little(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct result r = run("brown", usual[i], seed);
            HOLD(errors(&r) < 0.01, r, "brown", usual[i], seed);
            HOLD(result_load(&r) < 1.1, r, "brown", usual[i], seed);
            result_fini(&r);
        }
}

static void
retries_do_not_multiply_an_outage(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct result r = run("all-slow", usual[i], seed);
            HOLD(r.failed > 1000, r, "all-slow", usual[i], seed); /* it was an outage */
            HOLD(result_load(&r) <= 1.1, r, "all-slow", usual[i], seed);
            result_fini(&r);
        }
}

static void
rate_limits_of_providers_are_not_seen_by_clients(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct result r = run("limited", usual[i], seed);
            HOLD(r.failed == 0, r, "limited", usual[i], seed);
            HOLD(result_load(&r) < 1.001, r, "limited", usual[i], seed);
            result_fini(&r);
        }
}

/* Of the requests from `from` on, `n` of them, that first went to an upstream. */
static double
share_of_first_choices(const struct result *r, unsigned from, unsigned n, unsigned upstream)
{
    unsigned hits = 0;
    for (unsigned i = from; i < from + n; i++)
        hits += (unsigned)r->chosen.v[i] == upstream;
    return (double)hits / n;
}

/* How far the shares of "shares" are from the weights at most, of first choices and of all calls. */
static double
error_of_shares(const struct result *r)
{
    double most = 0;
    for (unsigned u = 0; u < 4; u++) {
        double want = (u + 1) / 10.0;
        double first = fabs(share_of_first_choices(r, 0, 10000, u) / want - 1);
        double all = fabs(result_share(r, u) / want - 1);
        most = fmax(most, fmax(first, all));
    }
    return most;
}

/* Strategies that count keep them; those that throw dice or look at something else, too, come near. */
static void
weights_are_kept_within_five_percent(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            bool counts = usual[i] == ROUTE_ROUND_ROBIN || usual[i] == ROUTE_LOWEST_USAGE;
            struct result r = run("shares", usual[i], seed);
            HOLD(r.requests > 10000, r, "shares", usual[i], seed);
            HOLD(error_of_shares(&r) < (counts ? 0.05 : 0.1), r, "shares", usual[i], seed);
            result_fini(&r);
        }
}

static void
lowest_latency_finds_the_fast_one_within_fifty_requests(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct result r = run("fast-one", ROUTE_LOWEST_LATENCY, seed);
        HOLD(share_of_first_choices(&r, 50, 200, 2) > 0.98, r, "fast-one", ROUTE_LOWEST_LATENCY,
             seed);
        HOLD(result_share(&r, 2) > 0.98, r, "fast-one", ROUTE_LOWEST_LATENCY, seed);
        result_fini(&r);
    }
}

/* Equals that slow down under load: nobody gets all of it at once, not even for a while. */
static void
nobody_is_run_over_by_a_herd(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct result best = run("crowded", ROUTE_LEAST_BUSY, seed);
        for (size_t i = 0; i < N_USUAL; i++) {
            struct result r = run("crowded", usual[i], seed);
            HOLD(r.crowd <= 0.65, r, "crowded", usual[i], seed);
            HOLD(series_quantile(&r.first, 0.99) < 1.45 * series_quantile(&best.first, 0.99), r,
                 "crowded", usual[i], seed);
            for (unsigned u = 0; u < 4; u++)
                HOLD(result_share(&r, u) > 0.23 && result_share(&r, u) < 0.27, r, "crowded",
                     usual[i], seed);
            result_fini(&r);
        }
        struct result r = run("crowded", ROUTE_LOWEST_LATENCY, seed);
        HOLD(r.crowd <= 0.6, r, "crowded", ROUTE_LOWEST_LATENCY, seed);
        result_fini(&r);
        result_fini(&best);
    }
}

static void
lowest_cost_is_the_cheapest(void **state)
{
    (void)state;
    struct result r = run("prices", ROUTE_LOWEST_COST, 1);
    struct result other = run("prices", ROUTE_SIMPLE_SHUFFLE, 1);
    HOLD(result_share(&r, 1) > 0.999, r, "prices", ROUTE_LOWEST_COST, 1);
    HOLD(r.cost < 0.3 * other.cost, r, "prices", ROUTE_LOWEST_COST, 1);
    result_fini(&r);
    result_fini(&other);
}

/* Fewer hedges than the config allows. */
static void
hedging_cuts_the_slowest_starts_to_a_quarter_for_little_money(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct result plain = run("slow-starts", usual[i], seed);
            struct result r = run("hedged", usual[i], seed);
            double each = plain.cost / plain.requests, hedged = r.cost / r.requests;
            HOLD(series_quantile(&r.first, 0.99) <= 0.25 * series_quantile(&plain.first, 0.99), r,
                 "hedged", usual[i], seed);
            HOLD(hedged <= 1.04 * each, r, "hedged", usual[i], seed);
            HOLD(r.rivals > 100 && r.rivals <= 0.05 * r.requests, r, "hedged", usual[i], seed);
            HOLD(r.failed == 0, r, "hedged", usual[i], seed);
            result_fini(&plain);
            result_fini(&r);
        }
}

static void
conversations_stay_where_the_cache_is_warm_and_the_load_is_even(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct result r = run("conversations", ROUTE_CACHE_AFFINITY, seed);
        HOLD(r.later_turns > 10000, r, "conversations", ROUTE_CACHE_AFFINITY, seed);
        HOLD(r.warm >= 0.98 * r.later_turns, r, "conversations", ROUTE_CACHE_AFFINITY, seed);
        for (unsigned u = 0; u < 4; u++)
            HOLD(result_share(&r, u) > 0.25 * 0.9 && result_share(&r, u) < 0.25 * 1.1, r,
                 "conversations", ROUTE_CACHE_AFFINITY, seed);
        result_fini(&r);
    }
}

/* --- limits --------------------------------------------------------------------------------- */

/* Twice what is let through: never more at a time, all places are used, nobody waits longer than is allowed.  What
 * follows from the numbers of the scenario: a request takes `takes`, so 60 places serve `able` a second.  Of 32 that come
 * 0.2 are important: none of these fails.  The others get what is left, which is for 48 % of them; the unimportant get in
 * only as those who have waited longest. */
static void
a_gateway_under_twice_its_load_keeps_to_its_limit(void **state)
{
    const double takes = 0.5 + 200.0 / 60, able = 60 / takes, high = 32 * 0.2, normal = 32 * 0.6;
    const double refused = 1 - (able - high) / normal;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct result r = run("overload", ROUTE_LEAST_BUSY, seed);
        double failed[SEMAPHORE_PRIORITIES], served = r.requests - r.failed;
        for (unsigned p = 0; p < SEMAPHORE_PRIORITIES; p++)
            failed[p] = (double)r.failed_by[p] / r.requests_by[p];
        HOLD(r.stuck == 0 && r.peak == 60, r, "overload", ROUTE_LEAST_BUSY, seed);
        HOLD(fabs(served / (300 * able) - 1) < 0.05, r, "overload", ROUTE_LEAST_BUSY, seed);
        HOLD(failed[SEMAPHORE_HIGH] == 0, r, "overload", ROUTE_LEAST_BUSY, seed);
        HOLD(fabs(failed[SEMAPHORE_NORMAL] - refused) < 0.06, r, "overload", ROUTE_LEAST_BUSY,
             seed);
        HOLD(failed[SEMAPHORE_LOW] > 0.95 && failed[SEMAPHORE_LOW] < 1, r, "overload",
             ROUTE_LEAST_BUSY, seed);
        for (unsigned p = 0; p < SEMAPHORE_PRIORITIES; p++)
            HOLD(r.waited[p] <= 10.001, r, "overload", ROUTE_LEAST_BUSY, seed);
        HOLD(r.waited[SEMAPHORE_HIGH] < takes / 2, r, "overload", ROUTE_LEAST_BUSY, seed);
        HOLD(series_quantile(&r.first, 0.99) < 2 * takes, r, "overload", ROUTE_LEAST_BUSY, seed);
        result_fini(&r);
    }
}

static void
deployments_never_get_more_than_their_limit_and_the_others_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct result r = run("narrow", usual[i], seed);
            HOLD(r.peak_of[0] == 10 && r.peak_of[1] == 20, r, "narrow", usual[i], seed);
            HOLD(r.failed == 0 && r.stuck == 0, r, "narrow", usual[i], seed);
            HOLD(result_load(&r) == 1, r, "narrow", usual[i], seed);
            result_fini(&r);
        }
}

static void
a_rate_is_kept_to_the_request(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct result r = run("rated", ROUTE_LEAST_BUSY, seed);
        unsigned served = r.requests - r.failed;
        HOLD(served <= 300 * 10 + 60 && served > 300 * 10, r, "rated", ROUTE_LEAST_BUSY, seed);
        result_fini(&r);
    }
}

static void
a_greedy_client_takes_nothing_from_the_others(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct result r = run("greedy", ROUTE_LEAST_BUSY, seed);
        unsigned failed = 0;
        for (unsigned i = 1; i < SCENARIO_CLIENTS; i++)
            failed += r.failed_of[i];
        HOLD(failed == 0, r, "greedy", ROUTE_LEAST_BUSY, seed);
        HOLD(r.failed_of[0] > r.requests_of[0] / 2, r, "greedy", ROUTE_LEAST_BUSY, seed);
        HOLD(r.failed_of[0] < r.requests_of[0] * 9 / 10, r, "greedy", ROUTE_LEAST_BUSY, seed);
        result_fini(&r);
    }
}

/* Limits that find themselves: nine tenths of what the upstreams can do gets done, 25 calls of 2.5 s at each of the
 * two, and what is let in starts soon. */
static void
adaptive_limits_keep_upstreams_busy_but_not_slow(void **state)
{
    const double able = 2 * 25 / (0.5 + 200.0 / 100);
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct result r = run("adaptive", usual[i], seed);
            HOLD(r.requests - r.failed > 300 * able * 0.88, r, "adaptive", usual[i], seed);
            HOLD(series_quantile(&r.first, 0.5) < 1.3, r, "adaptive", usual[i], seed);
            HOLD(series_quantile(&r.first, 0.99) < 2.5, r, "adaptive", usual[i], seed);
            HOLD(r.peak_of[0] < 60 && r.peak_of[1] < 60, r, "adaptive", usual[i], seed);
            result_fini(&r);
        }
}

/* The same weather is none for which no limit is needed: half of the replies begin after more than ten seconds, and a
 * fifth of the requests fails all the same. */
static void
without_limits_upstreams_drown(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_USUAL; i++) {
        struct result r = run("unlimited", usual[i], 1);
        HOLD(errors(&r) > 0.2, r, "unlimited", usual[i], 1);
        HOLD(series_quantile(&r.first, 0.5) > 10, r, "unlimited", usual[i], 1);
        HOLD(r.peak_of[0] > 1000 && r.peak_of[1] > 1000, r, "unlimited", usual[i], 1);
        result_fini(&r);
    }
}

static void
the_same_seed_gives_the_same_course(void **state)
{
    (void)state;
    struct result a = run("brown", ROUTE_P2C, 7), b = run("brown", ROUTE_P2C, 7);
    assert_int_equal(a.requests, b.requests);
    assert_int_equal(a.calls, b.calls);
    assert_int_equal(a.failed, b.failed);
    assert_true(series_quantile(&a.whole, 0.99) == series_quantile(&b.whole, 0.99));
    result_fini(&a);
    result_fini(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_do_not_see_that_one_of_three_is_dead),
        cmocka_unit_test(clients_do_not_see_that_one_of_three_is_silent),
        cmocka_unit_test(an_ailing_one_costs_little),
        cmocka_unit_test(retries_do_not_multiply_an_outage),
        cmocka_unit_test(rate_limits_of_providers_are_not_seen_by_clients),
        cmocka_unit_test(weights_are_kept_within_five_percent),
        cmocka_unit_test(lowest_latency_finds_the_fast_one_within_fifty_requests),
        cmocka_unit_test(nobody_is_run_over_by_a_herd),
        cmocka_unit_test(lowest_cost_is_the_cheapest),
        cmocka_unit_test(hedging_cuts_the_slowest_starts_to_a_quarter_for_little_money),
        cmocka_unit_test(conversations_stay_where_the_cache_is_warm_and_the_load_is_even),
        cmocka_unit_test(a_gateway_under_twice_its_load_keeps_to_its_limit),
        cmocka_unit_test(deployments_never_get_more_than_their_limit_and_the_others_help),
        cmocka_unit_test(a_rate_is_kept_to_the_request),
        cmocka_unit_test(a_greedy_client_takes_nothing_from_the_others),
        cmocka_unit_test(adaptive_limits_keep_upstreams_busy_but_not_slow),
        cmocka_unit_test(without_limits_upstreams_drown),
        cmocka_unit_test(the_same_seed_gives_the_same_course),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
