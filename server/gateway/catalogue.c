/* Models by name. */
#include "server/gateway/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct model *
add_model(struct model **v, unsigned *n, unsigned *cap, struct str name, struct arena *a)
{
    for (unsigned i = 0; i < *n; i++)
        if (str_eq((*v)[i].name, name))
            return &(*v)[i];
    struct model *m = arena_push(a, (void **)v, n, cap, sizeof **v);
    if (m)
        m->name = name;
    return m;
}

static void
add_offer(struct catalogue *c, const struct deployment *d, const struct config_model *cm,
          struct arena *a)
{
    struct model *m = cm->wildcard ? add_model(&c->wild, &c->n_wild, &c->cap_wild, cm->name, a)
                                   : add_model(&c->exact, &c->n_exact, &c->cap_exact, cm->name, a);
    struct offer *o = m ? arena_push(a, (void **)&m->offers, &m->n, &m->cap, sizeof *o) : NULL;
    if (o)
        *o = (struct offer){ d, cm };
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
               struct arena *a)
{
    *c = (struct catalogue){ .n_exact = 0 };
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < deployments[i].config->n_models; k++)
            add_offer(c, &deployments[i], &deployments[i].config->models[k], a);
    sort_wild(c);
    c->by_name = arena_alloc(a, (c->n_exact + 1) * sizeof *c->by_name);
    if (a->full)
        return ERR_LIMIT;
    for (unsigned i = 0; i < c->n_exact; i++)
        c->by_name[i] = &c->exact[i];
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
    if (!to.p)
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

static void
put_string(struct jw *w, struct str key, struct str value)
{
    jw_key(w, key);
    jw_string(w, value);
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

void
model_write(struct str name, uint64_t created, struct jw *w)
{
    char date[DATE_BYTES];
    jw_object(w);
    put_string(w, STR("id"), name);
    put_string(w, STR("object"), STR("model"));
    put_string(w, STR("type"), STR("model"));
    put_string(w, STR("display_name"), name);
    jw_key(w, STR("created"));
    jw_int(w, (int64_t)created);
    put_string(w, STR("created_at"), print_time(date, created));
    put_string(w, STR("owned_by"), STR("llmux"));
    jw_close(w);
}

struct ir_model_list
catalogue_list(const struct catalogue *c, uint64_t created, struct arena *a)
{
    unsigned all = c->n_exact + c->n_wild;
    struct ir_model_entry *v = arena_alloc(a, all * sizeof *v);
    char date[DATE_BYTES];
    struct str when = arena_str(a, print_time(date, created));
    for (unsigned i = 0; v && i < all; i++) {
        struct str name = i < c->n_exact ? c->exact[i].name : c->wild[i - c->n_exact].name;
        v[i] = (struct ir_model_entry){ .set = true,
                                        .id = name,
                                        .resource = arena_printf(a, "models/%.*s", STR_ARG(name)),
                                        .created = { (int64_t)created, true },
                                        .date = when };
    }
    struct ir_model_list l = { .set = true, .models = { v, v ? all : 0, all } };
    if (l.models.n) {
        l.first = v[0].id;
        l.last = v[all - 1].id;
    }
    return l;
}
