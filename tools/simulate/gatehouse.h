/* A gateway without sockets, from the config of a scenario. */
#ifndef LLMUX_SIMULATE_GATEHOUSE_H
#define LLMUX_SIMULATE_GATEHOUSE_H

#include "runtime/resilience/backoff.h"
#include "runtime/resilience/budget.h"
#include "runtime/resilience/hedge.h"
#include "server/gateway/gateway.h"
#include "tools/simulate/scenario.h"

struct gatehouse {
    struct arena arena;
    struct service service;
    struct gateway gateway;
    const struct config *config;
    struct backoff_options backoff;
    struct budget_options retry_options;
    struct budget retries;
    struct hedge_options hedge_options;
    struct budget_options hedge_budget_options;
    struct budget hedges;
};

/* False, with the reason on stderr, when the config is refused. */
bool gatehouse_open(struct gatehouse *g, const struct scenario *s, enum route_strategy strategy);
void gatehouse_close(struct gatehouse *g);

#endif
