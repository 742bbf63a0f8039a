/* `routing`: which names there are beside the providers' models, and in which order deployments are
 * tried. */
#include <stddef.h>

#include "server/config/sections.h"

const struct config_routing config_routing_defaults = {
    .strategy = ROUTE_SIMPLE_SHUFFLE,
    .retries = 2,
    .fallback_depth = 3,
    .recovery_depth = 1,
};

const struct str config_recovery_names[] = {
    STR_INIT("off"), STR_INIT("continue"), STR_INIT("ask"), { NULL, 0 }
};

/* Keeps the node too, for messages that come later. */
static bool
read_strategy(struct config_reader *r, const struct config_field *f, const struct node *n,
              void *out)
{
    struct config_routing_draft *d = out;
    int strategy;
    d->strategy = n;
    if (!config_read_choice(r, f, n, &strategy))
        return false;
    d->routing.strategy = (enum route_strategy)strategy;
    return true;
}

#define FALLBACKS_AT 4 /* where the three kinds of fallbacks begin in the table */
#define AT(member)   offsetof(struct config_routing_draft, member)
/* clang-format off */
static const struct config_field routing_fields[] = {
    { "strategy",       read_strategy,    0, .choices = route_strategy_names },
    { "retries",        config_read_int,  AT(routing.retries),        .min = 0, .max = 10 },
    { "groups",         config_read_node, AT(groups),                 .need = CONFIG_OPTIONAL },
    { "aliases",        config_read_node, AT(aliases),                .need = CONFIG_OPTIONAL },
    { "fallbacks",      config_read_node, AT(fallbacks[CONFIG_TROUBLE_ANY]),
      .need = CONFIG_OPTIONAL },
    { "context_window_fallbacks", config_read_node, AT(fallbacks[CONFIG_TROUBLE_CONTEXT]),
      .need = CONFIG_OPTIONAL },
    { "content_policy_fallbacks", config_read_node, AT(fallbacks[CONFIG_TROUBLE_POLICY]),
      .need = CONFIG_OPTIONAL },
    { "fallback_depth", config_read_int,  AT(routing.fallback_depth), .min = 1, .max = 10 },
    { "stream_recovery", config_read_choice, AT(routing.recovery), .choices = config_recovery_names },
    { "stream_recovery_depth", config_read_int, AT(routing.recovery_depth), .min = 1, .max = 10 },
};
/* clang-format on */
#undef AT
const struct config_record config_routing_record = CONFIG_RECORD("routing", routing_fields);

struct group_draft {
    int strategy, recovery;
    const struct node *models, *strategy_node;
};

static bool
read_group_strategy(struct config_reader *r, const struct config_field *f, const struct node *n,
                    void *out)
{
    struct group_draft *d = out;
    d->strategy_node = n;
    return config_read_choice(r, f, n, &d->strategy);
}

#define AT(member) offsetof(struct group_draft, member)
/* clang-format off */
static const struct config_field group_fields[] = {
    { "strategy", read_group_strategy, 0,          .choices = route_strategy_names },
    { "models",   config_read_node,    AT(models), .need = CONFIG_OPTIONAL },
    { "stream_recovery", config_read_choice, AT(recovery), .choices = config_recovery_names },
};
/* clang-format on */
#undef AT
const struct config_record config_group_record = CONFIG_RECORD("routing.groups", group_fields);

/* --- do the deployments have what a strategy goes by? -------------------------------------- */

/* A group, or everything that is in none. */
struct scope {
    const struct config *c;
    const struct config_group *group; /* NULL: the latter */
};

static unsigned
count_offers(const struct config *c, struct str model)
{
    unsigned n = 0;
    for (unsigned i = 0; i < c->n_providers; i++)
        for (unsigned k = 0; k < c->providers[i].n_models; k++)
            n += str_eq(c->providers[i].models[k].name, model);
    return n;
}

static bool
is_member(const struct config_group *g, struct str offered)
{
    for (unsigned i = 0; i < g->models.n; i++)
        if (str_eq(g->models.v[i], offered) || str_glob(offered, g->models.v[i]))
            return true;
    return g->models.n == 0 && str_eq(g->name, offered);
}

static bool
is_in(const struct scope *s, struct str offered)
{
    if (s->group)
        return is_member(s->group, offered);
    for (unsigned i = 0; i < s->c->routing.n_groups; i++)
        if (is_member(&s->c->routing.groups[i], offered))
            return false;
    return count_offers(s->c, offered) > 1;
}

static bool
check_prices(struct config_reader *r, const struct node *n, const struct scope *s)
{
    for (unsigned i = 0; i < s->c->n_providers; i++)
        for (unsigned k = 0; k < s->c->providers[i].n_models; k++) {
            const struct config_model *m = &s->c->providers[i].models[k];
            if (m->price.set || !is_in(s, m->name))
                continue;
            config_fail(r, n,
                        "\"lowest-cost\" needs prices: add price: { input: ..., output: ... } to "
                        "model \"%.*s\" of provider \"%.*s\"",
                        STR_ARG(m->name), STR_ARG(s->c->providers[i].name));
            return false;
        }
    return true;
}

static bool
has_any(const struct scope *s, bool (*has)(const struct config_model *m))
{
    for (unsigned i = 0; i < s->c->n_providers; i++)
        for (unsigned k = 0; k < s->c->providers[i].n_models; k++)
            if (has(&s->c->providers[i].models[k]) && is_in(s, s->c->providers[i].models[k].name))
                return true;
    return false;
}

static bool
has_tier(const struct config_model *m)
{
    return m->tier > 1;
}

static bool
has_tags(const struct config_model *m)
{
    return m->tags.n > 0;
}

static bool
check_strategy(struct config_reader *r, const struct node *n, enum route_strategy strategy,
               const struct scope *s)
{
    if (!n || strategy == ROUTE_LOWEST_COST)
        return !n || check_prices(r, n, s);
    if (strategy == ROUTE_PRIORITY && !has_any(s, has_tier)) {
        config_fail(r, n, "\"priority\" needs tiers: add tier: 2 to the models that come second");
        return false;
    }
    if (strategy == ROUTE_TAG && !has_any(s, has_tags)) {
        config_fail(r, n, "\"tag\" needs tags: add tags: [...] to some of the models");
        return false;
    }
    return true;
}

/* --- groups and aliases -------------------------------------------------------------------- */

static bool
is_offered(const struct config *c, struct str model)
{
    for (unsigned i = 0; i < c->n_providers; i++)
        for (unsigned k = 0; k < c->providers[i].n_models; k++)
            if (str_eq(c->providers[i].models[k].name, model)
                || str_glob(c->providers[i].models[k].name, model))
                return true;
    return false;
}

static bool
read_members(struct config_reader *r, const struct node *n, const struct config *c,
             struct config_group *g)
{
    static const struct config_field models = { .key = "models" };
    bool ok = config_read_words(r, &models, n, &g->models);
    for (unsigned i = 0; ok && i < g->models.n; i++)
        if (!is_offered(c, g->models.v[i]))
            ok = config_check_served(r, c, n->v[i].value, g->models.v[i]);
    return ok;
}

static bool
read_group(struct config_reader *r, const struct node_child *child, struct config *c,
           unsigned *room)
{
    struct config_group g = { .name = child->key->text };
    struct group_draft d = { .strategy = c->routing.strategy, .recovery = c->routing.recovery };
    if (!config_record(r, &config_group_record, child->value, &d)
        || (d.models && !read_members(r, d.models, c, &g)))
        return false;
    if (!d.models && !is_offered(c, g.name)) {
        config_fail(r, child->key,
                    "no provider serves \"%.*s\": add it to the models of one, or say which "
                    "models the group has: models: [...]",
                    STR_ARG(g.name));
        return false;
    }
    if (d.models && count_offers(c, g.name)) {
        config_fail(r, child->key,
                    "\"%.*s\" is a model already: leave models out, or find another name",
                    STR_ARG(g.name));
        return false;
    }
    g.strategy = (enum route_strategy)d.strategy;
    g.recovery = d.recovery;
    struct config_group *slot = CONFIG_PUSH(r, c->routing.groups, c->routing.n_groups, *room);
    if (slot)
        *slot = g;
    return slot && check_strategy(r, d.strategy_node, g.strategy, &(struct scope){ c, slot });
}

static bool
read_alias(struct config_reader *r, const struct node_child *child, struct config *c,
           unsigned *room)
{
    struct config_alias a = { .name = child->key->text };
    for (unsigned i = 0; i < c->routing.n_groups; i++)
        if (str_eq(c->routing.groups[i].name, a.name)) {
            config_fail(r, child->key, "\"%.*s\" is a group already: find another name",
                        STR_ARG(a.name));
            return false;
        }
    if (count_offers(c, a.name)) {
        config_fail(r, child->key, "\"%.*s\" is a model already: find another name",
                    STR_ARG(a.name));
        return false;
    }
    if (!config_text(r, a.name.p, child->value, &a.model))
        return false;
    for (unsigned i = 0; i < c->routing.n_aliases; i++)
        if (str_eq(c->routing.aliases[i].name, a.model)) {
            config_fail(r, child->value, "\"%.*s\" is an alias itself: write \"%.*s\"",
                        STR_ARG(a.model), STR_ARG(c->routing.aliases[i].model));
            return false;
        }
    if (!config_check_served(r, c, child->value, a.model))
        return false;
    struct config_alias *slot = CONFIG_PUSH(r, c->routing.aliases, c->routing.n_aliases, *room);
    if (slot)
        *slot = a;
    return slot != NULL;
}

typedef bool read_entry(struct config_reader *r, const struct node_child *child, struct config *c,
                        unsigned *room);

static bool
read_map(struct config_reader *r, const char *key, const char *like, const struct node *n,
         struct config *c, read_entry *read)
{
    const struct config_field f = { .key = key };
    unsigned room = 0;
    bool ok = true;
    if (!n)
        return true;
    if (!config_check_kind(r, &f, n, NODE_MAP, like))
        return false;
    for (unsigned i = 0; i < n->n; i++)
        ok &= !config_fail_twice(r, n, i) && read(r, &n->v[i], c, &room);
    return ok;
}

bool
config_read_routing(struct config_reader *r, const struct config_routing_draft *d, struct config *c)
{
    bool ok = read_map(r, "groups", "a map such as { fast: { models: [a, b] } }", d->groups, c,
                       read_group)
              && read_map(r, "aliases", "a map such as { gpt-4: gpt-4o }", d->aliases, c,
                          read_alias)
              && check_strategy(r, d->strategy, c->routing.strategy, &(struct scope){ c, NULL });
    for (enum config_trouble t = 0; ok && t < CONFIG_TROUBLES; t++)
        if (d->fallbacks[t])
            ok = config_read_fallbacks(r, routing_fields[FALLBACKS_AT + t].key, d->fallbacks[t], c,
                                       &c->routing.fallbacks[t]);
    return ok;
}
