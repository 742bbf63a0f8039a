/* The registry of guards. */
#include "server/gateway/guards.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/gateway/shelf.h"

#define MODELS_MOST 8192u /* from then on models share the guard of their deployment */
#define WATCHES     4u
#define MS          ((uint64_t)1000 * 1000)
#define HALF_LIFE   (10000 * MS)

struct guarded {
    struct shelf_item item; /* account and model */
    pthread_mutex_t lock;   /* of guard */
    struct guard guard;
    struct guarded_name name;
    struct guards *owner;
};

struct guards {
    struct shelf shelf;
    struct guards_watch watches[WATCHES];
    unsigned n_watches;
};

struct guard_options
guards_options(const struct config_resilience *c)
{
    return (struct guard_options){
        .breaker = { .failures = c->breaker_failures,
                     .open_ns = c->breaker_open * MS,
                     .open_most_ns = c->breaker_open_most * MS,
                     .probes = c->breaker_probes,
                     .successes = c->breaker_successes },
        .cooldown = { .ns = c->cooldown_time * MS,
                      .most_ns = c->cooldown_most * MS,
                      .permille = c->cooldown_share,
                      .requests = c->cooldown_requests,
                      .window_ns = c->cooldown_window * MS },
        .silence = { .calls = c->silence_calls, .least_ns = c->silence_least * MS },
        .half_life_ns = HALF_LIFE,
    };
}

struct guards *
guards_create(void)
{
    struct guards *g = calloc(1, sizeof *g);
    if (g)
        shelf_init(&g->shelf);
    return g;
}

static void
end(struct shelf_item *i)
{
    pthread_mutex_destroy(&((struct guarded *)i)->lock);
}

void
guards_destroy(struct guards *g)
{
    if (!g)
        return;
    shelf_fini(&g->shelf, end);
    free(g);
}

bool
guards_watch(struct guards *g, const struct guards_watch *w)
{
    if (g->n_watches == WATCHES)
        return false;
    g->watches[g->n_watches++] = *w;
    return true;
}

static void
on_changed(void *ctx, enum breaker_state from, enum breaker_state to)
{
    struct guarded *x = ctx;
    const struct guards *g = x->owner;
    for (unsigned i = 0; i < g->n_watches; i++)
        g->watches[i].changed(g->watches[i].ctx, &x->name, from, to);
}

/* An account begins with its deployment's name and a blank. */
static struct shelf_item *
make(void *ctx, struct shelf_key key)
{
    struct guarded *x = shelf_item_alloc(sizeof *x, key);
    if (!x)
        return NULL;
    struct str account = x->item.key.first;
    const char *blank = memchr(account.p, ' ', account.n);
    size_t n = blank ? (size_t)(blank - account.p) : account.n;
    x->name = (struct guarded_name){ account, str_make(account.p, n), x->item.key.second };
    x->owner = ctx;
    x->guard.breaker.changed = on_changed;
    x->guard.breaker.ctx = x;
    pthread_mutex_init(&x->lock, NULL);
    return &x->item;
}

static struct guarded *
find(struct guards *g, struct str account, struct str model)
{
    struct shelf_key own = { account, model }, shared = { account, STR("*") };
    struct shelf_item *i = shelf_find(&g->shelf, own, MODELS_MOST, make, g);
    if (!i)
        i = shelf_find(&g->shelf, shared, SHELF_MOST, make, g);
    return (struct guarded *)i;
}

struct guarded *
guards_find(struct guards *g, const struct deployment *d, struct str upstream_model)
{
    return find(g, d->account, upstream_model);
}

struct shown {
    void (*show)(void *ctx, struct guarded *x);
    void *ctx;
};

static void
show_item(void *ctx, struct shelf_item *i)
{
    const struct shown *s = ctx;
    s->show(s->ctx, (struct guarded *)i);
}

void
guards_each(struct guards *g, void (*show)(void *ctx, struct guarded *x), void *ctx)
{
    struct shown s = { show, ctx };
    shelf_each(&g->shelf, show_item, &s);
}

const struct guarded_name *
guarded_name(const struct guarded *x)
{
    return &x->name;
}

struct guard_view
guarded_view(struct guarded *x, const struct guard_options *o, uint64_t now)
{
    if (!x)
        return (struct guard_view){ .standing = GUARD_READY };
    pthread_mutex_lock(&x->lock);
    struct guard_view v = guard_view(&x->guard, o, now);
    pthread_mutex_unlock(&x->lock);
    return v;
}

struct rival_plan
guarded_rival(struct guarded *x, const struct hedge_options *o, bool probes)
{
    if (!x)
        return (struct rival_plan){ .cause = RIVAL_NONE };
    pthread_mutex_lock(&x->lock);
    struct rival_plan p = rival_plan(o, &x->guard.first, probes);
    pthread_mutex_unlock(&x->lock);
    return p;
}

bool
guarded_has_lost(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t began)
{
    if (!x)
        return false;
    pthread_mutex_lock(&x->lock);
    bool lost = guard_has_lost(&x->guard, o, now, began);
    pthread_mutex_unlock(&x->lock);
    return lost;
}

bool
guarded_begin(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t *ticket,
              enum guard_reason *why)
{
    if (!x)
        return true;
    pthread_mutex_lock(&x->lock);
    bool ok = guard_begin(&x->guard, o, now, ticket, why);
    pthread_mutex_unlock(&x->lock);
    return ok;
}

void
guarded_first(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t ns,
              const struct guard_quota *q)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    guard_first(&x->guard, o, now, ns);
    if (q)
        guard_learn(&x->guard, o, now, q);
    pthread_mutex_unlock(&x->lock);
}

void
guarded_put_off(struct guarded *x)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    guard_put_off(&x->guard);
    pthread_mutex_unlock(&x->lock);
}

void
guarded_made(struct guarded *x, uint64_t now)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    guard_made(&x->guard, now);
    pthread_mutex_unlock(&x->lock);
}

void
guarded_proven(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t *ticket)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    guard_proven(&x->guard, o, now, ticket);
    pthread_mutex_unlock(&x->lock);
}

void
guarded_done(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t ticket,
             const struct guard_report *end)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    guard_done(&x->guard, o, now, ticket, end);
    pthread_mutex_unlock(&x->lock);
}

enum guard_probe
guarded_probed(struct guarded *x, const struct guard_options *o, uint64_t now,
               const struct guard_thresholds *t, const struct guard_report *r, bool *changed)
{
    pthread_mutex_lock(&x->lock);
    enum guard_probe p = guard_probed(&x->guard, o, now, t, r, changed);
    pthread_mutex_unlock(&x->lock);
    return p;
}

struct guard_memory
guarded_remember(struct guarded *x, uint64_t now)
{
    pthread_mutex_lock(&x->lock);
    struct guard_memory m = guard_remember(&x->guard, now);
    pthread_mutex_unlock(&x->lock);
    return m;
}

void
guards_recall(struct guards *g, struct str account, struct str model, const struct guard_memory *m,
              uint64_t now)
{
    struct guarded *x = find(g, account, model);
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    guard_recall(&x->guard, m, now);
    pthread_mutex_unlock(&x->lock);
}
