/* `limits`, and `providers[].limits`: how much is let through. */
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND ((uint64_t)1000)
#define HOUR   (3600 * SECOND)
#define RATES  100000000 /* what a bucket can count */

const struct config_limits config_limits_defaults = {
    .queue = 100,
    .wait = 10 * SECOND,
    .lasting = 500,
    .adaptive_least = 4,
    .adaptive_tolerance = 2000,
};

/* clang-format off */
#define AT(member) offsetof(struct config_limits, member)

static const struct config_field adaptive_fields[] = {
    { "least",     config_read_int,   AT(adaptive_least),     .min = 1, .max = 1000000 },
    { "most",      config_read_int,   AT(adaptive_most),      .min = 1, .max = 1000000,
      .need = CONFIG_REQUIRED },
    { "tolerance", config_read_share, AT(adaptive_tolerance), .min = 1100, .max = 100000 },
};
const struct config_record config_adaptive_record =
    CONFIG_RECORD("limits.*.adaptive", adaptive_fields);

static const struct config_field limit_fields[] = {
    { "requests_per_minute", config_read_int,      AT(requests),      .min = 0, .max = RATES },
    { "request_burst",       config_read_int,      AT(request_burst), .min = 1, .max = RATES },
    { "tokens_per_minute",   config_read_int,      AT(tokens),        .min = 0, .max = RATES },
    { "token_burst",         config_read_int,      AT(token_burst),   .min = 1, .max = RATES },
    { "parallel",            config_read_int,      AT(parallel),      .min = 0, .max = 1000000 },
    { "queue",               config_read_int,      AT(queue),         .min = 0, .max = 1000000 },
    { "wait",                config_read_duration, AT(wait),          .min = 0, .max = HOUR },
    { "lasting_queue",       config_read_share,    AT(lasting),       .min = 0, .max = 100000 },
    { "adaptive",            config_read_record,   0, .record = &config_adaptive_record },
};
const struct config_record config_limit_record = CONFIG_RECORD("limits.*", limit_fields);
/* clang-format on */

bool
config_read_limit(struct config_reader *r, const struct config_field *f, const struct node *n,
                  void *out)
{
    struct config_limits c = config_limits_defaults;
    (void)f;
    if (!config_record(r, &config_limit_record, n, &c))
        return false;
    if (c.adaptive_most && c.adaptive_least > c.adaptive_most) {
        config_fail(r, n, "\"adaptive.least\" must not be more than \"adaptive.most\"");
        return false;
    }
    if (c.adaptive_most && c.parallel) {
        config_fail(r, n, "\"parallel\" is fixed and \"adaptive\" is not: write one of them");
        return false;
    }
    *(struct config_limits *)out = c;
    return true;
}

/* A map of models to their limits. */
static bool
read_models(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct config_all_limits *all = out;
    unsigned room = 0;
    if (n->kind != NODE_MAP && !config_node_is_null(n)) {
        config_fail(r, n, "\"%s\" must be a map of models and their limits, not %s", f->key,
                    config_node_kind(n));
        return false;
    }
    for (unsigned i = 0; i < n->n; i++) {
        struct config_model_limits m = { .model = n->v[i].key->text };
        for (unsigned k = 0; k < all->n_models; k++)
            if (str_eq(all->models[k].model, m.model)) {
                config_fail(r, n->v[i].key, "\"%.*s\" is here twice", STR_ARG(m.model));
                return false;
            }
        if (!config_read_limit(r, f, n->v[i].value, &m.limits))
            return false;
        struct config_model_limits *slot = CONFIG_PUSH(r, all->models, all->n_models, room);
        if (!slot)
            return false;
        *slot = m;
    }
    return true;
}

/* clang-format off */
static const struct config_field all_fields[] = {
    { "gateway", config_read_limit, offsetof(struct config_all_limits, gateway),
      .need = CONFIG_OPTIONAL },
    { "client",  config_read_limit, offsetof(struct config_all_limits, client),
      .need = CONFIG_OPTIONAL },
    { "models",  read_models,       0, .need = CONFIG_OPTIONAL },
};
/* clang-format on */
const struct config_record config_limits_record = CONFIG_RECORD("limits", all_fields);
