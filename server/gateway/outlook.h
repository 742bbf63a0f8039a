/* How deployments are doing, as a route sees it: what their guards know. */
#ifndef LLMUX_GATEWAY_OUTLOOK_H
#define LLMUX_GATEWAY_OUTLOOK_H

#include "server/gateway/gateway.h"
#include "server/gateway/route.h"

/* Whose outlook it is; lives as long as the route. */
struct outlook {
    const struct gateway *gateway;
    struct arena *arena; /* for names */
    bool stream;         /* what counts is the time to the first token */
    const uint64_t *now; /* where the time stands, as clock_ns() tells it; NULL: ask the clock */
};

/* For a route_request. */
struct route_outlook outlook_of_guards(struct outlook *o);

#endif
