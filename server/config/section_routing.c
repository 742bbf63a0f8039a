/* `routing`: in which order deployments are tried, and what follows when all of them failed. */
#include <stddef.h>

#include "server/config/sections.h"

#define NAMES_MAX 1024 /* candidates for a suggestion */

const struct config_routing config_routing_defaults = {
    .strategy = CONFIG_SIMPLE_SHUFFLE,
    .retries = 2,
};

static const struct str strategies[] = { STR_INIT("simple-shuffle"), { 0 } };

#define AT(member) offsetof(struct config_routing_draft, member)
/* clang-format off */
static const struct config_field routing_fields[] = {
    { "strategy",  config_read_choice, AT(routing.strategy), .choices = strategies },
    { "retries",   config_read_int,    AT(routing.retries),  .min = 0, .max = 10 },
    { "fallbacks", config_read_node,   AT(fallbacks),        .need = CONFIG_OPTIONAL },
};
/* clang-format on */
const struct config_record config_routing_record = CONFIG_RECORD("routing", routing_fields);

static bool
is_served(const struct config *c, struct str model)
{
    for (unsigned i = 0; i < c->n_providers; i++)
        for (unsigned k = 0; k < c->providers[i].n_models; k++)
            if (str_glob(c->providers[i].models[k].name, model))
                return true;
    return false;
}

/* A model that some provider serves. */
static bool
check_model(struct config_reader *r, const struct config *c, const struct node *n, struct str model)
{
    if (memchr(model.p, '*', model.n)) {
        config_fail(r, n, "\"%.*s\": a fallback names one model, without an asterisk",
                    STR_ARG(n->text));
        return false;
    }
    if (is_served(c, model))
        return true;
    struct str names[NAMES_MAX];
    size_t count = 0;
    for (unsigned i = 0; i < c->n_providers; i++)
        for (unsigned k = 0; k < c->providers[i].n_models && count < NAMES_MAX; k++)
            if (!c->providers[i].models[k].wildcard)
                names[count++] = c->providers[i].models[k].name;
    struct str near = config_nearest(model, names, count);
    if (near.p)
        config_fail(r, n, "no provider serves model \"%.*s\", did you mean \"%.*s\"?",
                    STR_ARG(n->text), STR_ARG(near));
    else
        config_fail(r, n, "no provider serves model \"%.*s\": add it to the models of one",
                    STR_ARG(n->text));
    return false;
}

static bool
read_target(struct config_reader *r, const struct node *n, const struct config *c,
            struct config_fallback *f, unsigned *room)
{
    struct str model;
    if (!config_text(r, "fallbacks", n, &model) || !check_model(r, c, n, model))
        return false;
    bool twice = str_eq(model, f->model);
    for (unsigned i = 0; i < f->n_to; i++)
        twice |= str_eq(f->to[i], model);
    if (twice) {
        config_fail(r, n, "model \"%.*s\" is already tried before: remove it", STR_ARG(n->text));
        return false;
    }
    struct str *slot = CONFIG_PUSH(r, f->to, f->n_to, *room);
    if (slot)
        *slot = model;
    return slot != NULL;
}

static bool
read_fallback(struct config_reader *r, const struct node_child *child, struct config *c,
              unsigned *room)
{
    struct config_fallback f = { .model = child->key->text };
    const struct node *n = child->value;
    unsigned to_room = 0;
    if (n->kind != NODE_LIST || !n->n) {
        config_fail(r, n, "the fallbacks of \"%.*s\" must be a list such as [gpt-4o]",
                    STR_ARG(f.model));
        return false;
    }
    for (unsigned i = 0; i < c->routing.n_fallbacks; i++)
        if (str_eq(c->routing.fallbacks[i].model, f.model)) {
            config_fail(r, child->key, "\"%.*s\" is here twice: put all into one list",
                        STR_ARG(f.model));
            return false;
        }
    bool ok = check_model(r, c, child->key, f.model);
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_target(r, n->v[i].value, c, &f, &to_room);
    struct config_fallback *slot = CONFIG_PUSH(r, c->routing.fallbacks, c->routing.n_fallbacks,
                                               *room);
    if (slot)
        *slot = f;
    return ok && slot;
}

bool
config_read_fallbacks(struct config_reader *r, const struct node *n, struct config *c)
{
    unsigned room = 0;
    bool ok = true;
    if (n->kind != NODE_MAP && !config_node_is_null(n)) {
        config_fail(r, n, "\"fallbacks\" must be a map such as { gpt-4o: [claude-sonnet] }, not %s",
                    config_node_kind(n));
        return false;
    }
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_fallback(r, &n->v[i], c, &room);
    return ok;
}
