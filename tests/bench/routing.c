/* What choosing a deployment costs a request, by strategy: the route, a look at the guards of four deployments, the
 * choice.  What counts is the processor's time, at best of several rounds, as the machine may be shared. */
#include <stdio.h>
#include <time.h>

#include "runtime/route/key.h"
#include "server/gateway/outlook.h"
#include "tools/simulate/gatehouse.h"

#define REQUESTS 100000
#define ROUNDS   5

static const enum route_strategy strategies[] = {
    ROUTE_SIMPLE_SHUFFLE, ROUTE_ROUND_ROBIN,    ROUTE_LEAST_BUSY, ROUTE_LOWEST_LATENCY,
    ROUTE_LOWEST_USAGE,   ROUTE_CACHE_AFFINITY, ROUTE_P2C,
};

static uint64_t
used_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double
measure(const struct gatehouse *house)
{
    const struct gateway *g = &house->gateway;
    struct dice dice = { 1 };
    struct arena a;
    double best = 1e12;
    arena_init(&a, (size_t)1 << 20);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t start = used_ns();
        for (unsigned i = 0; i < REQUESTS; i++) {
            struct outlook o = { .gateway = g, .arena = &a, .stream = true };
            struct route_request q = { .asked = STR("m"), .outlook = outlook_of_guards(&o) };
            struct route r;
            struct candidate c;
            arena_reset(&a);
            q.ask.key = 1 + i;
            if (!route_begin(&r, &g->catalogue, &g->config->routing, &q, &a)
                || !route_next(&r, &dice, &c))
                return 0;
        }
        double each = (double)(used_ns() - start) / REQUESTS;
        best = each < best ? each : best;
    }
    arena_fini(&a);
    return best;
}

static double
measure_key(void)
{
    static const char text[] = "You are a helpful assistant that answers in one sentence. "
                               "Here is what the company that you work for does, and how.";
    struct ir_block system = { .kind = IR_BLOCK_TEXT,
                               .text = { .text = { text, sizeof text - 1 } } };
    struct ir_turn turn = { .role = IR_ROLE_USER, .blocks = { &system, 1, 1 } };
    struct ir_request m = { .instructions = { &system, 1, 1 }, .turns = { &turn, 1, 1 } };
    volatile uint64_t key = 0;
    uint64_t start = used_ns();
    for (unsigned i = 0; i < REQUESTS; i++)
        key = key ^ route_key(&m);
    return (double)(used_ns() - start) / REQUESTS;
}

int
main(void)
{
    for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; i++) {
        struct gatehouse house;
        if (!gatehouse_open(&house, scenario_find("conversations"), strategies[i]))
            return 2;
        printf("| %-16s | %4.0f ns |\n", route_strategy_names[strategies[i]].p, measure(&house));
        gatehouse_close(&house);
    }
    printf("| %-16s | %4.0f ns |\n", "the key", measure_key());
    return 0;
}
