/* The shared part of the gateway. */
#include "server/gateway/gateway.h"

#include "server/gateway/clock.h"

#define ARENA_MAX ((size_t)64 << 20)

enum err
gateway_init(struct gateway *g, const struct config *config, struct log *log, struct fault *f)
{
    *g = (struct gateway){ .config = config, .log = log, .started = clock_wall_ms() / 1000 };
    arena_init(&g->arena, ARENA_MAX);
    g->deployments = arena_alloc(&g->arena, config->n_providers * sizeof *g->deployments);
    if (!g->deployments)
        return fault_set(f, ERR_LIMIT, 0, "too many providers");
    for (unsigned i = 0; i < config->n_providers; i++) {
        enum err err = deployment_make(&g->deployments[i], &config->providers[i], &g->arena, f);
        if (err)
            return err;
    }
    enum err err = catalogue_make(&g->catalogue, g->deployments, config->n_providers, &g->arena);
    return err ? fault_set(f, err, 0, "too many models") : ERR_OK;
}

void
gateway_fini(struct gateway *g)
{
    arena_fini(&g->arena);
}
