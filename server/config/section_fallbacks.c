/* `routing.fallbacks` and its kin: what follows when a model cannot serve. */
#include "server/config/sections.h"

#define NAMES_MAX 1024 /* candidates for a suggestion */

/* What one map is read with. */
struct reading {
    struct config_reader *r;
    const struct config *c;
    struct config_fallbacks *to;
    unsigned room;
};

static bool
is_served(const struct config *c, struct str model)
{
    for (unsigned i = 0; i < c->n_providers; i++)
        for (unsigned k = 0; k < c->providers[i].n_models; k++)
            if (str_glob(c->providers[i].models[k].name, model))
                return true;
    for (unsigned i = 0; i < c->routing.n_groups; i++)
        if (str_eq(c->routing.groups[i].name, model))
            return true;
    for (unsigned i = 0; i < c->routing.n_aliases; i++)
        if (str_glob(c->routing.aliases[i].name, model))
            return true;
    return false;
}

/* All names without an asterisk, at most NAMES_MAX. */
static size_t
list_names(const struct config *c, struct str *names)
{
    size_t n = 0;
    for (unsigned i = 0; i < c->n_providers; i++)
        for (unsigned k = 0; k < c->providers[i].n_models && n < NAMES_MAX; k++)
            if (!c->providers[i].models[k].wildcard)
                names[n++] = c->providers[i].models[k].name;
    for (unsigned i = 0; i < c->routing.n_groups && n < NAMES_MAX; i++)
        names[n++] = c->routing.groups[i].name;
    return n;
}

bool
config_check_served(struct config_reader *r, const struct config *c, const struct node *n,
                    struct str model)
{
    struct str names[NAMES_MAX];
    if (is_served(c, model))
        return true;
    struct str near = config_nearest(model, names, list_names(c, names));
    if (near.p)
        config_fail(r, n, "no provider serves model \"%.*s\", did you mean \"%.*s\"?",
                    STR_ARG(n->text), STR_ARG(near));
    else
        config_fail(r, n, "no provider serves model \"%.*s\": add it to the models of one",
                    STR_ARG(n->text));
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
    return config_check_served(r, c, n, model);
}

static const struct config_fallback *
find(const struct config_fallbacks *l, struct str model)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].model, model))
            return &l->v[i];
    return NULL;
}

/* Does a way lead from one model to another?  If so, *way is " -> MODEL" for each step. */
static bool
leads_to(struct reading *g, struct str from, struct str to, unsigned steps, struct str *way)
{
    const struct config_fallback *f = find(g->to, from);
    for (unsigned i = 0; f && steps && i < f->n_to; i++) {
        struct str rest = { 0 };
        if (!str_eq(f->to[i], to) && !leads_to(g, f->to[i], to, steps - 1, &rest))
            continue;
        *way = arena_printf(g->r->arena, " -> %.*s%.*s", STR_ARG(f->to[i]), STR_ARG(rest));
        return true;
    }
    return false;
}

/* A model whose fallbacks come back to it would be tried for ever, were it not tried once only: this
 * is a mistake.  A single step does not come back. */
static bool
check_circle(struct reading *g, const struct node *n, struct str model, struct str target)
{
    struct str way = { 0 };
    if (g->c->routing.fallback_depth < 2 || !leads_to(g, target, model, g->to->n, &way))
        return true;
    config_fail(g->r, n,
                "fallbacks go in a circle: %.*s -> %.*s%.*s: remove one of them, or set "
                "fallback_depth: 1",
                STR_ARG(model), STR_ARG(target), STR_ARG(way));
    return false;
}

static bool
read_target(struct reading *g, const struct node *n, struct config_fallback *f, unsigned *room)
{
    struct str model;
    if (!config_text(g->r, "fallbacks", n, &model) || !check_model(g->r, g->c, n, model))
        return false;
    bool twice = str_eq(model, f->model);
    for (unsigned i = 0; i < f->n_to; i++)
        twice |= str_eq(f->to[i], model);
    if (twice) {
        config_fail(g->r, n, "model \"%.*s\" is already tried before: remove it", STR_ARG(n->text));
        return false;
    }
    if (!check_circle(g, n, f->model, model))
        return false;
    struct str *slot = CONFIG_PUSH(g->r, f->to, f->n_to, *room);
    if (slot)
        *slot = model;
    return slot != NULL;
}

static bool
read_fallback(struct reading *g, const struct node_child *child)
{
    struct config_fallback f = { .model = child->key->text };
    const struct node *n = child->value;
    unsigned room = 0;
    if (n->kind != NODE_LIST || !n->n) {
        config_fail(g->r, n, "the fallbacks of \"%.*s\" must be a list such as [gpt-4o]",
                    STR_ARG(f.model));
        return false;
    }
    if (find(g->to, f.model)) {
        config_fail(g->r, child->key, "\"%.*s\" is here twice: put all into one list",
                    STR_ARG(f.model));
        return false;
    }
    bool ok = check_model(g->r, g->c, child->key, f.model);
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_target(g, n->v[i].value, &f, &room);
    struct config_fallback *slot = CONFIG_PUSH(g->r, g->to->v, g->to->n, g->room);
    if (slot)
        *slot = f;
    return ok && slot;
}

bool
config_read_fallbacks(struct config_reader *r, const char *key, const struct node *n,
                      struct config *c, struct config_fallbacks *to)
{
    const struct config_field f = { .key = key };
    struct reading g = { .r = r, .c = c, .to = to };
    bool ok = true;
    if (!config_check_kind(r, &f, n, NODE_MAP, "a map such as { gpt-4o: [claude-sonnet] }"))
        return false;
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_fallback(&g, &n->v[i]);
    return ok;
}
