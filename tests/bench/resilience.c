/* What the resilience layer costs a request: every lock, look-up and decision of one that meets all limits there are,
 * three deployments to choose among, a head that speaks of the limits of the provider, and no failure.  Nothing of it
 * happens for a token.
 *
 *   resilience [MOST]      print ns a request, alone and with threads that want the same; exit code 1 when it is
 *                          above MOST ns alone (1500)
 *
 * The best of several rounds counts, as on a shared machine it is the one least disturbed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/xd/registry.h"
#include "server/gateway/allowance.h"
#include "server/gateway/clock.h"
#include "server/gateway/guards.h"
#include "server/gateway/restraint.h"

#define REQUESTS    200000
#define ROUNDS      5
#define THREADS     2
#define DEPLOYMENTS 3
#define MS          ((uint64_t)1000 * 1000)

static const struct guard_options guard_options = {
    .breaker = { .failures = 5,
                 .open_ns = 5000 * MS,
                 .open_most_ns = 60000 * MS,
                 .probes = 1,
                 .successes = 2 },
    .cooldown = { .ns = 5000 * MS,
                  .most_ns = 600000 * MS,
                  .permille = 500,
                  .requests = 5,
                  .window_ns = 60000 * MS },
    .silence = { .calls = 3, .least_ns = 1000 * MS },
    .half_life_ns = 10000 * MS,
};
static const struct limiter_options limits = {
    .requests = { 100000000, 100000000 },
    .tokens = { 100000000, 100000000 },
    .queue = 100,
    .wait_ns = 1000 * MS,
    .adapts = true,
    .adaptive = { 100, 1000, 2000 },
};
static const struct budget_options retries = { 100, 10, 10000 * MS };
static const struct hedge_options hedge = { 50, 950, 10 * MS };

static const struct config_provider configs[DEPLOYMENTS] = {
    { .name = STR_INIT("first") },
    { .name = STR_INIT("second") },
    { .name = STR_INIT("third") },
};
static const struct deployment deployments[DEPLOYMENTS] = {
    { .config = &configs[0], .account = STR_INIT("first https://api.first.example/v1 0123abcd") },
    { .config = &configs[1], .account = STR_INIT("second https://api.second.example/v1 0123abcd") },
    { .config = &configs[2], .account = STR_INIT("third https://api.third.example/v1 0123abcd") },
};

/* What is found when a config is read (guarding_prepare). */
struct known {
    struct guarded *guarded[DEPLOYMENTS];
    struct limited *gateway, *deployment[DEPLOYMENTS];
    const struct xd_dialect *dialect; /* of all */
};

struct worker {
    const struct known *known;
    struct limits *limits;
    struct bell bell;
    pthread_t thread;
    uint64_t held; /* so that nothing can be left out */
};

/* A head as providers send it: what they say of limits is among much else. */
static const struct upstream_header headers[] = {
    { STR_INIT("date"), STR_INIT("Mon, 23 Nov 2026 10:00:00 GMT") },
    { STR_INIT("content-type"), STR_INIT("application/json") },
    { STR_INIT("transfer-encoding"), STR_INIT("chunked") },
    { STR_INIT("connection"), STR_INIT("keep-alive") },
    { STR_INIT("access-control-expose-headers"), STR_INIT("x-request-id") },
    { STR_INIT("processing-ms"), STR_INIT("371") },
    { STR_INIT("version"), STR_INIT("2020-10-01") },
    { STR_INIT("x-ratelimit-limit-requests"), STR_INIT("10000") },
    { STR_INIT("x-ratelimit-limit-tokens"), STR_INIT("30000000") },
    { STR_INIT("x-ratelimit-remaining-requests"), STR_INIT("9999") },
    { STR_INIT("x-ratelimit-remaining-tokens"), STR_INIT("29999965") },
    { STR_INIT("x-ratelimit-reset-requests"), STR_INIT("6ms") },
    { STR_INIT("x-ratelimit-reset-tokens"), STR_INIT("0s") },
    { STR_INIT("x-request-id"), STR_INIT("req_0123456789abcdef") },
    { STR_INIT("strict-transport-security"), STR_INIT("max-age=31536000") },
    { STR_INIT("server"), STR_INIT("edge") },
};
static const struct upstream_head head = { 200, headers, sizeof headers / sizeof headers[0] };

static void
ring(void *ctx)
{
    (void)ctx;
}

/* The order of server/gateway/pursuit.c; the calls are the product's, their order is not, so keep it like that one. */
static void
request(struct worker *w, unsigned number)
{
    const struct known *k = w->known;
    struct limits_hold holds[LIMITS_DEPLOYMENT + 1] = { 0 };
    const struct rival_rates rates = { &retries, &hedge };
    struct limiter_refusal no;
    struct budget_options hedges = hedge_budget(&hedge);
    unsigned chosen = number % DEPLOYMENTS;
    struct limited *model = limits_find(w->limits, LIMITS_MODEL, STR("model-one"));
    struct limited *client = limits_find(w->limits, LIMITS_CLIENT, STR("key 0123456789abcdef"));
    struct limited *places[] = { k->gateway, client, model, k->deployment[chosen] };
    struct guarded *x = k->guarded[chosen];
    uint64_t now = clock_ns(), ticket;

    for (unsigned i = 0; i <= LIMITS_DEPLOYMENT; i++) {
        holds[i].note.bell = &w->bell;
        limits_enter(&holds[i], places[i], &limits, now, 100, SEMAPHORE_NORMAL, &no);
    }
    limits_count_retry(model, &retries, now);
    limits_count_hedge(model, &hedges, now, 100);
    for (unsigned i = 0; i < DEPLOYMENTS; i++) {
        struct guard_view v = guarded_view(k->guarded[i], &guard_options, now);
        w->held += v.running + limits_view(k->deployment[i], &limits, now).running;
    }
    guarded_begin(x, &guard_options, now, &ticket, NULL);
    w->held += guarded_rival(x, &hedge, false).after_ns & 1;
    now = clock_ns();
    /* It has waited long enough to be looked at, and for a hedge that it cannot afford. */
    w->held += guarded_has_lost(x, &guard_options, now, now);
    w->held += limits_affords(model, &rates, RIVAL_HEDGE, now, 100);
    struct allowance said;
    allowance_read(&said, k->dialect, &head, clock_wall_us);
    guarded_first(x, &guard_options, now, 20 * MS, &said.quota);
    limits_learn(&holds[LIMITS_DEPLOYMENT], now, &said.quota);
    now = clock_ns();
    const struct guard_report report = { .status = 200, .whole_ns = 100 * MS, .tokens = 500 };
    guarded_done(x, &guard_options, now, ticket, &report);
    for (unsigned i = 0; i <= LIMITS_DEPLOYMENT; i++)
        limits_leave(
            &holds[i], now,
            (struct limiter_report){ .used = 500, .sign = ADAPTIVE_TIMED, .sign_ns = 20 * MS });
}

static void *
run(void *arg)
{
    for (unsigned i = 0; i < REQUESTS; i++)
        request(arg, i);
    return NULL;
}

/* ns a request of each thread, at best. */
static double
measure(const struct known *k, struct limits *l, unsigned n)
{
    struct worker workers[THREADS];
    double best = 1e12;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t start = clock_ns();
        for (unsigned i = 0; i < n; i++) {
            workers[i] = (struct worker){ .known = k, .limits = l };
            bell_init(&workers[i].bell, ring, NULL);
            if (pthread_create(&workers[i].thread, NULL, run, &workers[i]))
                exit(2);
        }
        for (unsigned i = 0; i < n; i++) {
            pthread_join(workers[i].thread, NULL);
            bell_fini(&workers[i].bell);
        }
        double each = (double)(clock_ns() - start) / REQUESTS;
        best = each < best ? each : best;
    }
    return best;
}

int
main(int argc, char **argv)
{
    double most = argc > 1 ? strtod(argv[1], NULL) : 1500;
    struct guards *guards = guards_create();
    struct limits *l = limits_create();

    if (!guards || !l)
        return 2;
    struct known k = { .gateway = limits_find(l, LIMITS_GATEWAY, STR("")),
                       .dialect = xd_find(STR("openai.chat")) };
    for (unsigned i = 0; i < DEPLOYMENTS; i++) {
        k.guarded[i] = guards_find(guards, &deployments[i], STR("model-one"));
        k.deployment[i] = limits_find(l, LIMITS_DEPLOYMENT, deployments[i].account);
    }
    double alone = measure(&k, l, 1), together = measure(&k, l, THREADS);
    printf("| the resilience layer, a request | %.0f ns |\n", alone);
    printf("| ... with %d threads that want the same | %.0f ns |\n", THREADS, together);
    guards_destroy(guards);
    limits_destroy(l);
    if (alone > most)
        printf("above %.0f ns\n", most);
    return alone > most;
}
