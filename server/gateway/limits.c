/* Limiters that threads share. */
#include "server/gateway/limits.h"

#include <stddef.h>
#include <stdlib.h>

#include "server/gateway/shelf.h"

/* Clients make up who they are, and what models are called that a wildcard takes: from then on each kind shares one, so
 * that there is room for what the config names. */
#define MADE_UP_MOST 8192u
#define MS           ((uint64_t)1000 * 1000)

struct limited {
    struct shelf_item item; /* kind and name */
    pthread_mutex_t lock;   /* of what follows, and of the places of its holds */
    enum limits_kind kind;
    struct limiter limiter;
    struct budget retries, hedges; /* calls */
    struct budget hedged;          /* tokens */
};

struct limits {
    struct shelf shelf;
};

static const char *const kinds[] = {
    [LIMITS_GATEWAY] = "gateway",
    [LIMITS_CLIENT] = "client",
    [LIMITS_MODEL] = "model",
    [LIMITS_DEPLOYMENT] = "deployment",
};

const char *
limits_kind_name(enum limits_kind k)
{
    return kinds[k];
}

struct limiter_options
limits_options(const struct config_limits *c)
{
    return (struct limiter_options){
        .requests = { c->requests, c->request_burst ? c->request_burst : c->requests },
        .tokens = { c->tokens, c->token_burst ? c->token_burst : c->tokens },
        .parallel = c->parallel,
        .queue = c->queue,
        .wait_ns = c->wait * MS,
        .lasting = c->lasting,
        .adapts = c->adaptive_most > 0,
        .adaptive = { c->adaptive_least, c->adaptive_most, c->adaptive_tolerance },
    };
}

bool
limits_any(const struct limiter_options *o)
{
    return o->requests.per_minute || o->tokens.per_minute || o->parallel || o->adapts;
}

struct limits *
limits_create(void)
{
    struct limits *l = calloc(1, sizeof *l);
    if (l)
        shelf_init(&l->shelf);
    return l;
}

static void
end(struct shelf_item *i)
{
    pthread_mutex_destroy(&((struct limited *)i)->lock);
}

void
limits_destroy(struct limits *l)
{
    if (!l)
        return;
    shelf_fini(&l->shelf, end);
    free(l);
}

static struct shelf_item *
make(void *ctx, struct shelf_key key)
{
    struct limited *x = shelf_item_alloc(sizeof *x, key);
    if (!x)
        return NULL;
    x->kind = *(const enum limits_kind *)ctx;
    pthread_mutex_init(&x->lock, NULL);
    return &x->item;
}

struct limited *
limits_find(struct limits *l, enum limits_kind kind, struct str name)
{
    bool made_up = kind == LIMITS_CLIENT || kind == LIMITS_MODEL;
    unsigned most = made_up ? MADE_UP_MOST : SHELF_MOST;
    struct shelf_key own = { str_from(kinds[kind]), name };
    struct shelf_key shared = { str_from(kinds[kind]), STR("*") };
    struct shelf_item *i = shelf_find(&l->shelf, own, most, make, &kind);
    if (!i)
        i = shelf_find(&l->shelf, shared, SHELF_MOST, make, &kind);
    return (struct limited *)i;
}

struct shown {
    void (*show)(void *ctx, enum limits_kind kind, struct str name, struct limited *x);
    void *ctx;
};

static void
show_item(void *ctx, struct shelf_item *i)
{
    const struct shown *s = ctx;
    struct limited *x = (struct limited *)i;
    s->show(s->ctx, x->kind, i->key.second, x);
}

void
limits_each(struct limits *l,
            void (*show)(void *ctx, enum limits_kind kind, struct str name, struct limited *x),
            void *ctx)
{
    struct shown s = { show, ctx };
    shelf_each(&l->shelf, show_item, &s);
}

/* --- places -------------------------------------------------------------------------------- */

static struct limits_hold *
hold_of(struct semaphore_waiter *w)
{
    return (struct limits_hold *)w;
}

enum semaphore_answer
limits_enter(struct limits_hold *h, struct limited *x, const struct limiter_options *o,
             uint64_t now, uint64_t tokens, enum semaphore_priority priority,
             struct limiter_refusal *no)
{
    struct semaphore_waiter *displaced;
    if (!x)
        return SEMAPHORE_IN;
    h->waiter.priority = priority;
    h->options = o;
    h->since = now;
    pthread_mutex_lock(&x->lock);
    enum semaphore_answer a = limiter_enter(&x->limiter, o, now, tokens, &h->waiter, &displaced,
                                            no);
    if (displaced) {
        hold_of(displaced)->place = LIMITS_DISPLACED;
        bell_put(&hold_of(displaced)->note);
    }
    if (a != SEMAPHORE_FULL) {
        h->limited = x;
        h->place = a == SEMAPHORE_IN ? LIMITS_IN : LIMITS_WAITS;
    }
    pthread_mutex_unlock(&x->lock);
    return a;
}

/* With the lock. */
static void
give_out(struct limited *x, const struct limiter_options *o, uint64_t now)
{
    struct semaphore_waiter *w;
    while ((w = limiter_next(&x->limiter, o, now))) {
        hold_of(w)->place = LIMITS_IN;
        hold_of(w)->since = now;
        bell_put(&hold_of(w)->note);
    }
}

void
limits_leave(struct limits_hold *h, uint64_t now, struct limiter_report r)
{
    struct limited *x = h->limited;
    if (!x)
        return;
    r.guessed = h->waiter.cost;
    pthread_mutex_lock(&x->lock);
    switch (h->place) {
    case LIMITS_OUT:
    case LIMITS_DISPLACED:
        break;
    case LIMITS_WAITS:
        limiter_quit(&x->limiter, h->options, now, &h->waiter);
        break;
    case LIMITS_IN:
        r.hold_ns = now - h->since;
        limiter_leave(&x->limiter, h->options, now, &r);
        give_out(x, h->options, now);
        break;
    }
    h->place = LIMITS_OUT;
    if (h->note.put) /* that is done with the lock */
        bell_cancel(&h->note);
    pthread_mutex_unlock(&x->lock);
    h->limited = NULL;
}

void
limits_learn(struct limits_hold *h, uint64_t now, const struct guard_quota *q)
{
    struct limited *x = h->limited;
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    if (q->requests.told)
        bucket_cap(&x->limiter.requests, &h->options->requests, now, q->requests.n);
    if (q->tokens.told)
        bucket_cap(&x->limiter.tokens, &h->options->tokens, now, q->tokens.n);
    pthread_mutex_unlock(&x->lock);
}

void
limits_tell(struct bell_note *n)
{
    struct limits_hold *h = (struct limits_hold *)((char *)n - offsetof(struct limits_hold, note));
    h->told(h->ctx);
}

/* --- what else is asked -------------------------------------------------------------------- */

struct limiter_view
limits_view(struct limited *x, const struct limiter_options *o, uint64_t now)
{
    if (!x)
        return (struct limiter_view){ .reason = LIMITER_FINE };
    pthread_mutex_lock(&x->lock);
    struct limiter_view v = limiter_view(&x->limiter, o, now);
    pthread_mutex_unlock(&x->lock);
    return v;
}

uint64_t
limits_estimate(struct limited *x, const struct limiter_options *o)
{
    pthread_mutex_lock(&x->lock);
    uint64_t ns = limiter_estimate(&x->limiter, o);
    pthread_mutex_unlock(&x->lock);
    return ns;
}

void
limits_count_retry(struct limited *x, const struct budget_options *o, uint64_t now)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    budget_count(&x->retries, o, now, 1);
    pthread_mutex_unlock(&x->lock);
}

bool
limits_spend_retry(struct limited *x, const struct budget_options *o, uint64_t now)
{
    if (!x)
        return true;
    pthread_mutex_lock(&x->lock);
    bool ok = budget_spend(&x->retries, o, now, 1);
    pthread_mutex_unlock(&x->lock);
    return ok;
}

void
limits_count_hedge(struct limited *x, const struct budget_options *o, uint64_t now, uint64_t tokens)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    budget_count(&x->hedges, o, now, 1);
    budget_count(&x->hedged, o, now, tokens);
    pthread_mutex_unlock(&x->lock);
}

static struct rival_purse
purse_of(struct limited *x)
{
    return (struct rival_purse){ &x->retries, &x->hedges, &x->hedged };
}

bool
limits_affords(struct limited *x, const struct rival_rates *o, enum rival_cause cause, uint64_t now,
               uint64_t tokens)
{
    if (!x)
        return cause != RIVAL_NONE;
    const struct rival_purse p = purse_of(x);
    pthread_mutex_lock(&x->lock);
    bool ok = rival_is_affordable(&p, o, cause, now, tokens);
    pthread_mutex_unlock(&x->lock);
    return ok;
}

void
limits_book(struct limited *x, const struct rival_rates *o, enum rival_cause cause, uint64_t now,
            uint64_t tokens)
{
    if (!x)
        return;
    const struct rival_purse p = purse_of(x);
    pthread_mutex_lock(&x->lock);
    rival_book(&p, o, cause, now, tokens);
    pthread_mutex_unlock(&x->lock);
}

struct limiter_memory
limits_remember(struct limited *x, uint64_t now)
{
    pthread_mutex_lock(&x->lock);
    struct limiter_memory m = limiter_remember(&x->limiter, now);
    pthread_mutex_unlock(&x->lock);
    return m;
}

void
limits_recall(struct limits *l, enum limits_kind kind, struct str name,
              const struct limiter_memory *m, uint64_t now)
{
    struct limited *x = limits_find(l, kind, name);
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    limiter_recall(&x->limiter, m, now);
    pthread_mutex_unlock(&x->lock);
}
