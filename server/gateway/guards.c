/* The registry of guards: a hash table of pointers that only grows. */
#include "server/gateway/guards.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS       16384u
#define MODELS_MOST 8192u  /* from then on models share the guard of their deployment */
#define ALL_MOST    12288u /* from then on nothing is guarded */
#define WATCHES     4u
#define MS          ((uint64_t)1000 * 1000)
#define HALF_LIFE   (10000 * MS)

struct guarded {
    pthread_mutex_t lock; /* of guard */
    struct guard guard;
    struct guarded_name name;
    struct guards *owner;
    struct guarded *next; /* made after this one */
    uint64_t hash;
    char text[]; /* of the name */
};

struct guards {
    pthread_mutex_t lock; /* of what follows, when it is written */
    struct guarded *_Atomic slots[SLOTS];
    struct guarded *first, *last;
    unsigned n;
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
        .half_life_ns = HALF_LIFE,
    };
}

struct guards *
guards_create(void)
{
    struct guards *g = calloc(1, sizeof *g);
    if (g)
        pthread_mutex_init(&g->lock, NULL);
    return g;
}

void
guards_destroy(struct guards *g)
{
    if (!g)
        return;
    for (struct guarded *x = g->first, *next; x; x = next) {
        next = x->next;
        pthread_mutex_destroy(&x->lock);
        free(x);
    }
    pthread_mutex_destroy(&g->lock);
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

/* FNV-1a. */
static uint64_t
hash(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return h;
}

/* The slot where it is, or where it would be. */
static unsigned
probe(struct guards *g, uint64_t h, struct str account, struct str model, struct guarded **found)
{
    unsigned i = (unsigned)(h % SLOTS);
    for (;; i = (i + 1) % SLOTS) {
        struct guarded *x = atomic_load_explicit(&g->slots[i], memory_order_acquire);
        *found = x;
        if (!x
            || (x->hash == h && str_eq(x->name.model, model) && str_eq(x->name.account, account)))
            return i;
    }
}

static struct str
keep(char **at, struct str s)
{
    char *p = *at;
    if (s.n)
        memcpy(p, s.p, s.n);
    *at += s.n;
    return str_make(p, s.n);
}

static struct guarded *
make(struct guards *g, const struct deployment *d, struct str model, uint64_t h)
{
    struct str account = d->account, name = d->config->name;
    struct guarded *x = calloc(1, sizeof *x + account.n + name.n + model.n);
    if (!x)
        return NULL;
    char *at = x->text;
    x->name.account = keep(&at, account);
    x->name.deployment = keep(&at, name);
    x->name.model = keep(&at, model);
    x->owner = g;
    x->hash = h;
    x->guard.breaker.changed = on_changed;
    x->guard.breaker.ctx = x;
    pthread_mutex_init(&x->lock, NULL);
    return x;
}

/* With the lock: put it where others find it. */
static void
publish(struct guards *g, unsigned slot, struct guarded *x)
{
    atomic_store_explicit(&g->slots[slot], x, memory_order_release);
    if (g->last)
        g->last->next = x;
    else
        g->first = x;
    g->last = x;
    g->n++;
}

/* It was not there a moment ago. */
static struct guarded *
find_or_make(struct guards *g, const struct deployment *d, struct str model, uint64_t h,
             unsigned most)
{
    struct guarded *x;
    pthread_mutex_lock(&g->lock);
    unsigned slot = probe(g, h, d->account, model, &x);
    if (!x && g->n < most) {
        x = make(g, d, model, h);
        if (x)
            publish(g, slot, x);
    }
    pthread_mutex_unlock(&g->lock);
    return x;
}

struct guarded *
guards_find(struct guards *g, const struct deployment *d, struct str upstream_model)
{
    struct guarded *x;
    uint64_t h = hash(d->account_hash, upstream_model);
    probe(g, h, d->account, upstream_model, &x);
    if (!x)
        x = find_or_make(g, d, upstream_model, h, MODELS_MOST);
    if (!x && !str_is(upstream_model, "*"))
        x = find_or_make(g, d, STR("*"), hash(d->account_hash, STR("*")), ALL_MOST);
    return x;
}

void
guards_each(struct guards *g, void (*show)(void *ctx, struct guarded *x), void *ctx)
{
    pthread_mutex_lock(&g->lock);
    struct guarded *x = g->first, *last = g->last;
    pthread_mutex_unlock(&g->lock);
    while (x) {
        show(ctx, x);
        x = x == last ? NULL : x->next;
    }
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

uint64_t
guarded_first_quantile(struct guarded *x, unsigned permille)
{
    if (!x)
        return 0;
    pthread_mutex_lock(&x->lock);
    uint64_t ns = guard_first_quantile(&x->guard, permille);
    pthread_mutex_unlock(&x->lock);
    return ns;
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
guarded_done(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t ticket,
             const struct guard_report *end)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    guard_done(&x->guard, o, now, ticket, end);
    pthread_mutex_unlock(&x->lock);
}
