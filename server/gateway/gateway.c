/* From a file to a snapshot, and its end. */
#include "server/gateway/gateway.h"

#include <stdlib.h>

#include "server/cli/world.h"
#include "server/gateway/clock.h"
#include "server/gateway/guarding.h"
#include "server/http/tls.h"

#define ARENA_MAX        ((size_t)64 << 20)
#define CONFIG_ARENA_MAX ((size_t)16 << 20)

enum err
gateway_init(struct gateway *g, const struct config *config, struct plugins *plugins,
             struct service *service, struct fault *f)
{
    g->service = service;
    g->config = config;
    g->plugins = plugins;
    g->made = clock_wall_ms() / 1000;
    g->guard_options = guards_options(&config->resilience);
    atomic_init(&g->refs, 1);
    arena_init(&g->arena, ARENA_MAX);
    if (!restraint_make(&g->restraint, config, service ? service->limits : NULL, &g->arena))
        return fault_set(f, ERR_LIMIT, 0, "too many limits");
    g->deployments = arena_alloc(&g->arena, config->n_providers * sizeof *g->deployments);
    if (!g->deployments)
        return fault_set(f, ERR_LIMIT, 0, "too many providers");
    for (unsigned i = 0; i < config->n_providers; i++) {
        enum err err = deployment_make(&g->deployments[i], &config->providers[i], plugins,
                                       &g->arena, f);
        if (err)
            return err;
    }
    deployments_compare(g->deployments, config->n_providers);
    struct str own_key = { NULL, 0 };
    if (service)
        own_key = str_make((const char *)service->redaction_key, sizeof service->redaction_key);
    if (redactor_make(&g->redactor, &config->redaction, own_key, &g->arena, f))
        return f->err;
    enum err err = catalogue_make(&g->catalogue, g->deployments, config->n_providers,
                                  &config->routing, &g->arena);
    if (!err)
        guarding_prepare(g);
    return err ? fault_set(f, err, 0, "too many models") : ERR_OK;
}

void
gateway_fini(struct gateway *g)
{
    for (unsigned i = 0; g->deployments && i < g->config->n_providers; i++)
        deployment_fini(&g->deployments[i]);
    http_tls_destroy(g->tls);
    redactor_fini(g->redactor);
    arena_fini(&g->arena);
    arena_fini(&g->config_arena);
    plugins_destroy(g->plugins);
}

/* --- loading ------------------------------------------------------------------------------- */

/* The texts of errors must outlive the config that has them. */
static void
copy_errors(struct config_errors *to, const struct config_errors *from, struct arena *a)
{
    *to = *from;
    to->file = arena_str(a, from->file);
    for (unsigned i = 0; i < from->n; i++)
        to->v[i].text = arena_str(a, from->v[i].text);
}

static void
add_fault(struct config_errors *errors, const struct fault *f, const char *path, struct arena *a)
{
    *errors = (struct config_errors){ .file = arena_str(a, str_from(path)), .n = 1 };
    errors->v[0].text = arena_str(a, str_from(f->text));
}

static bool
read_config(struct gateway *g, const struct gateway_source *source, struct arena *a,
            struct config_errors *errors)
{
    const struct config_world world = world_of_process(&g->config_arena, g->plugins);
    struct config_errors found = { .n = 0 };
    g->config = source->path
                    ? config_load(source->path, &world, &g->config_arena, &found)
                    : config_parse(source->text, "default", &world, &g->config_arena, &found);
    if (!g->config)
        copy_errors(errors, &found, a);
    return g->config;
}

static bool
open_tls(struct gateway *g, struct fault *f)
{
    const struct config_server *c = &g->config->server;
    if (!c->tls_cert.p)
        return true;
    struct str cert = arena_printf(&g->arena, "%.*s", STR_ARG(c->tls_cert));
    struct str key = arena_printf(&g->arena, "%.*s", STR_ARG(c->tls_key));
    if (cert.p && key.p)
        g->tls = http_tls_create(cert.p, key.p, f);
    else
        fault_set(f, ERR_LIMIT, 0, "tls: out of memory");
    return g->tls;
}

static bool
work_out(struct gateway *g, struct service *service, struct fault *f)
{
    if (gateway_init(g, g->config, g->plugins, service, f) || !open_tls(g, f))
        return false;
    return !service->log || gateway_hide_secrets(g, service->log)
           || !fault_set(f, ERR_MEMORY, 0, "log: out of memory");
}

struct gateway *
gateway_load(const struct gateway_source *source, struct service *service,
             const struct gateway *older, struct arena *a, struct config_errors *errors)
{
    struct fault f = { .err = ERR_OK };
    const char *name = source->path ? source->path : "default";
    struct gateway *g = calloc(1, sizeof *g);
    (void)!fault_set(&f, ERR_MEMORY, 0, "out of memory");
    if (!g) {
        add_fault(errors, &f, name, a);
        return NULL;
    }
    arena_init(&g->config_arena, CONFIG_ARENA_MAX);
    g->plugins = plugins_create(older ? older->plugins : NULL);
    if (!g->plugins) {
        add_fault(errors, &f, name, a);
    } else if (read_config(g, source, a, errors)) {
        if (work_out(g, service, &f))
            return g;
        add_fault(errors, &f, name, a);
    }
    gateway_fini(g);
    free(g);
    return NULL;
}

bool
gateway_hide_secrets(const struct gateway *g, struct log *log)
{
    bool ok = log_add_secrets(log, g->config->secrets, g->config->n_secrets);
    for (unsigned i = 0; ok && i < g->config->n_providers; i++) {
        const struct identity *a = &g->deployments[i].identity;
        const struct str v[] = { a->api_key, a->key.secret, a->key.token, a->client_secret,
                                 a->token };
        ok = log_add_secrets(log, v, sizeof v / sizeof *v);
    }
    return ok;
}

/* --- who holds it -------------------------------------------------------------------------- */

struct gateway *
gateway_hold(struct gateway *g)
{
    atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
    return g;
}

void
gateway_drop(struct gateway *g)
{
    if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1)
        return;
    gateway_fini(g);
    free(g);
}
