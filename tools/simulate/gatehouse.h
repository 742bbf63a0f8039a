/* A gateway without sockets, from the config of a scenario. */
#ifndef LLMUX_SIMULATE_GATEHOUSE_H
#define LLMUX_SIMULATE_GATEHOUSE_H

#include "server/gateway/bell.h"
#include "server/gateway/gateway.h"
#include "tools/simulate/scenario.h"

struct gatehouse {
    struct arena arena;
    struct service service;
    struct gateway gateway;
    const struct config *config;
    struct bell bell;       /* for those who wait for a place */
    struct limited *budget; /* of the model's extra calls */
};

/* False, with the reason on stderr, when the config is refused. */
bool gatehouse_open(struct gatehouse *g, const struct scenario *s, enum route_strategy strategy);
void gatehouse_close(struct gatehouse *g);

#endif
