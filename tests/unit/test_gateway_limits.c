/* What workers share: guards, limits and the bells that tell of places.  Run it with SAN=tsan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/gateway/admission.h"
#include "server/gateway/guards.h"
#include "server/gateway/limits.h"

#define THREADS 4u
#define HOLDS   8u
#define STEPS   20000
#define LIMIT   5u
#define SEED    UINT64_C(20240614)

static const struct limiter_options opts = { .parallel = LIMIT,
                                             .queue = 12,
                                             .wait_ns = UINT64_MAX / 4 };

struct stage {
    struct limits *limits;
    struct limited *x;
    atomic_uint in, most;
};

/* A worker with requests of its own. */
struct player {
    struct stage *stage;
    struct bell bell;
    struct limits_hold holds[HOLDS];
    bool in[HOLDS];
    uint64_t seed;
    unsigned entered, displaced;
    pthread_t thread;
};

static void
ring(void *ctx)
{
    (void)ctx;
}

static void
count_in(struct player *p, unsigned i)
{
    unsigned n = atomic_fetch_add(&p->stage->in, 1) + 1, most = atomic_load(&p->stage->most);
    while (n > most && !atomic_compare_exchange_weak(&p->stage->most, &most, n))
        ;
    p->in[i] = true;
    p->entered++;
}

static void
leave(struct player *p, unsigned i)
{
    if (p->in[i])
        atomic_fetch_sub(&p->stage->in, 1);
    p->in[i] = false;
    limits_leave(&p->holds[i], 0, (struct limiter_report){ .sign = ADAPTIVE_NOTHING });
}

static struct player *
player_of(struct limits_hold *h)
{
    return h->ctx;
}

static void
take_notes(struct player *p)
{
    for (struct bell_note *n; (n = bell_take(&p->bell));) {
        struct limits_hold *h = (struct limits_hold *)((char *)n
                                                       - offsetof(struct limits_hold, note));
        unsigned i = (unsigned)(h - player_of(h)->holds);
        if (h->place == LIMITS_IN) {
            count_in(p, i);
        } else {
            p->displaced++;
            leave(p, i);
        }
    }
}

static void
step(struct player *p, struct dice *d)
{
    unsigned i = (unsigned)dice_below(d, HOLDS);
    struct limits_hold *h = &p->holds[i];
    struct limiter_refusal no;
    if (h->limited) {
        leave(p, i);
        return;
    }
    h->note.bell = &p->bell;
    h->ctx = p;
    enum semaphore_priority priority = (enum semaphore_priority)dice_below(d, SEMAPHORE_PRIORITIES);
    if (limits_enter(h, p->stage->x, &opts, 0, 0, priority, &no) == SEMAPHORE_IN)
        count_in(p, i);
}

static void *
play(void *arg)
{
    struct player *p = arg;
    struct dice d;
    dice_init(&d, p->seed);
    for (int n = 0; n < STEPS; n++) {
        take_notes(p);
        step(p, &d);
    }
    for (unsigned i = 0; i < HOLDS; i++)
        leave(p, i);
    /* What was given to this one before its last leave came back with that. */
    take_notes(p);
    return NULL;
}

static void
permits_are_neither_lost_nor_made_among_threads(void **state)
{
    static struct player players[THREADS];
    struct stage stage = { .limits = limits_create() };
    unsigned entered = 0;
    (void)state;
    stage.x = limits_find(stage.limits, LIMITS_MODEL, STR("m"));
    assert_ptr_equal(stage.x, limits_find(stage.limits, LIMITS_MODEL, STR("m")));
    assert_ptr_not_equal(stage.x, limits_find(stage.limits, LIMITS_CLIENT, STR("m")));
    for (unsigned i = 0; i < THREADS; i++) {
        players[i] = (struct player){ .stage = &stage, .seed = SEED + i };
        bell_init(&players[i].bell, ring, NULL);
        assert_int_equal(pthread_create(&players[i].thread, NULL, play, &players[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(players[i].thread, NULL);
        entered += players[i].entered;
        bell_fini(&players[i].bell);
    }
    struct limiter_view v = limits_view(stage.x, &opts, 0);
    assert_int_equal(v.running, 0);
    assert_int_equal(v.waiting, 0);
    assert_int_equal(atomic_load(&stage.in), 0);
    assert_true(atomic_load(&stage.most) <= LIMIT);
    assert_true(entered > 0);
    limits_destroy(stage.limits);
}

/* --- guards -------------------------------------------------------------------------------- */

static const struct guard_options guard_opts = {
    .breaker = { .failures = 3, .open_ns = 50, .open_most_ns = 50, .probes = 1, .successes = 1 },
    .half_life_ns = 1000,
};

struct caller {
    struct guards *guards;
    uint64_t seed;
    uint64_t calls;
    pthread_t thread;
};

static void *
call(void *arg)
{
    static const char *const models[] = { "a", "b", "c" };
    static const struct config_provider config = { .name = STR_INIT("d") };
    static const struct deployment deployment = { .config = &config,
                                                  .account = STR_INIT("d https://x 1") };
    struct caller *c = arg;
    struct dice d;
    dice_init(&d, c->seed);
    for (uint64_t now = 0; now < STEPS; now++) {
        struct guarded *x = guards_find(c->guards, &deployment,
                                        str_from(models[dice_below(&d, 3)]));
        struct guard_report r = { .fault = dice_below(&d, 2) ? IR_FAULT_INTERNAL : IR_FAULT_UNSET,
                                  .whole_ns = 10 };
        uint64_t ticket;
        guarded_view(x, &guard_opts, now);
        if (!guarded_begin(x, &guard_opts, now, &ticket, NULL))
            continue;
        guarded_done(x, &guard_opts, now, ticket, &r);
        c->calls++;
    }
    return NULL;
}

struct sum {
    uint64_t requests;
    unsigned running, n;
};

static void
add(void *ctx, struct guarded *x)
{
    struct sum *s = ctx;
    struct guard_view v = guarded_view(x, &guard_opts, STEPS);
    assert_true(str_is(guarded_name(x)->deployment, "d"));
    s->requests += v.requests;
    s->running += v.running;
    s->n++;
}

static void
on_changed(void *ctx, const struct guarded_name *name, enum breaker_state from,
           enum breaker_state to)
{
    assert_int_not_equal(from, to);
    assert_int_equal(name->model.n, 1);
    atomic_fetch_add((atomic_uint *)ctx, 1);
}

static void
guards_count_every_call_of_all_threads(void **state)
{
    struct caller callers[THREADS];
    struct sum sum = { 0 };
    atomic_uint changes = 0;
    uint64_t calls = 0;
    struct guards *g = guards_create();
    (void)state;
    assert_true(guards_watch(g, &(struct guards_watch){ on_changed, &changes }));
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){ .guards = g, .seed = SEED + i };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        calls += callers[i].calls;
    }
    guards_each(g, add, &sum);
    assert_int_equal(sum.n, 3);
    assert_int_equal(sum.running, 0);
    assert_int_equal(sum.requests, calls);
    assert_true(atomic_load(&changes) > 0);
    guards_destroy(g);
}

static void
buckets_hold_no_more_than_the_provider_has_left(void **state)
{
    const struct limiter_options o = { .requests = { 600, 100 }, .tokens = { 6000, 1000 } };
    const struct guard_quota q = { .requests = { true, 1 }, .tokens = { true, 50 } };
    struct limits *l = limits_create();
    struct limited *x = limits_find(l, LIMITS_DEPLOYMENT, STR("a"));
    struct limits_hold h[3] = { { .place = LIMITS_OUT } };
    struct limiter_refusal no;
    (void)state;
    limits_learn(&h[0], 0, &q); /* it has no place */
    assert_int_equal(limits_enter(&h[0], x, &o, 0, 10, SEMAPHORE_NORMAL, &no), SEMAPHORE_IN);
    limits_learn(&h[0], 0, &q);
    assert_int_equal(limits_enter(&h[1], x, &o, 0, 51, SEMAPHORE_NORMAL, &no), SEMAPHORE_FULL);
    assert_int_equal(no.reason, LIMITER_TOKENS);
    assert_int_equal(limits_enter(&h[1], x, &o, 0, 10, SEMAPHORE_NORMAL, &no), SEMAPHORE_IN);
    assert_int_equal(limits_enter(&h[2], x, &o, 0, 10, SEMAPHORE_NORMAL, &no), SEMAPHORE_FULL);
    assert_int_equal(no.reason, LIMITER_REQUESTS);
    for (unsigned i = 0; i < 3; i++)
        limits_leave(&h[i], 0, (struct limiter_report){ .sign = ADAPTIVE_NOTHING });
    limits_destroy(l);
}

/* Clients cannot use up the room for what the operator has named, nor for each other. */
static void
names_that_clients_make_up_leave_room_for_all_others(void **state)
{
    static const enum limits_kind made_up[] = { LIMITS_MODEL, LIMITS_CLIENT };
    (void)state;
    for (size_t k = 0; k < sizeof made_up / sizeof made_up[0]; k++) {
        struct limits *l = limits_create();
        struct limited *last = NULL;
        char name[16];
        assert_non_null(l);
        for (unsigned i = 0; i < 20000; i++) {
            int n = snprintf(name, sizeof name, "n%u", i);
            last = limits_find(l, made_up[k], str_make(name, (size_t)n));
            assert_non_null(last);
        }
        assert_ptr_equal(last, limits_find(l, made_up[k], STR("another")));
        assert_ptr_not_equal(last, limits_find(l, made_up[k], STR("n0"))); /* it was there before */
        struct limited *client = limits_find(l, LIMITS_CLIENT, STR("a client")),
                       *model = limits_find(l, LIMITS_MODEL, STR("a model")),
                       *deployment = limits_find(l, LIMITS_DEPLOYMENT, STR("a deployment"));
        assert_true(client && model && deployment);
        assert_ptr_not_equal(client, model);
        assert_ptr_not_equal(deployment, limits_find(l, LIMITS_DEPLOYMENT, STR("another one")));
        limits_destroy(l);
    }
}

static void
hedges_keep_to_their_share_of_calls_and_of_tokens(void **state)
{
    const struct hedge_options hedge = { .permille = 50, .quantile = 950 };
    const struct budget_options retries = { .floor = 1, .window_ns = UINT64_C(60000000000) };
    const struct budget_options cap = hedge_budget(&hedge);
    const struct rival_rates o = { &retries, &hedge };
    struct limits *l = limits_create();
    struct limited *x = limits_find(l, LIMITS_MODEL, STR("m"));
    (void)state;
    assert_false(limits_affords(x, &o, RIVAL_HEDGE, 0, 1));
    for (unsigned i = 0; i < 100; i++)
        limits_count_hedge(x, &cap, 0, 10); /* room for 5 hedges, and for 50 tokens */
    assert_false(limits_affords(x, &o, RIVAL_HEDGE, 0, 51));
    assert_true(limits_affords(x, &o, RIVAL_HEDGE, 0, 50)); /* who only asks takes nothing */
    limits_book(x, &o, RIVAL_HEDGE, 0, 40);
    assert_false(limits_affords(x, &o, RIVAL_HEDGE, 0, 11));
    for (unsigned i = 0; i < 4; i++) {
        assert_true(limits_affords(x, &o, RIVAL_HEDGE, 0, 1));
        limits_book(x, &o, RIVAL_HEDGE, 0, 1);
    }
    assert_false(limits_affords(x, &o, RIVAL_HEDGE, 0, 1));
    assert_true(limits_affords(NULL, &o, RIVAL_HEDGE, 0, 1));
    assert_true(limits_affords(x, &o, RIVAL_SILENCE, 0, 1)); /* a purse of its own */
    limits_book(x, &o, RIVAL_SILENCE, 0, 1);
    assert_false(limits_affords(x, &o, RIVAL_SILENCE, 0, 1));
    assert_false(limits_spend_retry(x, &retries, 0));
    assert_true(limits_affords(x, &o, RIVAL_PROBE, 0, 1));
    limits_destroy(l);
}

/* A client that asks too much hears so; that the gateway or a provider is full is not its fault. */
static void
refusals_say_whose_limit_it_is(void **state)
{
    static const struct {
        enum limits_kind kind;
        enum limiter_reason reason;
        enum ir_fault fault;
        const char *who, *message;
    } rows[] = {
        { LIMITS_GATEWAY, LIMITER_REQUESTS, IR_FAULT_RATE, "",
          "gateway: too many requests a minute" },
        { LIMITS_GATEWAY, LIMITER_LATE, IR_FAULT_OVERLOADED, "",
          "gateway: too many requests at a time" },
        { LIMITS_CLIENT, LIMITER_TOKENS, IR_FAULT_RATE, "", "client: too many tokens a minute" },
        { LIMITS_CLIENT, LIMITER_FULL, IR_FAULT_RATE, "",
          "client: too many requests at a time, and too many wait" },
        { LIMITS_MODEL, LIMITER_LATE, IR_FAULT_RATE, "m", "model m: too many requests at a time" },
        { LIMITS_DEPLOYMENT, LIMITER_FULL, IR_FAULT_OVERLOADED, "east",
          "deployment east: too many requests at a time, and too many wait" },
        { LIMITS_DEPLOYMENT, LIMITER_TOKENS, IR_FAULT_RATE, "east",
          "deployment east: too many tokens a minute" },
    };
    struct arena a;
    (void)state;
    arena_init(&a, 65536);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct limiter_refusal no = { rows[i].reason, UINT64_C(1000000001) };
        struct ir_error e = admission_error(rows[i].kind, &no, str_from(rows[i].who), &a);
        if (!e.set || e.kind != rows[i].fault || !str_is(e.message, rows[i].message))
            fail_msg("row %zu: %.*s", i, STR_ARG(e.message));
        assert_int_equal(e.retry_after.v, 2); /* not before */
    }
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_are_neither_lost_nor_made_among_threads),
        cmocka_unit_test(guards_count_every_call_of_all_threads),
        cmocka_unit_test(refusals_say_whose_limit_it_is),
        cmocka_unit_test(names_that_clients_make_up_leave_room_for_all_others),
        cmocka_unit_test(hedges_keep_to_their_share_of_calls_and_of_tokens),
        cmocka_unit_test(buckets_hold_no_more_than_the_provider_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
