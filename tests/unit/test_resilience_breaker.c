/* The circuit breaker: what it says in single steps, and beside a model over random schedules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/resilience/breaker.h"
#include "tests/lib/dice.h"

#define SEED UINT64_C(20240611)

static const struct breaker_options opts = {
    .failures = 3, .open_ns = 100, .open_most_ns = 350, .probes = 2, .successes = 2
};

struct heard {
    enum breaker_state from[8], to[8];
    unsigned n;
};

static void
hear(void *ctx, enum breaker_state from, enum breaker_state to)
{
    struct heard *h = ctx;
    if (h->n < 8) {
        h->from[h->n] = from;
        h->to[h->n] = to;
    }
    h->n++;
}

static uint64_t
begin(struct breaker *b, uint64_t now)
{
    uint64_t ticket = 0;
    assert_true(breaker_begin(b, &opts, now, &ticket));
    return ticket;
}

static void
call(struct breaker *b, uint64_t now, enum breaker_outcome outcome)
{
    breaker_end(b, &opts, now, begin(b, now), outcome);
}

static void
fail_thrice(struct breaker *b, uint64_t now)
{
    for (int i = 0; i < 3; i++)
        call(b, now, BREAKER_FAILED);
}

static void
breaker_opens_after_failures_in_a_row_and_tells(void **state)
{
    struct heard h = { .n = 0 };
    struct breaker b = { .changed = hear, .ctx = &h };
    uint64_t ticket;
    (void)state;
    call(&b, 0, BREAKER_FAILED);
    call(&b, 0, BREAKER_FAILED);
    call(&b, 0, BREAKER_SUCCEEDED);
    call(&b, 0, BREAKER_FAILED);
    call(&b, 0, BREAKER_UNKNOWN);
    call(&b, 0, BREAKER_FAILED);
    assert_int_equal(b.state, BREAKER_CLOSED);
    call(&b, 10, BREAKER_FAILED);
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_int_equal(h.n, 1);
    assert_int_equal(h.to[0], BREAKER_OPEN);
    assert_false(breaker_begin(&b, &opts, 109, &ticket));
    assert_true(breaker_would_allow(&b, &opts, 110));
}

/* Streams that began before the trouble go on ending well for a minute. */
static void
breaker_is_not_soothed_by_what_began_before(void **state)
{
    struct breaker b = { .changed = NULL };
    uint64_t old[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        old[i] = begin(&b, 0);
        breaker_begun(&b);
    }
    for (int i = 0; i < 2; i++) {
        call(&b, 1, BREAKER_FAILED);
        breaker_end(&b, &opts, 1, old[i], BREAKER_ENDED);
    }
    assert_int_equal(b.failed, 2);
    call(&b, 1, BREAKER_FAILED);
    assert_int_equal(b.state, BREAKER_OPEN);
}

/* ... nor by replies that begin and break off, one and all. */
static void
breaker_opens_when_replies_begin_and_break_off(void **state)
{
    struct breaker b = { .changed = NULL };
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b.state, BREAKER_CLOSED);
        uint64_t ticket = begin(&b, 0);
        breaker_begun(&b);
        breaker_end(&b, &opts, 0, ticket, BREAKER_BROKE);
    }
    assert_int_equal(b.state, BREAKER_OPEN);
}

static void
breaker_lets_few_probes_through_and_closes_when_they_succeed(void **state)
{
    struct breaker b = { .changed = NULL };
    uint64_t a, c, none;
    (void)state;
    fail_thrice(&b, 0);
    a = begin(&b, 100);
    c = begin(&b, 100);
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
    assert_false(breaker_begin(&b, &opts, 100, &none));
    breaker_end(&b, &opts, 101, a, BREAKER_UNKNOWN);
    a = begin(&b, 101); /* its place is free again */
    breaker_end(&b, &opts, 102, a, BREAKER_SUCCEEDED);
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
    breaker_end(&b, &opts, 102, c, BREAKER_SUCCEEDED);
    assert_int_equal(b.state, BREAKER_CLOSED);
}

static void
breaker_stays_open_longer_each_time_a_probe_fails(void **state)
{
    static const uint64_t opens[] = { 100, 200, 350, 350 };
    struct breaker b = { .changed = NULL };
    uint64_t now = 0;
    (void)state;
    fail_thrice(&b, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(b.until - now, opens[i]);
        now = b.until;
        call(&b, now, BREAKER_FAILED);
        assert_int_equal(b.state, BREAKER_OPEN);
    }
}

static void
breaker_ignores_what_began_before_it_changed(void **state)
{
    struct breaker b = { .changed = NULL };
    (void)state;
    uint64_t old = begin(&b, 0);
    fail_thrice(&b, 0);
    breaker_end(&b, &opts, 1, old, BREAKER_SUCCEEDED);
    assert_int_equal(b.state, BREAKER_OPEN);
    uint64_t probe = begin(&b, 100);
    breaker_end(&b, &opts, 101, old, BREAKER_FAILED);
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
    breaker_end(&b, &opts, 101, probe, BREAKER_SUCCEEDED);
    assert_int_equal(b.succeeded, 1);
}

static void
breaker_is_healed_by_what_others_have_seen(void **state)
{
    struct heard h = { .n = 0 };
    struct breaker b = { .changed = hear, .ctx = &h };
    (void)state;
    breaker_heal(&b, &opts);
    assert_int_equal(h.n, 0);
    fail_thrice(&b, 0);
    breaker_heal(&b, &opts); /* before its time */
    assert_int_equal(b.state, BREAKER_HALF_OPEN);
    uint64_t probe = begin(&b, 1);
    breaker_heal(&b, &opts);
    assert_int_equal(b.state, BREAKER_CLOSED);
    breaker_end(&b, &opts, 2, probe, BREAKER_FAILED); /* began before it changed */
    assert_int_equal(b.failed, 0);
    assert_int_equal(h.n, 3);
}

static void
breaker_without_failures_never_opens_and_a_reload_to_that_closes_it(void **state)
{
    struct breaker_options off = opts;
    struct breaker b = { .changed = NULL };
    uint64_t ticket;
    (void)state;
    off.failures = 0;
    for (int i = 0; i < 100; i++) {
        assert_true(breaker_begin(&b, &off, 0, &ticket));
        breaker_end(&b, &off, 0, ticket, BREAKER_FAILED);
    }
    assert_int_equal(b.state, BREAKER_CLOSED);
    b = (struct breaker){ .changed = NULL };
    fail_thrice(&b, 0);
    assert_true(breaker_begin(&b, &off, 1, &ticket));
    assert_int_equal(b.state, BREAKER_CLOSED);
}

/* --- beside a model ------------------------------------------------------------------------ */

/* The same in the plainest way: the history of what counted since the last change. */
struct model {
    enum breaker_state state;
    unsigned era, row, breaks, running, good, times;
    uint64_t since, length;
};

static void
model_enter(struct model *m, enum breaker_state s)
{
    m->state = s;
    m->era++;
    m->row = m->breaks = m->running = m->good = 0;
}

static void
model_open(struct model *m, uint64_t now)
{
    static const uint64_t lengths[] = { 100, 200, 350 };
    m->since = now;
    m->length = lengths[m->times < 2 ? m->times : 2];
    m->times++;
    model_enter(m, BREAKER_OPEN);
}

static bool
model_begin(struct model *m, uint64_t now, unsigned *era)
{
    if (m->state == BREAKER_OPEN && now - m->since >= m->length)
        model_enter(m, BREAKER_HALF_OPEN);
    if (m->state == BREAKER_OPEN || (m->state == BREAKER_HALF_OPEN && m->running == 2))
        return false;
    m->running++;
    *era = m->era;
    return true;
}

static void
model_end(struct model *m, uint64_t now, unsigned era, enum breaker_outcome outcome)
{
    if (era != m->era)
        return;
    m->running--;
    if (outcome == BREAKER_FAILED || outcome == BREAKER_BROKE) {
        unsigned in_row = outcome == BREAKER_FAILED ? ++m->row : ++m->breaks;
        if (m->state == BREAKER_HALF_OPEN || in_row == 3)
            model_open(m, now);
    } else if (outcome == BREAKER_SUCCEEDED || outcome == BREAKER_ENDED) {
        m->row = outcome == BREAKER_SUCCEEDED ? 0 : m->row;
        m->breaks = 0;
        m->good++;
        if (m->state == BREAKER_HALF_OPEN && m->good == 2) {
            m->times = 0;
            model_enter(m, BREAKER_CLOSED);
        }
    }
}

static void
model_heal(struct model *m)
{
    if (m->state == BREAKER_OPEN)
        model_enter(m, BREAKER_HALF_OPEN);
    if (m->state == BREAKER_HALF_OPEN && ++m->good == 2) {
        m->times = 0;
        model_enter(m, BREAKER_CLOSED);
    }
}

struct running {
    uint64_t ticket;
    unsigned era;
};

static void
play(uint64_t seed)
{
    struct dice d = { seed };
    struct breaker b = { .changed = NULL };
    struct model m = { .state = BREAKER_CLOSED };
    struct running calls[16];
    unsigned n = 0;
    uint64_t now = 0;
    for (int step = 0; step < 400; step++) {
        now += dice_roll(&d, 40);
        if (n < 16 && dice_roll(&d, 2)) {
            struct running r = { 0, 0 };
            bool would = breaker_would_allow(&b, &opts, now);
            bool got = breaker_begin(&b, &opts, now, &r.ticket);
            bool want = model_begin(&m, now, &r.era);
            if (got != want || would != want)
                fail_msg("seed %llu, step %d: allowed %d, want %d", (unsigned long long)seed, step,
                         got, want);
            if (got)
                calls[n++] = r;
        } else if (dice_roll(&d, 8) == 0) {
            breaker_begun(&b);
            m.row = m.state == BREAKER_CLOSED ? 0 : m.row;
        } else if (n) {
            unsigned i = dice_roll(&d, n);
            enum breaker_outcome o = (enum breaker_outcome)(dice_roll(&d, 13) % 5);
            breaker_end(&b, &opts, now, calls[i].ticket, o);
            model_end(&m, now, calls[i].era, o);
            calls[i] = calls[--n];
        }
        if (dice_roll(&d, 50) == 0) {
            breaker_heal(&b, &opts);
            model_heal(&m);
        }
        if (b.state != m.state)
            fail_msg("seed %llu, step %d: state %s, want %s", (unsigned long long)seed, step,
                     breaker_state_name(b.state), breaker_state_name(m.state));
    }
}

static void
breaker_does_what_its_model_does_over_random_schedules(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++)
        play(SEED + i);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaker_opens_after_failures_in_a_row_and_tells),
        cmocka_unit_test(breaker_is_not_soothed_by_what_began_before),
        cmocka_unit_test(breaker_opens_when_replies_begin_and_break_off),
        cmocka_unit_test(breaker_lets_few_probes_through_and_closes_when_they_succeed),
        cmocka_unit_test(breaker_stays_open_longer_each_time_a_probe_fails),
        cmocka_unit_test(breaker_ignores_what_began_before_it_changed),
        cmocka_unit_test(breaker_is_healed_by_what_others_have_seen),
        cmocka_unit_test(breaker_without_failures_never_opens_and_a_reload_to_that_closes_it),
        cmocka_unit_test(breaker_does_what_its_model_does_over_random_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
