/* From a config to options. */
#include "server/gateway/restraint.h"

#define MS ((uint64_t)1000 * 1000)

bool
restraint_make(struct restraint *r, const struct config *c, struct limits *all, struct arena *a)
{
    const struct config_resilience *res = &c->resilience;
    const struct config_all_limits *l = &c->limits;
    *r = (struct restraint){
        .gateway = limits_options(&l->gateway),
        .client = limits_options(&l->client),
        .n_models = l->n_models,
        .retries = { res->budget_share, res->budget_floor, res->budget_window * MS },
        .retry = { { res->backoff_first * MS, res->backoff_most * MS },
                   res->retry_after_most * MS },
        .hedge = { res->hedge_share, res->hedge_quantile, res->hedge_least * MS },
    };
    r->limits_gateway = limits_any(&r->gateway);
    r->limits_client = limits_any(&r->client);
    if (r->limits_gateway && all)
        r->gateway_limited = limits_find(all, LIMITS_GATEWAY, STR(""));
    r->models = arena_alloc(a, l->n_models * sizeof *r->models);
    for (unsigned i = 0; r->models && i < l->n_models; i++)
        r->models[i] = (struct restraint_model){ l->models[i].model,
                                                 limits_options(&l->models[i].limits) };
    return r->models || !l->n_models;
}

const struct limiter_options *
restraint_of_model(const struct restraint *r, struct str name)
{
    for (unsigned i = 0; i < r->n_models; i++)
        if (str_eq(r->models[i].name, name))
            return limits_any(&r->models[i].limits) ? &r->models[i].limits : NULL;
    return NULL;
}

const struct limiter_options *
restraint_of(const struct restraint *r, enum limits_kind kind, struct str name)
{
    switch (kind) {
    case LIMITS_GATEWAY:
        return &r->gateway;
    case LIMITS_CLIENT:
        return &r->client;
    case LIMITS_MODEL:
        return restraint_of_model(r, name);
    case LIMITS_DEPLOYMENT:
        break;
    }
    return NULL;
}
