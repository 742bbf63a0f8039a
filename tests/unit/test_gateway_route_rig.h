/* Which deployments are tried.  For the tests of routes. */
#ifndef LLMUX_TEST_GATEWAY_ROUTE_RIG_H
#define LLMUX_TEST_GATEWAY_ROUTE_RIG_H

#include "tests/unit/test_gateway_rig.h"

#include "server/gateway/route.h"

static inline struct str
provider(const struct candidate *c)
{
    return c->offer->deployment->config->name;
}

/* What is tried for a model, as "provider/upstream" with spaces in between, in order. */
static inline const char *
tried(struct rig *rig, const struct route_request *q, struct route *r)
{
    static char out[400];
    struct dice dice = { 7 };
    struct candidate c;
    out[0] = '\0';
    if (!route_begin(r, &rig->gateway.catalogue, &rig->config->routing, q, &rig->arena))
        return "none";
    while (route_next(r, &dice, &c)) {
        struct str upstream = offer_upstream(c.offer, c.name, &rig->arena);
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%.*s/%.*s", *out ? " " : "",
                 STR_ARG(provider(&c)), STR_ARG(upstream));
    }
    return out;
}

#endif
