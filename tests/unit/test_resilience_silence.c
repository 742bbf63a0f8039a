/* A deployment that takes calls and says nothing: when that is noticed, and what comes of it. */
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

static const struct guard_options wary = { GUARD_OPTIONS,
                                           .silence = { .calls = 3, .least_ns = SECOND } };

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

/* Who waits for an image, or a token, says nothing about who would be asked with it. */
static void
who_was_not_asked_yet_is_not_silent(void **state)
{
    const struct guard_report left = { .cut = true, .mute = true, .unasked = true };
    const uint64_t start = 200 * SECOND;
    struct guard g = experienced();
    uint64_t tickets[7];
    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        assert_true(guard_begin(&g, &wary, start, &tickets[i], NULL));
        guard_put_off(&g);
    }
    assert_int_equal(g.silence.waiting, 0);
    assert_int_equal(guard_view(&g, &wary, start + 9 * SECOND).standing, GUARD_READY);
    guard_made(&g, start + 9 * SECOND); /* one of them, for which the time begins now */
    for (unsigned i = 0; i < 6; i++)
        guard_done(&g, &wary, start + 9 * SECOND, tickets[i], &left);
    assert_int_equal(g.silence.waiting, 1);
    assert_int_equal(g.breaker.state, BREAKER_CLOSED);
    for (unsigned i = 0; i < 6; i++)
        assert_true(guard_begin(&g, &wary, start + 9 * SECOND, &tickets[i], NULL));
    assert_int_equal(guard_view(&g, &wary, start + 10 * SECOND).standing, GUARD_READY);
    assert_int_equal(guard_view(&g, &wary, start + 11 * SECOND).reason, GUARD_SILENT);
    for (unsigned i = 0; i < 6; i++) /* nor when the others are */
        guard_done(&g, &wary, start + 11 * SECOND, tickets[i], &left);
    assert_int_equal(g.breaker.state, BREAKER_CLOSED);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard_notices_that_nothing_is_heard),
        cmocka_unit_test(guard_counts_what_was_cut_because_of_silence),
        cmocka_unit_test(who_was_not_asked_yet_is_not_silent),
        cmocka_unit_test(a_refusal_is_no_silence),
        cmocka_unit_test(silence_is_not_seen_without_knowledge_or_when_it_is_off),
        cmocka_unit_test(silence_does_what_its_model_does_over_random_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
