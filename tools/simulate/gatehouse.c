/* Config in, gateway out. */
#include "tools/simulate/gatehouse.h"

#include <stdio.h>

#include "server/cli/world.h"

#define ARENA_MAX ((size_t)16 << 20)

static void
write_config(struct buf *out, const struct scenario *s, enum route_strategy strategy)
{
    buf_puts(out, STR("server: { listen: \"127.0.0.1:0\" }\nproviders:\n"));
    for (unsigned i = 0; i < s->n_upstreams; i++)
        buf_printf(out,
                   "  - { name: u%u, type: openai.chat, base_url: \"http://127.0.0.1:1/v1\",\n"
                   "      models: [{ name: m%s%s }]%s%s }\n",
                   i, s->models[i] ? ", " : "", s->models[i] ? s->models[i] : "",
                   s->limits[i] ? ", limits: " : "", s->limits[i] ? s->limits[i] : "");
    buf_printf(out, "routing: { strategy: %.*s, retries: 2 }\n%s\n",
               STR_ARG(route_strategy_names[strategy]), s->config ? s->config : "");
}

static bool
parse(struct gatehouse *g, struct str text)
{
    struct config_errors errors = { .n = 0 };
    struct config_world world = world_of_process(&g->arena, NULL);
    g->config = config_parse(text, "scenario", &world, &g->arena, &errors);
    for (unsigned i = 0; i < errors.n; i++)
        fprintf(stderr, "scenario:%u:%u: %.*s\n", errors.v[i].line, errors.v[i].column,
                STR_ARG(errors.v[i].text));
    return g->config;
}

/* The bell is looked at after each event. */
static void
nobody(void *ctx)
{
    (void)ctx;
}

bool
gatehouse_open(struct gatehouse *g, const struct scenario *s, enum route_strategy strategy)
{
    struct fault f = { .text = "no memory" };
    struct buf text;
    *g = (struct gatehouse){
        .service = { .n_workers = 1, .guards = guards_create(), .limits = limits_create() }
    };
    bell_init(&g->bell, nobody, NULL);
    arena_init(&g->arena, ARENA_MAX);
    buf_init(&text, 1u << 20);
    write_config(&text, s, strategy);
    bool ok = g->service.guards && g->service.limits && parse(g, buf_str(&text));
    if (ok && gateway_init(&g->gateway, g->config, NULL, &g->service, &f)) {
        fprintf(stderr, "scenario %s: %s\n", s->name, f.text);
        ok = false;
    }
    buf_fini(&text);
    if (ok)
        g->budget = limits_find(g->service.limits, LIMITS_MODEL, STR("m"));
    else
        gatehouse_close(g);
    return ok;
}

void
gatehouse_close(struct gatehouse *g)
{
    if (g->config)
        gateway_fini(&g->gateway);
    if (g->service.guards)
        guards_destroy(g->service.guards);
    limits_destroy(g->service.limits);
    bell_fini(&g->bell);
    arena_fini(&g->arena);
}
