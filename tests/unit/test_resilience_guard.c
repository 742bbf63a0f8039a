/* What a guard knows: cooldowns, breaker, probes, and all of it together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/resilience/guard.h"
#include "tests/lib/dice.h"
#include "tests/lib/guard_options.h"

#define SEED   UINT64_C(20240613)
#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)

static const struct guard_options opts = { GUARD_OPTIONS };

/* A call that ended so, and how the deployment stands then. */
static struct guard_view
stand_after(struct guard *g, uint64_t now, const struct guard_report *r)
{
    uint64_t ticket;
    assert_true(guard_begin(g, &opts, now, &ticket, NULL));
    guard_done(g, &opts, now, ticket, r);
    return guard_view(g, &opts, now);
}

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
    (void)state;
    const struct guard_view v = stand_after(&g, SECOND, &r);
    assert_int_equal(v.standing, GUARD_LAST);
    assert_int_equal(v.reason, GUARD_RATE);
    assert_int_equal(v.until, 41 * SECOND);
}

static void
a_probe_that_is_refused_counts_as_such_a_request(void **state)
{
    static const struct guard_report rows[] = {
        { .fault = IR_FAULT_RATE, .status = 429 },
        { .fault = IR_FAULT_RATE, .status = 429, .back_ns = 40 * SECOND },
        { .fault = IR_FAULT_RATE, .status = 429, .wait_ns = 20 * SECOND, .back_ns = 40 * SECOND },
        { .fault = IR_FAULT_BILLING, .status = 402, .back_ns = 40 * SECOND },
    };
    const struct guard_thresholds t = { .good = 1, .bad = 1, .keep_ns = SECOND };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard asked = { .running = 0 }, probed = { .running = 0 };
        bool changed;
        const struct guard_view a = stand_after(&asked, SECOND, &rows[i]);
        assert_int_equal(guard_probed(&probed, &opts, SECOND, &t, &rows[i], &changed),
                         GUARD_PROBE_REFUSED);
        const struct guard_view p = guard_view(&probed, &opts, SECOND);
        assert_int_equal(p.standing, a.standing);
        assert_int_equal(p.reason, a.reason);
        assert_int_equal(p.until, a.until);
    }
}

/* One that says both is waited for as it asks. */
static void
guard_waits_as_told_whenever_the_limit_is_made_good(void **state)
{
    const struct guard_report r = {
        .fault = IR_FAULT_RATE, .status = 429, .wait_ns = 20 * SECOND, .back_ns = 40 * SECOND
    };
    struct guard g = { .running = 0 };
    (void)state;
    const struct guard_view v = stand_after(&g, SECOND, &r);
    assert_int_equal(v.standing, GUARD_SHUT);
    assert_int_equal(v.until, 21 * SECOND);
    assert_int_equal(guard_view(&g, &opts, 21 * SECOND).standing, GUARD_READY);
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
    /* It has not become well by that, but nobody needs to be told so; that it is sick again is news. */
    struct guard forgotten = g;
    for (unsigned i = 0; i < 2; i++)
        assert_false(probe(&forgotten, 101 * SECOND, IR_FAULT_UNSET, GUARD_PROBE_GOOD));
    assert_true(probe(&g, 101 * SECOND, IR_FAULT_INTERNAL, GUARD_PROBE_BAD));
    assert_int_equal(guard_view(&g, &opts, 101 * SECOND).standing, GUARD_LAST);
}

/* That there is a list of models does not show that the models answer. */
static void
guard_heals_no_breaker_by_probes_of_something_else(void **state)
{
    const struct guard_thresholds list = { .good = 1, .bad = 3, .keep_ns = SECOND };
    const struct guard_report well = { .status = 200 };
    struct guard g = { .running = 0 };
    bool changed;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        call(&g, SECOND, IR_FAULT_INTERNAL, 0);
    for (unsigned i = 0; i < 5; i++)
        guard_probed(&g, &opts, 2 * SECOND, &list, &well, &changed);
    assert_int_equal(guard_view(&g, &opts, 2 * SECOND).reason, GUARD_BREAKER);
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

/* Neither what could not be said there nor that we have no credentials shows whether it works. */
static void
who_was_not_asked_is_neither_broken_nor_well(void **state)
{
    static const struct {
        enum ir_fault fault;
        bool cut;
        enum guard_reason reason;
    } rows[] = {
        { IR_FAULT_UNSET, false, GUARD_FINE },
        { IR_FAULT_AUTH, false, GUARD_ACCOUNT },
        { IR_FAULT_AUTH, true, GUARD_FINE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned broken = 0; broken < 2; broken++) {
            struct guard g = { .running = 0 };
            const struct guard_report r = {
                .fault = rows[i].fault, .cut = rows[i].cut, .mute = true, .unasked = true
            };
            for (unsigned k = 0; broken && k < 5; k++)
                call(&g, 0, IR_FAULT_INTERNAL, 0);
            const struct guard_view before = guard_view(&g, &opts, 9 * SECOND);
            uint64_t ticket;
            for (unsigned k = 0; k < 9; k++) {
                assert_true(guard_begin(&g, &opts, 9 * SECOND, &ticket, NULL));
                guard_put_off(&g);
                guard_done(&g, &opts, 9 * SECOND, ticket, &r);
            }
            const struct guard_view v = guard_view(&g, &opts, 9 * SECOND);
            assert_int_equal(v.reason, rows[i].reason);
            assert_int_equal(v.breaker, broken ? BREAKER_HALF_OPEN : BREAKER_CLOSED);
            assert_int_equal(v.failed_in_row, before.failed_in_row);
            assert_int_equal(v.requests, before.requests);
            assert_int_equal(v.failures, before.failures);
        }
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

/* Its end says nothing more, when more than one success is wanted. */
static void
guard_counts_a_proven_probe_once(void **state)
{
    const struct guard_report well = { .whole_ns = SECOND };
    struct guard_options twice = opts;
    struct guard g = { .running = 0 };
    uint64_t probe;
    (void)state;
    twice.breaker.successes = 2;
    for (unsigned i = 0; i < 5; i++)
        call(&g, 0, IR_FAULT_TIMEOUT, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(guard_begin(&g, &twice, (5 + i) * SECOND, &probe, NULL));
        guard_proven(&g, &twice, (5 + i) * SECOND, &probe);
        guard_done(&g, &twice, (5 + i) * SECOND, probe, &well);
        assert_int_equal(g.breaker.state, i ? BREAKER_CLOSED : BREAKER_HALF_OPEN);
        assert_int_equal(g.breaker.probing, 0);
    }
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
    assert_true(guard_begin(&g, &opts, 5 * SECOND, &ticket, &why));
    assert_int_equal(why, GUARD_PROBED);
    guard_done(&g, &opts, 6 * SECOND, ticket,
               &cut); /* its client has left: it may be tried again */
    assert_int_equal(g.breaker.state, BREAKER_HALF_OPEN);
    assert_true(guard_begin(&g, &opts, 6 * SECOND, &ticket, &why));
    guard_done(&g, &opts, 7 * SECOND, ticket, &beaten);
    assert_int_equal(g.breaker.state, BREAKER_OPEN);
    assert_int_equal(g.breaker.until, 17 * SECOND);
}

/* To be slower than another once in a while is no failure of who is no probe. */
static void
who_is_beaten_while_all_is_well_has_not_failed(void **state)
{
    const struct guard_report beaten = { .cut = true, .mute = true, .beaten = true };
    struct guard g = { .running = 0 };
    uint64_t ticket;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_true(guard_begin(&g, &opts, i, &ticket, NULL));
        guard_done(&g, &opts, i, ticket, &beaten);
    }
    assert_int_equal(g.breaker.failed, 0);
    assert_int_equal(guard_view(&g, &opts, 20).standing, GUARD_READY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cooldown_ends_when_its_model_does_over_random_schedules),
        cmocka_unit_test(guard_stands_by_how_the_last_call_ended),
        cmocka_unit_test(guard_is_the_last_while_a_limit_is_used_up),
        cmocka_unit_test(guard_rests_after_a_refusal_until_its_limit_is_made_good),
        cmocka_unit_test(a_probe_that_is_refused_counts_as_such_a_request),
        cmocka_unit_test(guard_waits_as_told_whenever_the_limit_is_made_good),
        cmocka_unit_test(guard_is_the_last_while_probes_fail),
        cmocka_unit_test(guard_heals_no_breaker_by_probes_of_something_else),
        cmocka_unit_test(guard_heals_its_breaker_by_good_probes_and_rests_when_one_is_refused),
        cmocka_unit_test(who_was_not_asked_is_neither_broken_nor_well),
        cmocka_unit_test(guard_rests_when_too_large_a_share_fails),
        cmocka_unit_test(guard_opens_its_breaker_and_says_until_when),
        cmocka_unit_test(guard_takes_a_probe_for_good_when_its_reply_has_begun),
        cmocka_unit_test(guard_keeps_to_what_it_was_told),
        cmocka_unit_test(guard_is_shut_within_a_longer_rest),
        cmocka_unit_test(guard_counts_a_proven_probe_once),
        cmocka_unit_test(guard_learns_nothing_from_what_was_cut),
        cmocka_unit_test(a_probe_that_its_rival_beats_has_failed),
        cmocka_unit_test(who_is_beaten_while_all_is_well_has_not_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
