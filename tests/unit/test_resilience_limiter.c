/* Buckets, permits and what they make together, beside plain models over random schedules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/resilience/limiter.h"
#include "tests/lib/dice.h"

#define SEED   UINT64_C(20240612)
#define SECOND ((uint64_t)1000 * 1000 * 1000)

/* --- buckets ------------------------------------------------------------------------------- */

static void
bucket_holds_a_burst_and_fills_by_the_minute(void **state)
{
    const struct bucket_options o = { .per_minute = 60, .burst = 3 };
    struct bucket b = { 0 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bucket_wait(&b, &o, 5 * SECOND, 1), 0);
        bucket_take(&b, &o, 5 * SECOND, 1);
    }
    assert_int_equal(bucket_wait(&b, &o, 5 * SECOND, 1), SECOND);
    assert_int_equal(bucket_wait(&b, &o, 5 * SECOND + SECOND / 2, 1), SECOND / 2);
    assert_int_equal(bucket_wait(&b, &o, 6 * SECOND, 1), 0);
    assert_int_equal(bucket_wait(&b, &o, 100 * SECOND, 9), 0); /* more than fits: full is enough */
    bucket_take(&b, &o, 100 * SECOND, 9);
    assert_int_equal(bucket_wait(&b, &o, 100 * SECOND, 1), 7 * SECOND);
    bucket_give(&b, &o, 100 * SECOND, 8);
    assert_int_equal(bucket_wait(&b, &o, 100 * SECOND, 2), 0);
}

static void
bucket_holds_no_more_than_somebody_else_has_counted(void **state)
{
    const struct bucket_options o = { .per_minute = 60, .burst = 10 };
    struct bucket b = { 0 };
    (void)state;
    bucket_cap(&b, &o, SECOND, 10); /* as much as fits */
    assert_int_equal(bucket_wait(&b, &o, SECOND, 10), 0);
    bucket_cap(&b, &o, SECOND, 2);
    assert_int_equal(bucket_wait(&b, &o, SECOND, 2), 0);
    assert_int_equal(bucket_wait(&b, &o, SECOND, 3), SECOND);
    bucket_cap(&b, &o, SECOND, 7); /* less is there */
    assert_int_equal(bucket_wait(&b, &o, SECOND, 3), SECOND);
    bucket_cap(&b, &o, 2 * SECOND, 0);
    assert_int_equal(bucket_wait(&b, &o, 2 * SECOND, 1), SECOND);
}

static void
bucket_changes_its_rate_while_it_runs(void **state)
{
    struct bucket_options o = { .per_minute = 60, .burst = 10 };
    struct bucket b = { 0 };
    (void)state;
    bucket_take(&b, &o, 0, 10);
    assert_int_equal(bucket_wait(&b, &o, 4 * SECOND, 5), SECOND);
    o.per_minute = 600;
    assert_int_equal(bucket_wait(&b, &o, 4 * SECOND, 5), SECOND / 10);
    o.per_minute = 0;
    assert_int_equal(bucket_wait(&b, &o, 4 * SECOND, 1000), 0);
}

/* Whatever is taken only when it is there, is never more than burst + rate in any stretch of time;
 * and it is there exactly when a level in exact fractions says so. */
static void
bucket_never_gives_more_than_its_rate_over_random_schedules(void **state)
{
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 300; seed++) {
        struct dice d = { seed };
        const struct bucket_options o = { 1 + dice_roll(&d, 5000), 1 + dice_roll(&d, 50) };
        struct bucket b = { 0 };
        __int128 level = (__int128)o.burst * 60 * SECOND, brim = level;
        uint64_t now = 0;
        for (int i = 0; i < 300; i++) {
            uint64_t step = (uint64_t)dice_roll(&d, 1000000) * dice_roll(&d, 2000);
            uint64_t n = 1 + dice_roll(&d, (uint32_t)o.burst);
            now += step;
            level += (__int128)step * o.per_minute;
            level = level > brim ? brim : level;
            bool want = level >= (__int128)n * 60 * SECOND;
            uint64_t wait = bucket_wait(&b, &o, now, n);
            if ((wait == 0) != want)
                fail_msg("seed %llu, step %d: wait %llu", (unsigned long long)seed, i,
                         (unsigned long long)wait);
            if (!want)
                continue;
            bucket_take(&b, &o, now, n);
            level -= (__int128)n * 60 * SECOND;
        }
    }
}

/* --- permits ------------------------------------------------------------------------------- */

#define PEOPLE 24

/* Who is where, in the plainest way. */
struct person {
    struct semaphore_waiter w;
    enum { OUT, IN, WAITS } where;
    uint64_t came;
};

struct crowd {
    struct person v[PEOPLE];
    uint64_t clock;
    unsigned in, waits, grants;
};

/* Whom the rules let in next; NULL: nobody. */
static struct person *
expect_next(struct crowd *c, unsigned limit, uint64_t now)
{
    struct person *best = NULL;
    bool by_age = c->grants >= 3;
    if (limit && c->in >= limit)
        return NULL;
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct person *p = &c->v[i];
        if (p->where != WAITS || p->w.deadline <= now)
            continue;
        bool above = best && p->w.priority > best->w.priority;
        bool equal = best && p->w.priority == best->w.priority;
        if (!best || (by_age || equal ? p->came < best->came : above))
            best = p;
    }
    return best;
}

static void
let_in(struct crowd *c, struct person *p)
{
    c->grants = c->grants >= 3 ? 0 : c->grants + 1;
    p->where = IN;
    c->in++;
    c->waits--;
}

static void
give_out(struct semaphore *s, struct crowd *c, const struct semaphore_options *o, uint64_t now,
         uint64_t seed)
{
    for (;;) {
        struct person *want = expect_next(c, o->limit, now);
        struct semaphore_waiter *got = semaphore_next(s, o, now);
        if (got != (want ? &want->w : NULL))
            fail_msg("seed %llu: the wrong one got the permit", (unsigned long long)seed);
        if (!want)
            return;
        let_in(c, want);
    }
}

static void
come(struct semaphore *s, struct crowd *c, const struct semaphore_options *o, struct person *p,
     uint64_t now, struct dice *d)
{
    struct semaphore_waiter *displaced;
    p->w = (struct semaphore_waiter){ .priority = dice_roll(d, SEMAPHORE_PRIORITIES),
                                      .deadline = now + 1 + dice_roll(d, 60) };
    p->came = c->clock++;
    switch (semaphore_enter(s, o, &p->w, &displaced)) {
    case SEMAPHORE_IN:
        assert_true(c->waits == 0 && (!o->limit || c->in < o->limit));
        p->where = IN;
        c->in++;
        break;
    case SEMAPHORE_QUEUED:
        if (displaced) {
            struct person *q = (struct person *)(void *)displaced;
            assert_true(q->where == WAITS && q->w.priority < p->w.priority);
            q->where = OUT;
            c->waits--;
        }
        p->where = WAITS;
        c->waits++;
        assert_true(c->waits <= o->queue);
        break;
    case SEMAPHORE_FULL:
        assert_true(c->waits >= o->queue);
        break;
    }
}

static void
play_permits(uint64_t seed)
{
    struct dice d = { seed };
    struct semaphore s = { 0 };
    struct crowd c = { 0 };
    struct semaphore_options o = { 1 + dice_roll(&d, 5), dice_roll(&d, 8) };
    uint64_t now = 0;
    for (int i = 0; i < 500; i++) {
        struct person *p = &c.v[dice_roll(&d, PEOPLE)];
        now += dice_roll(&d, 10);
        if (dice_roll(&d, 50) == 0)
            o.limit = 1 + dice_roll(&d, 5); /* below what is held: nobody is thrown out */
        if (p->where == OUT) {
            come(&s, &c, &o, p, now, &d);
        } else if (p->where == IN) {
            semaphore_leave(&s);
            p->where = OUT;
            c.in--;
        } else if (p->w.deadline <= now || dice_roll(&d, 2)) {
            semaphore_quit(&s, &p->w);
            p->where = OUT;
            c.waits--;
        }
        give_out(&s, &c, &o, now, seed);
        if (s.held != c.in || s.waiting != c.waits)
            fail_msg("seed %llu, step %d: %u in, %u wait; want %u and %u", (unsigned long long)seed,
                     i, s.held, s.waiting, c.in, c.waits);
    }
    for (unsigned i = 0; i < PEOPLE; i++) {
        if (c.v[i].where == IN)
            semaphore_leave(&s);
        semaphore_quit(&s, &c.v[i].w);
    }
    assert_int_equal(s.held, 0);
    assert_int_equal(s.waiting, 0);
}

static void
semaphore_does_what_its_model_does_over_random_schedules(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++)
        play_permits(SEED + i);
}

/* However many come with a higher priority. */
static void
semaphore_starves_nobody(void **state)
{
    const struct semaphore_options o = { 1, 100 };
    struct semaphore s = { 0 };
    struct semaphore_waiter poor = { .priority = SEMAPHORE_LOW, .deadline = UINT64_MAX };
    struct semaphore_waiter first, rich[20], *displaced;
    (void)state;
    first = (struct semaphore_waiter){ .priority = SEMAPHORE_LOW };
    assert_int_equal(semaphore_enter(&s, &o, &first, &displaced), SEMAPHORE_IN);
    assert_int_equal(semaphore_enter(&s, &o, &poor, &displaced), SEMAPHORE_QUEUED);
    unsigned before = 0;
    for (unsigned i = 0; i < 20 && poor.waits; i++) {
        rich[i] = (struct semaphore_waiter){ .priority = SEMAPHORE_HIGH, .deadline = UINT64_MAX };
        semaphore_enter(&s, &o, &rich[i], &displaced);
        semaphore_leave(&s);
        before += semaphore_next(&s, &o, 0) != &poor;
    }
    assert_false(poor.waits);
    assert_int_equal(before, 3);
}

/* --- together ------------------------------------------------------------------------------ */

static void
limiter_refuses_with_the_time_to_come_back(void **state)
{
    const struct limiter_options o = {
        .requests = { 60, 2 }, .tokens = { 600, 100 }, .parallel = 2, .queue = 1, .wait_ns = SECOND
    };
    const struct limiter_report r = { .guessed = 10, .used = 110, .hold_ns = SECOND };
    struct limiter l = { 0 };
    struct semaphore_waiter a, b, *displaced;
    struct limiter_refusal no;
    (void)state;
    a = b = (struct semaphore_waiter){ .priority = SEMAPHORE_NORMAL };
    assert_int_equal(limiter_enter(&l, &o, 0, 10, &a, &displaced, &no), SEMAPHORE_IN);
    assert_int_equal(limiter_enter(&l, &o, 0, 10, &b, &displaced, &no), SEMAPHORE_IN);
    assert_int_equal(limiter_enter(&l, &o, 0, 10, &b, &displaced, &no), SEMAPHORE_FULL);
    assert_int_equal(no.reason, LIMITER_REQUESTS);
    assert_int_equal(no.retry_ns, SECOND);
    limiter_leave(&l, &o, 0, &r); /* 100 tokens more than was guessed: now there are -20 */
    assert_int_equal(limiter_enter(&l, &o, SECOND, 10, &b, &displaced, &no), SEMAPHORE_FULL);
    assert_int_equal(no.reason, LIMITER_TOKENS);
    assert_int_equal(no.retry_ns, 2 * SECOND);
    assert_int_equal(l.refused, 2);
}

static void
limiter_gives_back_what_was_taken_for_those_who_leave_the_queue(void **state)
{
    const struct limiter_options o = {
        .requests = { 60, 3 }, .parallel = 1, .queue = 1, .wait_ns = SECOND
    };
    struct limiter l = { 0 };
    struct semaphore_waiter w[3], *displaced;
    struct limiter_refusal no;
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        w[i] = (struct semaphore_waiter){ .priority = (enum semaphore_priority)i };
    assert_int_equal(limiter_enter(&l, &o, 0, 0, &w[0], &displaced, &no), SEMAPHORE_IN);
    assert_int_equal(limiter_enter(&l, &o, 0, 0, &w[1], &displaced, &no), SEMAPHORE_QUEUED);
    assert_int_equal(limiter_enter(&l, &o, 0, 0, &w[2], &displaced, &no), SEMAPHORE_QUEUED);
    assert_ptr_equal(displaced, &w[1]);
    assert_false(limiter_quit(&l, &o, 0, &w[1]));
    assert_true(limiter_quit(&l, &o, 0, &w[2]));
    assert_int_equal(limiter_view(&l, &o, 0).reason, LIMITER_LATE);
    assert_int_equal(bucket_wait(&l.requests, &o.requests, 0, 2), 0);
}

/* Ten at a time, each for a second, and always somebody who wants in: the queue is long for a second, and then
 * only as long as half of those who are in. */
static void
limiter_keeps_queues_short_in_an_overload_that_lasts(void **state)
{
    struct limiter_options o = {
        .parallel = 10, .queue = 100, .wait_ns = 60 * SECOND, .lasting = 500
    };
    const struct limiter_report done = { .hold_ns = SECOND };
    struct limiter l = { 0 };
    static struct semaphore_waiter w[2000];
    struct semaphore_waiter *displaced;
    struct limiter_refusal no;
    unsigned n = 0, burst = 0, later = 0;
    (void)state;
    for (uint64_t i = 0; i < 200; i++) { /* twenty seconds, one leaves every tenth */
        uint64_t now = 5 * SECOND + i * SECOND / 10;
        if (l.permits.held == 10) {
            limiter_leave(&l, &o, now, &done);
            while (limiter_next(&l, &o, now))
                ;
        }
        for (unsigned k = 0; k < 3; k++, n++) {
            w[n] = (struct semaphore_waiter){ .priority = SEMAPHORE_NORMAL };
            (void)limiter_enter(&l, &o, now, 0, &w[n], &displaced, &no);
        }
        unsigned *most = i < 15 ? &burst : &later;
        if (i < 15 || i > 50)
            *most = l.permits.waiting > *most ? l.permits.waiting : *most;
    }
    assert_true(burst > 15);
    assert_int_equal(later, 5);
    o.lasting = 0;
    for (unsigned k = 0; k < 50; k++, n++) {
        w[n] = (struct semaphore_waiter){ .priority = SEMAPHORE_NORMAL };
        (void)limiter_enter(&l, &o, 30 * SECOND, 0, &w[n], &displaced, &no);
    }
    assert_int_equal(l.permits.waiting, 55);
}

/* What a limiter should know, in the plainest way: each bucket's level, and who is where. */
struct ledger {
    double requests, tokens; /* there now */
    uint64_t at;
    unsigned in, waits;
};

static void
fill_ledger(struct ledger *m, const struct limiter_options *o, uint64_t now)
{
    double minutes = (double)(now - m->at) / (60.0 * SECOND);
    m->requests += minutes * (double)o->requests.per_minute;
    m->tokens += minutes * (double)o->tokens.per_minute;
    m->at = now;
    m->requests = m->requests < (double)o->requests.burst ? m->requests : (double)o->requests.burst;
    m->tokens = m->tokens < (double)o->tokens.burst ? m->tokens : (double)o->tokens.burst;
}

static void
enter_ledger(struct ledger *m, const struct limiter_options *o, struct person *p,
             enum semaphore_answer a, struct semaphore_waiter *displaced)
{
    double cost = (double)p->w.cost;
    double need = cost < (double)o->tokens.burst ? cost : (double)o->tokens.burst;
    if (a == SEMAPHORE_FULL)
        return;
    if (m->requests < 0.999999 || m->tokens < need - 0.000001)
        fail_msg("in with %f requests and %f tokens left, cost %f", m->requests, m->tokens, cost);
    if (displaced) {
        struct person *q = (struct person *)(void *)displaced;
        m->requests += 1;
        m->tokens += (double)q->w.cost;
        q->where = OUT;
        m->waits--;
        fill_ledger(m, o, m->at); /* no more than fits */
    }
    m->requests -= 1;
    m->tokens -= cost;
    p->where = a == SEMAPHORE_IN ? IN : WAITS;
    m->in += a == SEMAPHORE_IN;
    m->waits += a == SEMAPHORE_QUEUED;
}

/* It was in, or waited and does not want to any more. */
static void
leave_ledger(struct ledger *m, struct limiter *l, const struct limiter_options *o, uint64_t now,
             struct person *p, uint64_t used)
{
    if (p->where == IN) {
        const struct limiter_report r = { .guessed = p->w.cost, .used = used, .hold_ns = 5 };
        limiter_leave(l, o, now, &r);
        m->tokens += (double)p->w.cost - (double)used;
        m->in--;
    } else {
        assert_true(limiter_quit(l, o, now, &p->w));
        m->requests += 1;
        m->tokens += (double)p->w.cost;
        m->waits--;
    }
    p->where = OUT;
}

static void
play_limits(uint64_t seed)
{
    struct dice d = { seed };
    struct person v[PEOPLE] = { 0 };
    struct limiter l = { 0 };
    struct limiter_options o = { .requests = { 60 + dice_roll(&d, 6000), 1 + dice_roll(&d, 20) },
                                 .tokens = { 600 + dice_roll(&d, 60000), 100 + dice_roll(&d, 900) },
                                 .parallel = 1 + dice_roll(&d, 4),
                                 .queue = dice_roll(&d, 6),
                                 .wait_ns = SECOND };
    struct ledger m = { (double)o.requests.burst, (double)o.tokens.burst, 0, 0, 0 };
    uint64_t now = 0;
    for (int i = 0; i < 400; i++) {
        struct person *p = &v[dice_roll(&d, PEOPLE)];
        struct semaphore_waiter *next, *displaced = NULL;
        struct limiter_refusal no;
        now += dice_roll(&d, 200) * 1000000;
        fill_ledger(&m, &o, now);
        if (p->where == OUT) {
            uint64_t cost = dice_roll(&d, 400);
            p->w = (struct semaphore_waiter){ .priority = dice_roll(&d, SEMAPHORE_PRIORITIES) };
            enum semaphore_answer a = limiter_enter(&l, &o, now, cost, &p->w, &displaced, &no);
            enter_ledger(&m, &o, p, a, displaced);
        } else if (p->where == IN || p->w.deadline <= now || dice_roll(&d, 2)) {
            leave_ledger(&m, &l, &o, now, p, dice_roll(&d, 400));
        }
        while ((next = limiter_next(&l, &o, now))) {
            ((struct person *)(void *)next)->where = IN;
            m.in++;
            m.waits--;
        }
        fill_ledger(&m, &o, now); /* no more than fits */
        struct limiter_view seen = limiter_view(&l, &o, now);
        if (seen.running != m.in || seen.waiting != m.waits || m.in > o.parallel
            || m.waits > o.queue)
            fail_msg("seed %llu, step %d: %u in, %u wait; want %u and %u", (unsigned long long)seed,
                     i, seen.running, seen.waiting, m.in, m.waits);
        double wait = (1 - m.requests) / (double)o.requests.per_minute * 60.0 * SECOND;
        double got = (double)bucket_wait(&l.requests, &o.requests, now, 1);
        double more = (1 - m.tokens) / (double)o.tokens.per_minute * 60.0 * SECOND;
        double rest = (double)bucket_wait(&l.tokens, &o.tokens, now, 1);
        wait = wait > 0 ? wait : 0;
        more = more > 0 ? more : 0;
        if (got - wait > 1000 || wait - got > 1000 || rest - more > 1000 || more - rest > 1000)
            fail_msg("seed %llu, step %d: waits %f and %f, want %f and %f",
                     (unsigned long long)seed, i, got, rest, wait, more);
    }
    for (unsigned i = 0; i < PEOPLE; i++)
        if (v[i].where != OUT)
            leave_ledger(&m, &l, &o, now, &v[i], 0);
    struct limiter_view seen = limiter_view(&l, &o, now + 3600 * SECOND);
    assert_true(seen.running == 0 && seen.waiting == 0 && seen.reason == LIMITER_FINE);
}

static void
limiter_does_what_its_ledger_does_over_random_schedules(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        play_limits(SEED + i);
}

/* A server that takes 10 ms for up to 20 calls at a time, and longer in proportion beyond that. */
static void
adaptive_limit_settles_near_what_the_server_can_do(void **state)
{
    const struct adaptive_options o = { .least = 2, .most = 1000, .tolerance = 1500 };
    struct adaptive a = { 0 };
    uint64_t now = 0;
    unsigned least = 1000, most = 0;
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        unsigned running = adaptive_limit(&a, &o);
        uint64_t ns = running <= 20 ? 10000000 : (uint64_t)running * 500000;
        now += ns;
        for (unsigned i = 0; i < running; i++)
            adaptive_learn(&a, &o, now, ADAPTIVE_TIMED, ns, running);
        if (round < 200)
            continue;
        least = running < least ? running : least;
        most = running > most ? running : most;
    }
    if (least < 20 || most > 40)
        fail_msg("between %u and %u", least, most);
    for (unsigned i = 0; i < 1000; i++)
        adaptive_learn(&a, &o, now += SECOND, ADAPTIVE_REFUSED, 1, 1);
    assert_int_equal(adaptive_limit(&a, &o), o.least);
}

/* Calls differ: half of them take more than twice what the fastest ones do.  That is no load. */
static void
adaptive_limit_is_not_held_down_by_calls_that_differ(void **state)
{
    const struct adaptive_options o = { .least = 5, .most = 400, .tolerance = 2000 };
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct dice d = { seed };
        struct adaptive a = { 0 };
        uint64_t now = 0;
        for (unsigned i = 0; i < 20000; i++) {
            unsigned running = adaptive_limit(&a, &o);
            uint64_t load = running <= 50 ? 50 : running;
            uint64_t ns = (2000000 + dice_roll(&d, 6000000)) * load / 50;
            now += ns / running;
            adaptive_learn(&a, &o, now, ADAPTIVE_TIMED, ns, running);
        }
        unsigned limit = adaptive_limit(&a, &o);
        if (limit < 50 || limit > 200)
            fail_msg("seed %u: %u", (unsigned)seed, limit);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_holds_a_burst_and_fills_by_the_minute),
        cmocka_unit_test(bucket_holds_no_more_than_somebody_else_has_counted),
        cmocka_unit_test(bucket_changes_its_rate_while_it_runs),
        cmocka_unit_test(bucket_never_gives_more_than_its_rate_over_random_schedules),
        cmocka_unit_test(semaphore_does_what_its_model_does_over_random_schedules),
        cmocka_unit_test(semaphore_starves_nobody),
        cmocka_unit_test(limiter_refuses_with_the_time_to_come_back),
        cmocka_unit_test(limiter_does_what_its_ledger_does_over_random_schedules),
        cmocka_unit_test(limiter_gives_back_what_was_taken_for_those_who_leave_the_queue),
        cmocka_unit_test(limiter_keeps_queues_short_in_an_overload_that_lasts),
        cmocka_unit_test(adaptive_limit_settles_near_what_the_server_can_do),
        cmocka_unit_test(adaptive_limit_is_not_held_down_by_calls_that_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
