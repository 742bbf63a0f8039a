/* What a guard knows: cooldowns, latencies, budgets, hedges, and all of it together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/resilience/backoff.h"
#include "runtime/resilience/guard.h"
#include "runtime/resilience/hedge.h"
#include "runtime/resilience/retry.h"
#include "runtime/resilience/rival.h"
#include "tests/lib/dice.h"

#define SEED   UINT64_C(20240613)
#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)

static const struct guard_options opts = {
    .breaker = { .failures = 5,
                 .open_ns = 5 * SECOND,
                 .open_most_ns = 60 * SECOND,
                 .probes = 1,
                 .successes = 1 },
    .cooldown = { .ns = 5 * SECOND,
                  .most_ns = 600 * SECOND,
                  .permille = 500,
                  .requests = 4,
                  .window_ns = 60 * SECOND },
    .half_life_ns = 10 * SECOND,
};

/* --- parts --------------------------------------------------------------------------------- */

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

/* --- together ------------------------------------------------------------------------------ */

static void
call(struct guard *g, uint64_t now, enum ir_fault fault, uint64_t wait_ns)
{
    const struct guard_report r = { .fault = fault,
                                    .mute = fault != IR_FAULT_UNSET,
                                    .wait_ns = wait_ns,
                                    .whole_ns = 20 * MS,
                                    .tokens = 7 };
    uint64_t ticket;
    assert_true(guard_begin(g, &opts, now, &ticket, NULL));
    if (!fault)
        guard_first(g, &opts, now, 10 * MS);
    guard_done(g, &opts, now, ticket, &r);
}

/* Until when it rests, in the plainest way: for each cause, told or not, the latest end of all that began it, and
 * what was told counts before what was not. */
static void
a_cooldown_ends_when_its_model_does_over_random_schedules(void **state)
{
    const struct cooldown_options o = { .ns = 50, .most_ns = 400 };
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 300; seed++) {
        struct dice d = { seed };
        struct cooldown c = { .told = { .until = 0 } };
        uint64_t now = 0, told_until = 0, until[COOLDOWN_CAUSES] = { 0 };
        for (unsigned i = 0; i < 300; i++) {
            now += dice_roll(&d, 40);
            enum cooldown_cause cause = (enum cooldown_cause)(1 + dice_roll(&d, COOLDOWN_SPENT));
            if (dice_roll(&d, 3) == 0) {
                uint64_t told = dice_roll(&d, 2) ? dice_roll(&d, 600) : 0;
                uint64_t ns = told ? told : o.ns;
                uint64_t end = now + (ns < o.most_ns ? ns : o.most_ns);
                uint64_t *last = told ? &told_until : &until[cause];
                cooldown_begin(&c, &o, now, cause, told);
                *last = end > *last ? end : *last;
            } else if (dice_roll(&d, 4) == 0) {
                cooldown_end(&c, cause);
                until[cause] = 0;
            }
            uint64_t guessed = 0;
            for (unsigned k = 0; k < COOLDOWN_CAUSES; k++)
                guessed = until[k] > guessed ? until[k] : guessed;
            const struct cooldown_rest is = cooldown_at(&c, now);
            bool told = now < told_until, rests = told || now < guessed;
            if ((is.cause != COOLDOWN_NONE) != rests || is.told != told
                || (rests && is.until != (told ? told_until : guessed)))
                fail_msg("seed %llu, step %u", (unsigned long long)seed, i);
        }
    }
}

static void
guard_stands_by_how_the_last_call_ended(void **state)
{
    static const struct {
        enum ir_fault fault;
        uint64_t wait_ns;
        enum guard_standing standing;
        enum guard_reason reason;
        uint64_t until;
    } rows[] = {
        { IR_FAULT_UNSET, 0, GUARD_READY, GUARD_FINE, 0 },
        { IR_FAULT_INVALID, 0, GUARD_READY, GUARD_FINE, 0 },
        { IR_FAULT_CONTEXT, 0, GUARD_READY, GUARD_FINE, 0 },
        { IR_FAULT_POLICY, 0, GUARD_READY, GUARD_FINE, 0 },
        { IR_FAULT_INTERNAL, 0, GUARD_READY, GUARD_FINE, 0 },
        { IR_FAULT_AUTH, 0, GUARD_LAST, GUARD_ACCOUNT, 6 * SECOND },
        { IR_FAULT_BILLING, 0, GUARD_LAST, GUARD_ACCOUNT, 6 * SECOND },
        { IR_FAULT_MISSING, 0, GUARD_LAST, GUARD_MISSING, 6 * SECOND },
        { IR_FAULT_RATE, 0, GUARD_LAST, GUARD_RATE, 6 * SECOND },
        { IR_FAULT_RATE, 20 * SECOND, GUARD_SHUT, GUARD_RATE, 21 * SECOND },
        { IR_FAULT_RATE, 9999 * SECOND, GUARD_SHUT, GUARD_RATE, 601 * SECOND },
        { IR_FAULT_OVERLOADED, 3 * SECOND, GUARD_SHUT, GUARD_SHARE, 4 * SECOND },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct guard g = { .running = 0 };
        call(&g, SECOND, rows[i].fault, rows[i].wait_ns);
        struct guard_view v = guard_view(&g, &opts, SECOND);
        if (v.standing != rows[i].standing || v.reason != rows[i].reason
            || v.until != rows[i].until)
            fail_msg("row %zu: %s, %s", i, guard_standing_name(v.standing),
                     guard_reason_text(v.reason));
        uint64_t ticket;
        assert_int_equal(guard_begin(&g, &opts, SECOND, &ticket, NULL),
                         rows[i].standing != GUARD_SHUT);
        v = guard_view(&g, &opts, rows[i].until + SECOND);
        assert_int_equal(v.standing, GUARD_READY);
    }
}

/* A reply that a limit is used up: last until it is made good, never out of the question; a later reply
 * knows better. */
static void
guard_is_the_last_while_a_limit_is_used_up(void **state)
{
    const struct guard_quota spent = { .requests = { true, 0 },
                                       .spent = true,
                                       .back_ns = 30 * SECOND };
    const struct guard_quota silent = { .tokens = { true, 0 }, .spent = true };
    const struct guard_quota some = { .requests = { true, 3 } };
    struct guard g = { .running = 0 };
    uint64_t ticket;
    (void)state;
    guard_learn(&g, &opts, SECOND, &spent);
    struct guard_view v = guard_view(&g, &opts, 2 * SECOND);
    assert_int_equal(v.standing, GUARD_LAST);
    assert_int_equal(v.reason, GUARD_SPENT);
    assert_int_equal(v.until, 31 * SECOND);
    assert_true(v.quota.requests.told && v.quota.requests.n == 0);
    assert_true(guard_begin(&g, &opts, 2 * SECOND, &ticket, NULL));
    assert_int_equal(guard_view(&g, &opts, 31 * SECOND).standing, GUARD_READY);
    guard_learn(&g, &opts, 40 * SECOND, &spent);
    guard_learn(&g, &opts, 41 * SECOND, &some);
    assert_int_equal(guard_view(&g, &opts, 41 * SECOND).standing, GUARD_READY);
    guard_learn(&g, &opts, 50 * SECOND, &silent); /* as long as usual */
    assert_int_equal(guard_view(&g, &opts, 50 * SECOND).until, 55 * SECOND);
}

/* What a provider told to wait is nothing that other replies, which came after it, make longer, softer or shorter. */
static void
guard_keeps_to_what_it_was_told(void **state)
{
    const struct guard_quota spent = { .requests = { true, 0 },
                                       .spent = true,
                                       .back_ns = 30 * SECOND };
    const struct guard_quota some = { .requests = { true, 3 } };
    struct guard g = { .running = 0 };
    (void)state;
    call(&g, SECOND, IR_FAULT_RATE, 20 * SECOND);
    guard_learn(&g, &opts, 2 * SECOND, &spent);
    struct guard_view v = guard_view(&g, &opts, 3 * SECOND);
    assert_int_equal(v.standing, GUARD_SHUT);
    assert_int_equal(v.reason, GUARD_RATE);
    assert_int_equal(v.until, 21 * SECOND);
    v = guard_view(&g, &opts, 21 * SECOND); /* the other one goes on */
    assert_int_equal(v.standing, GUARD_LAST);
    assert_int_equal(v.reason, GUARD_SPENT);
    assert_int_equal(v.until, 32 * SECOND);
    guard_learn(&g, &opts, 4 * SECOND, &some);
    assert_int_equal(guard_view(&g, &opts, 5 * SECOND).standing, GUARD_SHUT);
    assert_int_equal(guard_view(&g, &opts, 21 * SECOND).standing, GUARD_READY);
}

/* And a shorter word of the provider's is not lost in a longer rest of ours. */
static void
guard_is_shut_within_a_longer_rest(void **state)
{
    const struct guard_quota spent = { .requests = { true, 0 },
                                       .spent = true,
                                       .back_ns = 30 * SECOND };
    struct guard g = { .running = 0 };
    (void)state;
    guard_learn(&g, &opts, SECOND, &spent);
    call(&g, 2 * SECOND, IR_FAULT_RATE, 4 * SECOND);
    assert_int_equal(guard_view(&g, &opts, 5 * SECOND).standing, GUARD_SHUT);
    assert_int_equal(guard_view(&g, &opts, 6 * SECOND).standing, GUARD_LAST);
}

/* A refusal whose head says when there is more, but not to wait for it: longer than usual, and yet asked when
 * nobody else is there. */
static void
guard_rests_after_a_refusal_until_its_limit_is_made_good(void **state)
{
    const struct guard_report r = { .fault = IR_FAULT_RATE, .status = 429, .back_ns = 40 * SECOND };
    struct guard g = { .running = 0 };
    uint64_t ticket;
    (void)state;
    assert_true(guard_begin(&g, &opts, SECOND, &ticket, NULL));
    guard_done(&g, &opts, SECOND, ticket, &r);
    struct guard_view v = guard_view(&g, &opts, SECOND);
    assert_int_equal(v.standing, GUARD_LAST);
    assert_int_equal(v.reason, GUARD_RATE);
    assert_int_equal(v.until, 41 * SECOND);
}

static const struct guard_thresholds thresholds = {
    .good = 2, .bad = 3, .keep_ns = 100 * SECOND, .heals = true
};

static bool
probe(struct guard *g, uint64_t now, enum ir_fault fault, enum guard_probe want)
{
    const struct guard_report r = { .fault = fault };
    bool changed;
    assert_int_equal(guard_probed(g, &opts, now, &thresholds, &r, &changed), want);
    return changed;
}

static void
guard_is_the_last_while_probes_fail(void **state)
{
    struct guard g = { .running = 0 };
    (void)state;
    assert_false(probe(&g, 1, IR_FAULT_PROTOCOL, GUARD_PROBE_BAD));
    assert_false(probe(&g, 2, IR_FAULT_TIMEOUT, GUARD_PROBE_BAD));
    assert_false(probe(&g, 3, IR_FAULT_UNSET, GUARD_PROBE_GOOD)); /* in a row */
    assert_false(probe(&g, 4, IR_FAULT_INTERNAL, GUARD_PROBE_BAD));
    assert_false(probe(&g, 5, IR_FAULT_INTERNAL, GUARD_PROBE_BAD));
    assert_int_equal(guard_view(&g, &opts, 5).standing, GUARD_READY);
    assert_true(probe(&g, 6, IR_FAULT_INTERNAL, GUARD_PROBE_BAD));
    struct guard_view v = guard_view(&g, &opts, 6);
    assert_int_equal(v.standing, GUARD_LAST);
    assert_int_equal(v.reason, GUARD_SICK);
    assert_int_equal(v.health.failed, 5);
    assert_int_equal(v.requests + v.failures, 0);
    assert_false(probe(&g, 7, IR_FAULT_INVALID, GUARD_PROBE_GOOD)); /* it answers */
    assert_int_equal(guard_view(&g, &opts, 7).standing, GUARD_LAST);
    assert_true(probe(&g, 8, IR_FAULT_UNSET, GUARD_PROBE_GOOD));
    assert_int_equal(guard_view(&g, &opts, 8).standing, GUARD_READY);
    for (unsigned i = 0; i < 3; i++)
        probe(&g, 9, IR_FAULT_INTERNAL, GUARD_PROBE_BAD);
    assert_int_equal(guard_view(&g, &opts, 100 * SECOND + 8).standing, GUARD_LAST);
    assert_int_equal(guard_view(&g, &opts, 100 * SECOND + 9).standing,
                     GUARD_READY); /* none follows */
}

static void
guard_heals_its_breaker_by_good_probes_and_rests_when_one_is_refused(void **state)
{
    struct guard g = { .running = 0 };
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        call(&g, SECOND, IR_FAULT_INTERNAL, 0);
    assert_int_equal(guard_view(&g, &opts, SECOND).reason, GUARD_BREAKER);
    probe(&g, SECOND, IR_FAULT_INTERNAL, GUARD_PROBE_BAD);
    assert_int_equal(guard_view(&g, &opts, SECOND).reason, GUARD_BREAKER);
    probe(&g, 2 * SECOND, IR_FAULT_UNSET, GUARD_PROBE_GOOD);
    assert_int_equal(g.breaker.state, BREAKER_CLOSED); /* one success is enough here */
    assert_false(probe(&g, 20 * SECOND, IR_FAULT_AUTH, GUARD_PROBE_REFUSED));
    struct guard_view v = guard_view(&g, &opts, 20 * SECOND);
    assert_int_equal(v.reason, GUARD_ACCOUNT);
    assert_int_equal(v.health.refused, 1);
}

static void
guard_rests_when_too_large_a_share_fails(void **state)
{
    struct guard g = { .running = 0 };
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        call(&g, i, IR_FAULT_UNSET, 0);
        call(&g, i, IR_FAULT_INTERNAL, 0);
    }
    struct guard_view v = guard_view(&g, &opts, 3);
    assert_int_equal(v.standing, GUARD_LAST);
    assert_int_equal(v.reason, GUARD_SHARE);
    assert_int_equal(v.failures, 3);
    assert_int_equal(v.requests, 6);
    assert_int_equal(v.tokens_a_minute, 42);
    assert_int_equal(v.failure.fault, IR_FAULT_INTERNAL);
}

static void
guard_opens_its_breaker_and_says_until_when(void **state)
{
    struct guard g = { .running = 0 };
    enum guard_reason why = GUARD_FINE;
    uint64_t ticket;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        call(&g, SECOND, IR_FAULT_TIMEOUT, 0);
    assert_false(guard_begin(&g, &opts, 2 * SECOND, &ticket, &why));
    assert_int_equal(why, GUARD_BREAKER);
    struct guard_view v = guard_view(&g, &opts, 2 * SECOND);
    assert_int_equal(v.standing, GUARD_SHUT);
    assert_int_equal(v.until, 6 * SECOND);
    assert_true(guard_begin(&g, &opts, 6 * SECOND, &ticket, &why));
    assert_false(guard_begin(&g, &opts, 6 * SECOND, &ticket, &why));
    assert_int_equal(why, GUARD_PROBED);
}

static void
guard_takes_a_probe_for_good_when_its_reply_has_begun(void **state)
{
    const struct guard_report well = { .whole_ns = 60 * SECOND };
    const struct guard_report broken = { .fault = IR_FAULT_PROTOCOL };
    struct guard g = { .running = 0 };
    uint64_t probe, other;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        call(&g, 0, IR_FAULT_TIMEOUT, 0);
    assert_true(guard_begin(&g, &opts, 5 * SECOND, &probe, NULL));
    assert_false(guard_begin(&g, &opts, 6 * SECOND, &other, NULL));
    guard_proven(&g, &opts, 6 * SECOND, &probe);
    assert_int_equal(g.breaker.state, BREAKER_CLOSED);
    assert_true(guard_begin(&g, &opts, 6 * SECOND, &other, NULL));
    guard_proven(&g, &opts, 7 * SECOND, &other); /* no probe: it may still fail */
    guard_done(&g, &opts, 8 * SECOND, other, &broken);
    assert_int_equal(g.breaker.broken, 1);
    guard_done(&g, &opts, 60 * SECOND, probe, &well);
    assert_int_equal(g.breaker.broken, 1);
    assert_int_equal(g.running, 0);
}

static void
guard_learns_nothing_from_what_was_cut(void **state)
{
    const struct guard_report cut = {
        .fault = IR_FAULT_TIMEOUT, .cut = true, .mute = true, .tokens = 3
    };
    struct guard g = { .running = 0 };
    uint64_t ticket;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_true(guard_begin(&g, &opts, i, &ticket, NULL));
        guard_done(&g, &opts, i, ticket, &cut);
    }
    struct guard_view v = guard_view(&g, &opts, 20);
    assert_int_equal(v.standing, GUARD_READY);
    assert_int_equal(v.requests, 0);
    assert_int_equal(v.running, 0);
    assert_int_equal(v.tokens_a_minute, 60);
}

/* --- silence ------------------------------------------------------------------------------- */

static const struct guard_options wary = {
    .breaker = { .failures = 5,
                 .open_ns = 5 * SECOND,
                 .open_most_ns = 60 * SECOND,
                 .probes = 1,
                 .successes = 1 },
    .silence = { .calls = 3, .least_ns = SECOND },
    .half_life_ns = 10 * SECOND,
};

/* A guard that has heard replies after half a second. */
static struct guard
experienced(void)
{
    struct guard g = { .running = 0 };
    const struct guard_report well = { .status = 200, .whole_ns = SECOND };
    for (unsigned i = 0; i < 100; i++) {
        uint64_t ticket, now = i * SECOND;
        assert_true(guard_begin(&g, &wary, now, &ticket, NULL));
        guard_first(&g, &wary, now + 500 * MS, 500 * MS);
        guard_done(&g, &wary, now + SECOND, ticket, &well);
    }
    return g;
}

static void
guard_notices_that_nothing_is_heard(void **state)
{
    struct guard g = experienced();
    const uint64_t start = 200 * SECOND;
    uint64_t tickets[6];
    (void)state;
    for (unsigned i = 0; i < 6; i++)
        assert_true(guard_begin(&g, &wary, start + i * 100 * MS, &tickets[i], NULL));
    assert_int_equal(guard_view(&g, &wary, start + SECOND).standing, GUARD_READY);
    assert_false(guard_has_lost(&g, &wary, start + SECOND, start));
    struct guard_view v = guard_view(&g, &wary, start + 2 * SECOND);
    assert_int_equal(v.standing, GUARD_LAST);
    assert_int_equal(v.reason, GUARD_SILENT);
    assert_true(guard_has_lost(&g, &wary, start + 2 * SECOND, start));
    assert_false(guard_has_lost(&g, &wary, start + 2 * SECOND, start + 1900 * MS));
    guard_first(&g, &wary, start + 2 * SECOND, 2 * SECOND);
    assert_int_equal(guard_view(&g, &wary, start + 2 * SECOND).standing, GUARD_READY);
}

/* Those who are rescued leave behind what opens the breaker; those who were heard do not. */
static void
guard_counts_what_was_cut_because_of_silence(void **state)
{
    const struct guard_report cut = { .cut = true, .mute = true }, heard = { .cut = true };
    const uint64_t start = 200 * SECOND;
    struct guard g = experienced();
    uint64_t tickets[7];
    (void)state;
    for (unsigned i = 0; i < 7; i++)
        assert_true(guard_begin(&g, &wary, start, &tickets[i], NULL));
    guard_done(&g, &wary, start + 2 * SECOND, tickets[0], &heard);
    for (unsigned i = 1; i < 5; i++)
        guard_done(&g, &wary, start + 2 * SECOND, tickets[i], &cut);
    assert_int_equal(g.breaker.state, BREAKER_CLOSED);
    guard_done(&g, &wary, start + 2 * SECOND, tickets[5], &cut);
    assert_int_equal(g.breaker.state, BREAKER_OPEN);
    guard_done(&g, &wary, start + 2 * SECOND, tickets[6], &cut);
    assert_int_equal(g.silence.waiting, 1); /* the one that was heard never said so */
}

static void
a_refusal_is_no_silence(void **state)
{
    const struct guard_report refused = { .fault = IR_FAULT_INVALID, .status = 400, .mute = true };
    struct guard g = experienced();
    const uint64_t start = 200 * SECOND;
    uint64_t tickets[4];
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_true(guard_begin(&g, &wary, start, &tickets[i], NULL));
    guard_done(&g, &wary, start + 2 * SECOND, tickets[0], &refused);
    assert_int_equal(guard_view(&g, &wary, start + 2 * SECOND).standing, GUARD_READY);
}

static void
silence_is_not_seen_without_knowledge_or_when_it_is_off(void **state)
{
    struct guard_options off = wary;
    struct guard fresh = { .running = 0 }, known = experienced();
    uint64_t ticket;
    (void)state;
    off.silence.calls = 0;
    for (unsigned i = 0; i < 10; i++) {
        assert_true(guard_begin(&fresh, &wary, 0, &ticket, NULL));
        assert_true(guard_begin(&known, &off, 200 * SECOND, &ticket, NULL));
    }
    assert_int_equal(guard_view(&fresh, &wary, 100 * SECOND).standing, GUARD_READY);
    assert_int_equal(guard_view(&known, &off, 300 * SECOND).standing, GUARD_READY);
}

/* Counting is exact over random schedules: who waits, and since when nothing was heard. */
static void
silence_does_what_its_model_does_over_random_schedules(void **state)
{
    const struct silence_options o = { .calls = 3, .least_ns = 100 };
    struct latency usual = { .n = 0 };
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        latency_add(&usual, 1000, i, 1);
    uint64_t after = silence_after(&o, &usual);
    for (uint64_t seed = SEED; seed < SEED + 300; seed++) {
        struct dice d = { seed };
        struct silence s = { .waiting = 0 };
        uint64_t now = 0, begun[64];
        unsigned waiting = 0, n = 0; /* begun: of those since it was heard last */
        for (unsigned i = 0; i < 300; i++) {
            now += dice_roll(&d, (unsigned)after / 8 + 1);
            unsigned what = dice_roll(&d, 8);
            if (what < 4 && n < 64) {
                silence_ask(&s, now);
                begun[n++] = now;
                waiting++;
            } else if (what < 5 && waiting) {
                silence_hear(&s);
                waiting--;
                n = 0;
            } else if (what < 7 && waiting) {
                silence_miss(&s);
                n = --waiting ? n : 0;
            }
            bool want = n >= 3 && now >= begun[0] + after;
            if (s.waiting != waiting || silence_is_on(&s, &o, &usual, now) != want)
                fail_msg("seed %llu, step %u", (unsigned long long)seed, i);
        }
    }
}

/* --- probes and their rivals --------------------------------------------------------------- */

static void
a_probe_that_its_rival_beats_has_failed(void **state)
{
    const struct guard_report cut = { .cut = true, .mute = true };
    struct guard_report beaten = cut;
    struct guard g = { .running = 0 };
    enum guard_reason why = GUARD_FINE;
    uint64_t ticket;
    (void)state;
    beaten.beaten = true;
    for (unsigned i = 0; i < 5; i++)
        call(&g, 0, IR_FAULT_TIMEOUT, 0);
    assert_true(guard_begin(&g, &wary, 5 * SECOND, &ticket, &why));
    assert_int_equal(why, GUARD_PROBED);
    guard_done(&g, &wary, 6 * SECOND, ticket,
               &cut); /* its client has left: it may be tried again */
    assert_int_equal(g.breaker.state, BREAKER_HALF_OPEN);
    assert_true(guard_begin(&g, &wary, 6 * SECOND, &ticket, &why));
    guard_done(&g, &wary, 7 * SECOND, ticket, &beaten);
    assert_int_equal(g.breaker.state, BREAKER_OPEN);
    assert_int_equal(g.breaker.until, 17 * SECOND);
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

/* --- retries ------------------------------------------------------------------------------- */

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
        cmocka_unit_test(quantiles_are_right_to_a_fifth_and_what_chance_adds),
        cmocka_unit_test(a_mean_forgets_faster_the_older_it_is),
        cmocka_unit_test(backoff_is_by_chance_up_to_a_limit_that_doubles),
        cmocka_unit_test(a_budget_keeps_extra_calls_to_a_share),
        cmocka_unit_test(a_budget_is_never_exceeded_over_random_schedules),
        cmocka_unit_test(a_hedge_waits_for_what_is_unusual),
        cmocka_unit_test(a_cooldown_ends_when_its_model_does_over_random_schedules),
        cmocka_unit_test(guard_stands_by_how_the_last_call_ended),
        cmocka_unit_test(guard_is_the_last_while_a_limit_is_used_up),
        cmocka_unit_test(guard_rests_after_a_refusal_until_its_limit_is_made_good),
        cmocka_unit_test(guard_is_the_last_while_probes_fail),
        cmocka_unit_test(guard_heals_its_breaker_by_good_probes_and_rests_when_one_is_refused),
        cmocka_unit_test(guard_rests_when_too_large_a_share_fails),
        cmocka_unit_test(guard_opens_its_breaker_and_says_until_when),
        cmocka_unit_test(guard_takes_a_probe_for_good_when_its_reply_has_begun),
        cmocka_unit_test(guard_keeps_to_what_it_was_told),
        cmocka_unit_test(guard_is_shut_within_a_longer_rest),
        cmocka_unit_test(guard_learns_nothing_from_what_was_cut),
        cmocka_unit_test(guard_notices_that_nothing_is_heard),
        cmocka_unit_test(guard_counts_what_was_cut_because_of_silence),
        cmocka_unit_test(a_refusal_is_no_silence),
        cmocka_unit_test(silence_is_not_seen_without_knowledge_or_when_it_is_off),
        cmocka_unit_test(silence_does_what_its_model_does_over_random_schedules),
        cmocka_unit_test(a_probe_that_its_rival_beats_has_failed),
        cmocka_unit_test(a_probe_gets_its_rival_when_it_is_later_than_usual),
        cmocka_unit_test(a_call_that_tries_nothing_has_a_rival_only_where_hedges_are_wanted),
        cmocka_unit_test(a_search_for_a_rival_goes_on_until_one_begins_or_breaks),
        cmocka_unit_test(a_try_is_worth_while_where_the_failure_may_pass),
        cmocka_unit_test(a_pause_is_as_long_as_it_must_and_no_longer_than_is_of_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
