/* The shared part of the gateway. */
#include "server/gateway/gateway.h"

#include "server/gateway/clock.h"

#define ARENA_MAX ((size_t)64 << 20)

/* Those that the config does not know of. */
static bool
hide_secrets(struct log *log, const struct identity *a)
{
    const struct str v[] = { a->api_key, a->key.secret, a->key.token, a->client_secret, a->token };
    return !log || log_add_secrets(log, v, sizeof v / sizeof *v);
}

enum err
gateway_init(struct gateway *g, const struct config *config, const struct plugins *plugins,
             struct log *log, struct fault *f)
{
    *g = (struct gateway){ .config = config, .log = log, .started = clock_wall_ms() / 1000 };
    g->guard_options = guards_options(&config->resilience);
    arena_init(&g->arena, ARENA_MAX);
    g->deployments = arena_alloc(&g->arena, config->n_providers * sizeof *g->deployments);
    if (!g->deployments)
        return fault_set(f, ERR_LIMIT, 0, "too many providers");
    for (unsigned i = 0; i < config->n_providers; i++) {
        enum err err = deployment_make(&g->deployments[i], &config->providers[i], plugins,
                                       &g->arena, f);
        if (err)
            return err;
        if (!hide_secrets(log, &g->deployments[i].identity))
            return fault_set(f, ERR_MEMORY, 0, "log: out of memory");
    }
    enum err err = catalogue_make(&g->catalogue, g->deployments, config->n_providers, &g->arena);
    return err ? fault_set(f, err, 0, "too many models") : ERR_OK;
}

void
gateway_fini(struct gateway *g)
{
    for (unsigned i = 0; g->deployments && i < g->config->n_providers; i++)
        deployment_fini(&g->deployments[i]);
    arena_fini(&g->arena);
}
