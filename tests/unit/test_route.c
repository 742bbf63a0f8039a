/* Strategies: what each chooses from what is known of the candidates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/route/key.h"
#include "runtime/route/memory.h"
#include "runtime/route/strategy.h"

enum { N = 4, REQUESTS = 10000 };

/* n candidates that are ready and of which nothing is known. */
static void
make(struct route_view *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        v[i] = (struct route_view){
            .offer = i, .identity = UINT64_C(77777) * (i + 1), .share = 1, .tier = 1
        };
}

/* How often each is chosen; nothing changes in between but the turn and the key. */
static void
count(enum route_strategy s, const struct route_view *v, unsigned n, unsigned *hits)
{
    struct dice dice;
    dice_init(&dice, 4711);
    for (unsigned i = 0; i < n; i++)
        hits[i] = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        const struct route_ask ask = {
            .turn = i, .key = dice_next(&dice), .tokens_in = 1000, .tokens_out = 100
        };
        hits[route_choose(s, v, n, &ask, &dice)]++;
    }
}

/* The one that is always chosen; fails when that is not always the same one. */
static unsigned
always(enum route_strategy s, const struct route_view *v, unsigned n)
{
    unsigned hits[N];
    count(s, v, n, hits);
    for (unsigned i = 0; i < n; i++)
        if (hits[i] == REQUESTS)
            return i;
    fail_msg("%s: %u %u", route_strategy_names[s].p, hits[0], hits[1]);
    return n;
}

static void
shares_are_kept_within_five_percent(void **state)
{
    static const enum route_strategy fair[] = { ROUTE_SIMPLE_SHUFFLE, ROUTE_ROUND_ROBIN,
                                                ROUTE_LEAST_BUSY,     ROUTE_LOWEST_USAGE,
                                                ROUTE_PRIORITY,       ROUTE_TAG,
                                                ROUTE_LOWEST_COST,    ROUTE_LOWEST_LATENCY,
                                                ROUTE_CACHE_AFFINITY };
    static const double shares[][N] = {
        { 1, 1, 1, 1 }, { 3, 1, 2, 4 }, { 600, 300, 300, 1200 }, { 7, 7, 7, 7 }, { 1, 1, 1, 9 }
    };
    struct route_view v[N];
    unsigned hits[N];
    (void)state;
    for (size_t s = 0; s < sizeof fair / sizeof *fair; s++)
        for (size_t k = 0; k < sizeof shares / sizeof *shares; k++) {
            double sum = 0;
            make(v, N);
            for (unsigned i = 0; i < N; i++)
                sum += v[i].share = shares[k][i];
            count(fair[s], v, N, hits);
            for (unsigned i = 0; i < N; i++) {
                double want = REQUESTS * shares[k][i] / sum;
                if (hits[i] < want * 0.95 || hits[i] > want * 1.05)
                    fail_msg("%s: %u of %.0f", route_strategy_names[fair[s]].p, hits[i], want);
            }
        }
}

static void
a_round_gives_everybody_exactly_his_share(void **state)
{
    static const double shares[N] = { 4, 1, 2, 3 };
    struct route_view v[N];
    struct dice dice = { 1 };
    unsigned hits[N] = { 0 }, row = 0, last = N;
    (void)state;
    make(v, N);
    for (unsigned i = 0; i < N; i++)
        v[i].share = shares[i] * 100;
    for (unsigned turn = 0; turn < 10; turn++) {
        const struct route_ask ask = { .turn = 1000 + turn };
        unsigned got = route_choose(ROUTE_ROUND_ROBIN, v, N, &ask, &dice);
        hits[got]++;
        row = got == last ? row + 1 : 1;
        last = got;
        assert_true(row <= 2); /* not all of a share at once */
    }
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(hits[i], (unsigned)shares[i]);
}

static void
who_has_least_to_do_for_his_share_is_chosen(void **state)
{
    struct route_view v[N];
    (void)state;
    make(v, N);
    for (unsigned i = 0; i < N; i++)
        v[i].in_flight = 3;
    v[2].in_flight = 2;
    assert_int_equal(always(ROUTE_LEAST_BUSY, v, N), 2);
    v[1].share = 2;
    assert_int_equal(always(ROUTE_LEAST_BUSY, v, N), 1);
}

/* Is this one chosen nearly always? */
static bool
mostly(enum route_strategy s, const struct route_view *v, unsigned n, unsigned which)
{
    unsigned hits[N];
    count(s, v, n, hits);
    return hits[which] > REQUESTS * 9 / 10;
}

static void
the_fastest_is_chosen_unless_it_carries_far_more_than_the_others(void **state)
{
    struct route_view v[N];
    (void)state;
    make(v, N);
    for (unsigned i = 0; i < N; i++)
        v[i].latency = 1 + i;
    assert_true(mostly(ROUTE_LOWEST_LATENCY, v, N, 0));
    v[0].in_flight = 1;
    assert_true(mostly(ROUTE_LOWEST_LATENCY, v, N, 0));
    v[0].in_flight = 100; /* twice as fast, but four times the load */
    assert_true(mostly(ROUTE_LOWEST_LATENCY, v, N, 1));
    v[0].latency = 0.01;
    assert_int_equal(always(ROUTE_LOWEST_LATENCY, v, N), 0);
}

static void
a_little_faster_is_a_little_more(void **state)
{
    struct route_view v[2];
    unsigned hits[2];
    (void)state;
    make(v, 2);
    v[0].latency = 1;
    v[1].latency = 1.1;
    count(ROUTE_LOWEST_LATENCY, v, 2, hits);
    assert_in_range(hits[1], REQUESTS * 25 / 100, REQUESTS * 40 / 100);
}

static void
old_news_is_looked_after_now_and_then(void **state)
{
    struct route_view v[N];
    unsigned hits[N];
    (void)state;
    make(v, N);
    for (unsigned i = 0; i < N; i++)
        v[i].latency = i == 0 ? 1 : 10;
    v[3].silent_for = 60;
    v[2].silent_for = 40;
    count(ROUTE_LOWEST_LATENCY, v, N, hits);
    assert_in_range(hits[3], REQUESTS / 64, REQUESTS / 16);
    assert_true(hits[0] + hits[3] > REQUESTS - 5);
    v[3].in_flight = 1; /* somebody looks already */
    count(ROUTE_LOWEST_LATENCY, v, N, hits);
    assert_true(hits[3] < 5);
    assert_in_range(hits[2], REQUESTS / 64, REQUESTS / 16);
}

static void
the_cheapest_for_this_request_is_chosen(void **state)
{
    struct route_view v[N];
    (void)state;
    make(v, N); /* 1000 tokens in, 100 out */
    v[0] = (struct route_view){ .share = 1, .priced = true, .price_in = 1, .price_out = 30 };
    v[1] = (struct route_view){ .share = 1, .priced = true, .price_in = 3, .price_out = 5 };
    assert_int_equal(always(ROUTE_LOWEST_COST, v, 2), 1);
    v[0].price_out = 20;
    assert_int_equal(always(ROUTE_LOWEST_COST, v, 2), 0);
    assert_int_equal(always(ROUTE_LOWEST_COST, v, N), 0); /* others have no price */
    v[1] = v[0];
    v[0].in_flight = 1;
    assert_int_equal(always(ROUTE_LOWEST_COST, v, N), 1);
}

static void
who_has_most_of_his_minute_left_is_chosen(void **state)
{
    struct route_view v[2];
    (void)state;
    make(v, 2);
    v[0].rpm = 100, v[0].requests = 50;
    v[1].rpm = 1000, v[1].requests = 400;
    assert_int_equal(always(ROUTE_LOWEST_USAGE, v, 2), 1);
    v[1].tpm = 1000, v[1].tokens = 600;
    assert_int_equal(always(ROUTE_LOWEST_USAGE, v, 2), 0);
    make(v, 2);
    v[0].requests = v[1].requests = 10;
    v[0].tokens = 1000, v[1].tokens = 900;
    assert_int_equal(always(ROUTE_LOWEST_USAGE, v, 2), 1);
    v[1].in_flight = 5; /* whose tokens are not known yet */
    assert_int_equal(always(ROUTE_LOWEST_USAGE, v, 2), 0);
}

static void
the_better_of_two_is_never_the_worst(void **state)
{
    struct route_view v[N];
    unsigned hits[N];
    (void)state;
    make(v, N);
    for (unsigned i = 0; i < N; i++)
        v[i].latency = 1 + i;
    count(ROUTE_P2C, v, N, hits);
    assert_int_equal(hits[N - 1], 0);
    assert_true(hits[0] > hits[1] && hits[1] > hits[2] && hits[2] > 0);
    v[0].in_flight = 9;
    count(ROUTE_P2C, v, N, hits);
    assert_int_equal(hits[0], 0);
}

static void
a_conversation_stays_and_moves_only_when_its_home_is_gone(void **state)
{
    struct route_view v[N], less[N - 1];
    struct dice dice = { 5 };
    unsigned moved = 0;
    (void)state;
    make(v, N);
    make(less, N - 1);
    for (unsigned i = 0; i < REQUESTS; i++) {
        const struct route_ask ask = { .key = dice_next(&dice) };
        unsigned home = route_choose(ROUTE_CACHE_AFFINITY, v, N, &ask, &dice);
        assert_int_equal(route_choose(ROUTE_CACHE_AFFINITY, v, N, &ask, &dice), home);
        unsigned next = route_choose(ROUTE_CACHE_AFFINITY, less, N - 1, &ask, &dice);
        if (home < N - 1)
            assert_int_equal(next, home);
        moved += home == N - 1;
    }
    assert_in_range(moved, REQUESTS / N * 95 / 100, REQUESTS / N * 105 / 100);
}

static void
no_home_carries_far_more_than_its_share(void **state)
{
    struct route_view v[N];
    struct dice dice = { 5 };
    const struct route_ask ask = { .key = 12345 }; /* all want the same home */
    (void)state;
    make(v, N);
    for (unsigned i = 0; i < 4000; i++)
        v[route_choose(ROUTE_CACHE_AFFINITY, v, N, &ask, &dice)].in_flight++;
    for (unsigned i = 0; i < N; i++)
        assert_true(v[i].in_flight <= 1000 * 1.25 + 5);
}

/* The candidates that take part, as letters. */
static const char *
admitted(struct route_view *v, unsigned n)
{
    static char out[8];
    unsigned kept = route_admit(v, n);
    for (unsigned i = 0; i < kept; i++)
        out[i] = (char)('a' + v[i].offer);
    out[kept] = '\0';
    return out;
}

static void
tags_then_health_then_account_then_tier_decide_who_takes_part(void **state)
{
    static const struct {
        const char *want;
        struct {
            enum route_tags tags;
            enum route_standing standing;
            bool bound;
            unsigned tier;
        } v[3];
    } rows[] = {
        { "abc", { { .tier = 1 }, { .tier = 1 }, { .tier = 1 } } },
        { "b", { { .tier = 2 }, { .tier = 1 }, { .tier = 3 } } },
        { "bc", { { .tier = 2 }, { .tier = 1 }, { .tier = 1 } } },
        { "a", { { .tier = 2 }, { .standing = ROUTE_SHUT, .tier = 1 }, { .tier = 3 } } },
        { "a", { { .tier = 2 }, { .standing = ROUTE_RESTING, .tier = 1 }, { .tier = 3 } } },
        { "b",
          { { .standing = ROUTE_SHUT, .tier = 1 },
            { .standing = ROUTE_RESTING, .tier = 2 },
            { .tags = ROUTE_FOREIGN, .tier = 1 } } },
        { "c", { { .tier = 1 }, { .tier = 1 }, { .bound = true, .tier = 5 } } },
        { "ab",
          { { .tier = 1 },
            { .tier = 1 },
            { .standing = ROUTE_RESTING, .bound = true, .tier = 1 } } },
        { "b",
          { { .tier = 1 },
            { .tags = ROUTE_MATCHING, .standing = ROUTE_RESTING, .tier = 3 },
            { .bound = true, .tier = 1 } } },
        { "",
          { { .tags = ROUTE_FOREIGN, .tier = 1 },
            { .standing = ROUTE_SHUT, .tier = 1 },
            { .standing = ROUTE_SHUT, .bound = true } } },
    };
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct route_view v[3];
        make(v, 3);
        for (unsigned i = 0; i < 3; i++) {
            v[i].tags = rows[r].v[i].tags;
            v[i].standing = rows[r].v[i].standing;
            v[i].bound = rows[r].v[i].bound;
            v[i].tier = rows[r].v[i].tier;
        }
        assert_string_equal(admitted(v, 3), rows[r].want);
    }
}

/* Deployments with a latency that grows with what runs there; requests come at an even pace. */
struct world {
    struct route_view v[N];
    double base[N];            /* seconds, of a lone request */
    double grows;              /* by so much of that with each other one */
    double ends[N][REQUESTS];  /* of what runs */
    unsigned hits[N], most[N]; /* requests, and how many ran there at most */
};

static void
world_ask(struct world *w, enum route_strategy s, double now, struct dice *dice)
{
    const struct route_ask ask = { .turn = 0 };
    for (unsigned i = 0; i < N; i++) {
        struct route_view *v = &w->v[i];
        for (unsigned k = 0; k < v->in_flight; k++)
            if (w->ends[i][k] <= now) {
                double took = w->base[i] * (1 + w->grows * v->in_flight);
                v->latency = v->latency > 0 ? v->latency * 0.8 + took * 0.2 : took;
                w->ends[i][k--] = w->ends[i][--v->in_flight];
            }
    }
    unsigned to = route_choose(s, w->v, N, &ask, dice);
    struct route_view *v = &w->v[to];
    double jitter = 0.8 + 0.4 * dice_unit(dice);
    w->ends[to][v->in_flight] = now + w->base[to] * jitter * (1 + w->grows * v->in_flight);
    v->in_flight++;
    w->hits[to]++;
    w->most[to] = v->in_flight > w->most[to] ? v->in_flight : w->most[to];
}

static void
the_fastest_is_found_within_fifty_requests(void **state)
{
    static struct world w;
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct dice dice;
        unsigned before;
        w = (struct world){ .base = { 2, 2, 0.2, 2 } };
        make(w.v, N);
        dice_init(&dice, seed * 991);
        double now = 0;
        for (unsigned i = 0; i < 50; i++)
            world_ask(&w, ROUTE_LOWEST_LATENCY, now += 0.2, &dice);
        before = w.hits[2];
        for (unsigned i = 0; i < 100; i++)
            world_ask(&w, ROUTE_LOWEST_LATENCY, now += 0.2, &dice);
        assert_true(w.hits[2] - before >= 98);
    }
}

static void
equals_share_the_load_and_nobody_is_run_over(void **state)
{
    static const enum route_strategy s[] = { ROUTE_LOWEST_LATENCY, ROUTE_P2C, ROUTE_LEAST_BUSY };
    static struct world w;
    (void)state;
    for (size_t k = 0; k < sizeof s / sizeof *s; k++) {
        struct dice dice = { 99 };
        w = (struct world){ .base = { 0.5, 0.5, 0.5, 0.5 }, .grows = 0.05 };
        make(w.v, N);
        double now = 0;
        for (unsigned i = 0; i < REQUESTS; i++) /* 80 a second: some 11 run at each */
            world_ask(&w, s[k], now += 1 / 80.0, &dice);
        for (unsigned i = 0; i < N; i++) {
            assert_in_range(w.hits[i], REQUESTS / N * 9 / 10, REQUESTS / N * 11 / 10);
            assert_true(w.most[i] <= 36);
        }
    }
}

static struct ir_block
text(const char *s)
{
    return (struct ir_block){ .kind = IR_BLOCK_TEXT, .text = { .text = str_from(s) } };
}

static void
a_key_is_of_what_the_conversation_began_with(void **state)
{
    struct ir_block system = text("Be kind."), hello = text("Hello!"), hi = text("Hi."),
                    more = text("And now?");
    struct ir_turn turns[] = { { .role = IR_ROLE_USER, .blocks = { &hello, 1, 1 } },
                               { .role = IR_ROLE_ASSISTANT, .blocks = { &hi, 1, 1 } },
                               { .role = IR_ROLE_USER, .blocks = { &more, 1, 1 } } };
    struct ir_request m = { .instructions = { &system, 1, 1 }, .turns = { turns, 1, 3 } };
    (void)state;
    uint64_t first = route_key(&m);
    assert_true(first != 0);
    m.turns.n = 3;
    assert_true(route_key(&m) == first);
    hello.text.text = STR("Hello?");
    assert_true(route_key(&m) != first);
    hello.text.text = STR("Hello!");
    system.text.text = STR("Be rude.");
    assert_true(route_key(&m) != first);
    m.cache_key = STR("k");
    uint64_t keyed = route_key(&m);
    system.text.text = STR("Be kind.");
    assert_true(route_key(&m) == keyed);
    m.user = STR("somebody");
    assert_true(route_key(&m) != keyed);
    assert_true(route_key_of(STR("a")) != route_key_of(STR("b")));
}

static void
a_memory_knows_the_newest_and_takes_nobody_for_another(void **state)
{
    static struct route_memory m;
    (void)state;
    uint64_t key = UINT64_C(0x123456789abcdef0), other = key ^ UINT64_C(1) << 40; /* one slot */
    assert_int_equal(route_memory_get(&m, key), 0);
    route_memory_put(&m, key, 77);
    assert_int_equal(route_memory_get(&m, key), route_memory_id(77));
    assert_int_equal(route_memory_get(&m, other), 0);
    route_memory_put(&m, key, UINT64_C(1) << 32);
    assert_int_equal(route_memory_get(&m, key), route_memory_id(UINT64_C(1) << 32));
    assert_true(route_memory_id(0) != 0);
    route_memory_put(&m, other, 5);
    assert_int_equal(route_memory_get(&m, key), 0); /* forgotten */
    assert_int_equal(route_memory_get(&m, other), 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_kept_within_five_percent),
        cmocka_unit_test(a_round_gives_everybody_exactly_his_share),
        cmocka_unit_test(who_has_least_to_do_for_his_share_is_chosen),
        cmocka_unit_test(the_fastest_is_chosen_unless_it_carries_far_more_than_the_others),
        cmocka_unit_test(a_little_faster_is_a_little_more),
        cmocka_unit_test(old_news_is_looked_after_now_and_then),
        cmocka_unit_test(the_cheapest_for_this_request_is_chosen),
        cmocka_unit_test(who_has_most_of_his_minute_left_is_chosen),
        cmocka_unit_test(the_better_of_two_is_never_the_worst),
        cmocka_unit_test(a_conversation_stays_and_moves_only_when_its_home_is_gone),
        cmocka_unit_test(no_home_carries_far_more_than_its_share),
        cmocka_unit_test(tags_then_health_then_account_then_tier_decide_who_takes_part),
        cmocka_unit_test(the_fastest_is_found_within_fifty_requests),
        cmocka_unit_test(equals_share_the_load_and_nobody_is_run_over),
        cmocka_unit_test(a_memory_knows_the_newest_and_takes_nobody_for_another),
        cmocka_unit_test(a_key_is_of_what_the_conversation_began_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
