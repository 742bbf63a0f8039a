/* The `limits` and `resilience` of a config, worked out once for all requests that begin with it. */
#ifndef LLMUX_GATEWAY_RESTRAINT_H
#define LLMUX_GATEWAY_RESTRAINT_H

#include "runtime/base/arena.h"
#include "runtime/resilience/hedge.h"
#include "runtime/resilience/retry.h"
#include "server/gateway/limits.h"

struct restraint_model {
    struct str name; /* as clients ask for it */
    struct limiter_options limits;
};

struct restraint {
    struct limiter_options gateway, client;
    bool limits_gateway, limits_client;
    struct restraint_model *models;
    unsigned n_models;
    struct limited *gateway_limited; /* the state of the gateway's limits; NULL: there are none */
    struct budget_options retries;
    struct retry_options retry;
    struct hedge_options hedge;
};

/* all: where states are; NULL: nothing is limited.  False when the arena is full. */
bool
restraint_make(struct restraint *r, const struct config *c, struct limits *all, struct arena *a);
/* The limits of a model; NULL: it has none. */
const struct limiter_options *restraint_of_model(const struct restraint *r, struct str name);
/* Those of the gateway, a client or a model; NULL: there are none, or they are a deployment's, which has
 * them itself. */
const struct limiter_options *
restraint_of(const struct restraint *r, enum limits_kind kind, struct str name);

#endif
