/* Models by name. */
#include "server/gateway/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/route/key.h"

/* What catalogues are made with. */
struct maker {
    struct catalogue *c;
    const struct config_routing *rules;
    struct arena *arena;
};

/* The model of exactly this name, made if there is none. */
static struct model *
add_model(struct maker *k, struct str name)
{
    struct catalogue *c = k->c;
    bool wild = memchr(name.p, '*', name.n);
    struct model **v = wild ? &c->wild : &c->exact;
    unsigned *n = wild ? &c->n_wild : &c->n_exact, *cap = wild ? &c->cap_wild : &c->cap_exact;
    for (unsigned i = 0; i < *n; i++)
        if (str_eq((*v)[i].name, name))
            return &(*v)[i];
    struct model *m = arena_push(k->arena, (void **)v, n, cap, sizeof **v);
    if (!m)
        return NULL;
    *m = (struct model){ .name = name,
                         .strategy = k->rules->strategy,
                         .recovery = (enum config_recovery)k->rules->recovery };
    m->turn = arena_alloc(k->arena, sizeof *m->turn);
    return m;
}

static void
add_offer(struct maker *k, struct model *m, const struct offer *o)
{
    struct offer *slot = m ? arena_push(k->arena, (void **)&m->offers, &m->n, &m->cap, sizeof *o)
                           : NULL;
    if (slot)
        *slot = *o;
}

/* All that `from` offers, asked for by this name of it. */
static void
add_offers(struct maker *k, struct model *m, const struct model *from, struct str name)
{
    for (unsigned i = 0; from && i < from->n; i++) {
        struct offer o = from->offers[i];
        o.asked = o.asked.p ? o.asked : name;
        add_offer(k, m, &o);
    }
}

static uint64_t
identify(const struct deployment *d, const struct config_model *m, struct arena *a)
{
    struct str who = arena_printf(a, "%.*s\n%.*s", STR_ARG(d->config->name), STR_ARG(m->name));
    return route_key_of(who);
}

static void
add_deployment(struct maker *k, const struct deployment *d)
{
    for (unsigned i = 0; i < d->config->n_models; i++) {
        const struct config_model *m = &d->config->models[i];
        const struct offer o = { .deployment = d,
                                 .model = m,
                                 .identity = identify(d, m, k->arena),
                                 .account = route_key_of(d->config->name) };
        add_offer(k, add_model(k, m->name), &o);
        if (i == 0)
            add_offer(k, &k->c->any, &o);
    }
}

/* The one of this name or the first wildcard that takes it: as catalogue_find, before that works. */
static const struct model *
find_early(const struct catalogue *c, struct str name)
{
    for (unsigned i = 0; i < c->n_exact; i++)
        if (str_eq(c->exact[i].name, name))
            return &c->exact[i];
    for (unsigned i = 0; i < c->n_wild; i++)
        if (str_eq(c->wild[i].name, name) || str_glob(c->wild[i].name, name))
            return &c->wild[i];
    return NULL;
}

/* Making a model moves others, so what is taken from is a copy. */
static void
add_group(struct maker *k, const struct config_group *g)
{
    bool is_new = g->models.n || !find_early(k->c, g->name)
                  || !str_eq(find_early(k->c, g->name)->name, g->name);
    const struct str *members = g->models.n ? g->models.v : &g->name;
    unsigned n = !is_new ? 0 : g->models.n ? g->models.n : 1;
    struct model own = { .n = 0 };
    for (unsigned i = 0; i < n; i++)
        add_offers(k, &own, find_early(k->c, members[i]), members[i]);
    struct model *m = add_model(k, g->name);
    if (!m)
        return;
    m->strategy = g->strategy;
    m->recovery = (enum config_recovery)g->recovery;
    if (is_new)
        m->offers = own.offers, m->n = own.n, m->cap = own.cap;
}

static void
add_alias(struct maker *k, const struct config_alias *alias)
{
    const struct model *to = find_early(k->c, alias->model);
    struct model own = { .strategy = to ? to->strategy : k->rules->strategy,
                         .recovery = to ? to->recovery : CONFIG_RECOVERY_OFF };
    add_offers(k, &own, to, alias->model);
    struct model *m = add_model(k, alias->name);
    if (!m)
        return;
    m->goes_by = alias->model;
    m->strategy = own.strategy;
    m->recovery = own.recovery;
    m->offers = own.offers, m->n = own.n, m->cap = own.cap;
}

/* By what a model's offers share requests: what was said of all, and weights if any was said. */
static void
set_shares(struct model *m)
{
    bool weights = false, rpm = true, tpm = true;
    for (unsigned i = 0; i < m->n; i++) {
        weights |= m->offers[i].model->weight > 0;
        rpm &= m->offers[i].model->rpm > 0;
        tpm &= m->offers[i].model->tpm > 0;
    }
    for (unsigned i = 0; i < m->n; i++) {
        const struct config_model *o = m->offers[i].model;
        double weight = o->weight ? o->weight : 1;
        double said = rpm ? (double)o->rpm : tpm ? (double)o->tpm : 1;
        m->offers[i].share = weights ? weight : said;
    }
}

static int
compare_models(const void *a, const void *b)
{
    const struct model *const *x = a, *const *y = b;
    return str_compare((*x)->name, (*y)->name);
}

static int
compare_key(const void *key, const void *element)
{
    const struct str *name = key;
    const struct model *const *m = element;
    return str_compare(*name, (*m)->name);
}

static size_t
letters(struct str glob)
{
    size_t n = 0;
    for (size_t i = 0; i < glob.n; i++)
        n += glob.p[i] != '*';
    return n;
}

/* Insertion sort: stable, and there are few. */
static void
sort_wild(struct catalogue *c)
{
    for (unsigned i = 1; i < c->n_wild; i++) {
        struct model m = c->wild[i];
        unsigned k = i;
        for (; k > 0 && letters(c->wild[k - 1].name) < letters(m.name); k--)
            c->wild[k] = c->wild[k - 1];
        c->wild[k] = m;
    }
}

enum err
catalogue_make(struct catalogue *c, const struct deployment *deployments, unsigned n,
               const struct config_routing *rules, struct arena *a)
{
    struct maker k = { c, rules, a };
    *c = (struct catalogue){ .any = { .strategy = rules->strategy } };
    c->any.turn = arena_alloc(a, sizeof *c->any.turn);
    for (unsigned i = 0; i < n; i++)
        add_deployment(&k, &deployments[i]);
    sort_wild(c);
    for (unsigned i = 0; i < rules->n_groups; i++)
        add_group(&k, &rules->groups[i]);
    for (unsigned i = 0; i < rules->n_aliases; i++)
        add_alias(&k, &rules->aliases[i]);
    sort_wild(c);
    c->by_name = arena_alloc(a, (c->n_exact + 1) * sizeof *c->by_name);
    if (a->full)
        return ERR_LIMIT;
    for (unsigned i = 0; i < c->n_wild; i++)
        set_shares(&c->wild[i]);
    set_shares(&c->any);
    for (unsigned i = 0; i < c->n_exact; i++) {
        set_shares(&c->exact[i]);
        c->by_name[i] = &c->exact[i];
    }
    qsort(c->by_name, c->n_exact, sizeof *c->by_name, compare_models);
    return ERR_OK;
}

const struct model *
catalogue_find(const struct catalogue *c, struct str name)
{
    if (!name.p)
        return NULL;
    const struct model *const *hit = bsearch(&name, c->by_name, c->n_exact, sizeof *c->by_name,
                                             compare_key);
    if (hit)
        return *hit;
    for (unsigned i = 0; i < c->n_wild; i++)
        if (str_glob(c->wild[i].name, name))
            return &c->wild[i];
    return NULL;
}

struct str
offer_upstream(const struct offer *o, struct str name, struct arena *a)
{
    struct str to = o->model->upstream, glob = o->model->name;
    name = o->asked.p ? o->asked : name;
    if (!to.p || !name.p)
        return name;
    const char *star = memchr(to.p, '*', to.n);
    const char *from = memchr(glob.p, '*', glob.n);
    if (!star || !from)
        return to;
    size_t head = (size_t)(from - glob.p);
    struct str matched = { name.p + head, name.n - (glob.n - 1) };
    return arena_printf(a, "%.*s%.*s%.*s", (int)(star - to.p), to.p, STR_ARG(matched),
                        (int)(to.p + to.n - star - 1), star + 1);
}

void
catalogue_print(const struct catalogue *c, unsigned most, struct buf *out)
{
    unsigned all = c->n_exact + c->n_wild;
    for (unsigned i = 0; i < all && i < most; i++) {
        const struct model *m = i < c->n_exact ? &c->exact[i] : &c->wild[i - c->n_exact];
        buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(m->name));
    }
    if (all > most)
        buf_printf(out, " and %u more", all - most);
}

#define DATE_BYTES 32

static struct str
print_time(char *to, uint64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    gmtime_r(&t, &tm);
    return str_make(to, strftime(to, DATE_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm));
}

struct ir_model_entry
model_entry(struct str name, uint64_t created, struct arena *a)
{
    char date[DATE_BYTES];
    return (struct ir_model_entry){ .set = true,
                                    .id = name,
                                    .resource = arena_printf(a, "models/%.*s", STR_ARG(name)),
                                    .created = { (int64_t)created, true },
                                    .date = arena_str(a, print_time(date, created)) };
}

struct ir_model_list
catalogue_list(const struct catalogue *c, uint64_t created, struct arena *a)
{
    unsigned all = c->n_exact + c->n_wild;
    struct ir_model_entry *v = arena_alloc(a, all * sizeof *v);
    for (unsigned i = 0; v && i < all; i++)
        v[i] = model_entry(i < c->n_exact ? c->exact[i].name : c->wild[i - c->n_exact].name,
                           created, a);
    struct ir_model_list l = { .set = true, .models = { v, v ? all : 0, all } };
    if (l.models.n) {
        l.first = v[0].id;
        l.last = v[all - 1].id;
    }
    return l;
}
