/* State at one moment. */
#include "server/gateway/measure_state.h"

#include <pthread.h>
#include <stdlib.h>

#include "server/gateway/clock.h"
#include "server/gateway/limits.h"
#include "server/gateway/webhook.h"
#include "server/gateway/worker.h"

/* --- breakers ------------------------------------------------------------------------------ */

struct measure_breakers {
    pthread_mutex_t mutex;       /* held to use the shard: breakers change seldom */
    struct metrics_shard *shard; /* borrowed */
};

static void
on_change(void *ctx, const struct guarded_name *name, enum breaker_state from,
          enum breaker_state to)
{
    struct measure_breakers *b = ctx;
    struct str labels[] = { name->deployment, str_from(breaker_state_name(to)) };
    (void)from;
    pthread_mutex_lock(&b->mutex);
    metrics_add(metrics_cell(b->shard, METRICS_OF_BREAKER, labels), METRICS_BREAKER_TRANSITIONS, 1);
    pthread_mutex_unlock(&b->mutex);
}

struct measure_breakers *
measure_breakers_create(struct metrics *m, struct guards *g)
{
    struct measure_breakers *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    pthread_mutex_init(&b->mutex, NULL);
    b->shard = metrics_join(m);
    if (b->shard && guards_watch(g, &(struct guards_watch){ on_change, b }))
        return b;
    measure_breakers_destroy(b);
    return NULL;
}

void
measure_breakers_destroy(struct measure_breakers *b)
{
    if (!b)
        return;
    metrics_leave(b->shard);
    pthread_mutex_destroy(&b->mutex);
    free(b);
}

/* --- deployments --------------------------------------------------------------------------- */

/* The guards of one deployment, looked through. */
struct survey {
    const struct deployment *deployment;
    const struct guard_options *options;
    uint64_t now;
    unsigned n, worse, shut; /* models; those that rest or are shut; those that are shut */
};

static void
survey_guard(void *ctx, struct guarded *x)
{
    struct survey *s = ctx;
    if (!str_eq(guarded_name(x)->account, s->deployment->account))
        return;
    struct guard_view v = guarded_view(x, s->options, s->now);
    s->n++;
    s->worse += v.standing != GUARD_READY;
    s->shut += v.standing == GUARD_SHUT;
}

/* 0: all its models can be asked; 1: not all; 2: none. */
static uint64_t
state_of(struct worker *w, const struct gateway *g, const struct deployment *d)
{
    struct survey s = { .deployment = d, .options = &g->guard_options, .now = clock_ns() };
    if (w->service->guards)
        guards_each(w->service->guards, survey_guard, &s);
    return s.n && s.shut == s.n ? 2 : s.worse > 0;
}

static void
write_deployments(struct exposition *e, struct worker *w, const struct gateway *g)
{
    static const struct metrics_family state = {
        .name = "llmux_deployment_state",
        .help =
            "0: all models of the deployment can be asked; 1: some rest after failures; 2: none "
            "can be asked.",
        .type = METRICS_GAUGE
    };
    static const char *const names[] = { "deployment", "provider" };
    exposition_family(e, &state);
    for (unsigned i = 0; i < g->config->n_providers; i++) {
        const struct deployment *d = &g->deployments[i];
        struct str labels[] = { d->config->name, d->config->type };
        exposition_value(e, names, labels, 2, state_of(w, g, d));
    }
}

/* The guards of one deployment, told of one by one, but for those of names that clients have made up (a wildcard takes any):
 * they would be as many series as clients like, with whatever clients write.  What is known of them is told as that of the
 * model `*`. */
struct roll {
    struct exposition *e;
    const struct deployment *deployment;
    const struct guard_options *options;
    uint64_t now;
    /* Of made-up names: the least that is left, and of each number the greatest, as one probe is told to all of them. */
    struct guard_quota quota;
    struct guard_health health;
};

static bool
is_mine(const struct roll *r, const struct guarded *x)
{
    return str_eq(guarded_name(x)->account, r->deployment->account);
}

/* Does the config say this name? */
static bool
is_named(const struct roll *r, struct str model)
{
    const struct config_provider *c = r->deployment->config;
    bool named = false;
    for (unsigned i = 0; i < c->n_models && !named; i++) {
        const struct config_model *m = &c->models[i];
        struct str upstream = m->upstream.p ? m->upstream : m->name;
        named = str_eq(upstream, model) && !memchr(upstream.p, '*', upstream.n);
    }
    return named;
}

/* Are there made-up names at all?  Else they are those of an older config. */
static bool
is_wild(const struct roll *r)
{
    bool wild = false;
    for (unsigned i = 0; i < r->deployment->config->n_models; i++)
        wild |= r->deployment->config->models[i].wildcard;
    return wild;
}

static void
put_quota(const struct roll *r, struct str model, const struct guard_quota *q)
{
    static const char *const names[] = { "deployment", "provider", "model", "unit" };
    const struct config_provider *c = r->deployment->config;
    struct str labels[] = { c->name, c->type, model, STR("requests") };
    if (q->requests.told)
        exposition_value(r->e, names, labels, 4, q->requests.n);
    labels[3] = STR("tokens");
    if (q->tokens.told)
        exposition_value(r->e, names, labels, 4, q->tokens.n);
}

static void
keep_least(struct guard_left *to, const struct guard_left *left)
{
    if (left->told && (!to->told || left->n < to->n))
        *to = *left;
}

/* What the providers have said of their limits last. */
static void
write_quota(void *ctx, struct guarded *x)
{
    struct roll *r = ctx;
    if (!is_mine(r, x))
        return;
    const struct guard_quota q = guarded_view(x, r->options, r->now).quota;
    if (is_named(r, guarded_name(x)->model)) {
        put_quota(r, guarded_name(x)->model, &q);
        return;
    }
    keep_least(&r->quota.requests, &q.requests);
    keep_least(&r->quota.tokens, &q.tokens);
}

static void
write_quotas(struct exposition *e, struct worker *w, const struct gateway *g)
{
    static const struct metrics_family left = {
        .name = "llmux_provider_limit_remaining",
        .help = "Requests and tokens that a provider's newest reply said are left of its limits.",
        .type = METRICS_GAUGE
    };
    exposition_family(e, &left);
    for (unsigned i = 0; w->service->guards && i < g->config->n_providers; i++) {
        struct roll r = { .e = e,
                          .deployment = &g->deployments[i],
                          .options = &g->guard_options,
                          .now = clock_ns() };
        guards_each(w->service->guards, write_quota, &r);
        if (is_wild(&r))
            put_quota(&r, STR("*"), &r.quota);
    }
}

static void
put_checks(const struct roll *r, struct str model, const struct guard_health *h)
{
    static const char *const names[] = { "deployment", "provider", "model", "outcome" };
    const struct config_provider *c = r->deployment->config;
    struct str labels[] = { c->name, c->type, model, STR("ok") };
    if (!h->at)
        return;
    exposition_value(r->e, names, labels, 4, h->ok);
    labels[3] = STR("failed");
    exposition_value(r->e, names, labels, 4, h->failed);
    labels[3] = STR("refused");
    exposition_value(r->e, names, labels, 4, h->refused);
}

static void
keep_most(uint64_t *to, uint64_t n)
{
    *to = n > *to ? n : *to;
}

static void
write_checked(void *ctx, struct guarded *x)
{
    struct roll *r = ctx;
    if (!is_mine(r, x))
        return;
    const struct guard_health h = guarded_view(x, r->options, r->now).health;
    if (is_named(r, guarded_name(x)->model)) {
        put_checks(r, guarded_name(x)->model, &h);
        return;
    }
    keep_most(&r->health.at, h.at);
    keep_most(&r->health.ok, h.ok);
    keep_most(&r->health.failed, h.failed);
    keep_most(&r->health.refused, h.refused);
}

static void
write_checks(struct exposition *e, struct worker *w, const struct gateway *g)
{
    static const struct metrics_family checks = {
        .name = "llmux_health_checks",
        .help = "Probes of deployments, by what they showed; no client's request is among them.",
        .type = METRICS_COUNTER
    };
    exposition_family(e, &checks);
    for (unsigned i = 0; w->service->guards && i < g->config->n_providers; i++) {
        struct roll r = { .e = e,
                          .deployment = &g->deployments[i],
                          .options = &g->guard_options,
                          .now = clock_ns() };
        guards_each(w->service->guards, write_checked, &r);
        if (is_wild(&r))
            put_checks(&r, STR("*"), &r.health);
    }
}

static void
write_webhook(struct exposition *e, struct worker *w)
{
    static const struct metrics_family told = {
        .name = "llmux_webhook_deliveries",
        .help = "Changes of breakers and health checks that the webhook was told, that it did not "
                "take, and that were dropped because too many waited.",
        .type = METRICS_COUNTER
    };
    static const char *const names[] = { "outcome" };
    static const struct str outcomes[] = { STR_INIT("sent"), STR_INIT("failed"),
                                           STR_INIT("dropped") };
    if (!w->service->webhook)
        return;
    struct webhook_counts c = webhook_counts(w->service->webhook);
    const uint64_t values[] = { c.sent, c.failed, c.dropped };
    exposition_family(e, &told);
    for (unsigned i = 0; i < 3; i++)
        exposition_value(e, names, &outcomes[i], 1, values[i]);
}

/* --- queues -------------------------------------------------------------------------------- */

#define KINDS (LIMITS_DEPLOYMENT + 1)

struct queues {
    const struct gateway *gateway;
    uint64_t now;
    uint64_t waiting[KINDS];
};

static const struct limiter_options *
options_of(const struct gateway *g, enum limits_kind kind, struct str name)
{
    for (unsigned i = 0; kind == LIMITS_DEPLOYMENT && i < g->config->n_providers; i++)
        if (str_eq(g->deployments[i].account, name))
            return &g->deployments[i].limits;
    return restraint_of(&g->restraint, kind, name);
}

static void
add_queue(void *ctx, enum limits_kind kind, struct str name, struct limited *x)
{
    struct queues *q = ctx;
    const struct limiter_options *o = options_of(q->gateway, kind, name);
    if (o && limits_any(o))
        q->waiting[kind] += limits_view(x, o, q->now).waiting;
}

static void
write_queues(struct exposition *e, struct worker *w, const struct gateway *g)
{
    static const struct metrics_family depth = { .name = "llmux_queue_depth",
                                                 .help = "Requests that wait for a place within a "
                                                         "limit, by whose it is.",
                                                 .type = METRICS_GAUGE };
    static const char *const names[] = { "limit" };
    struct queues q = { .gateway = g, .now = clock_ns() };
    if (w->service->limits)
        limits_each(w->service->limits, add_queue, &q);
    exposition_family(e, &depth);
    for (unsigned i = 0; i < KINDS; i++) {
        struct str label = str_from(limits_kind_name((enum limits_kind)i));
        exposition_value(e, names, &label, 1, q.waiting[i]);
    }
}

static void
write_shed(struct exposition *e, struct worker *w)
{
    static const struct metrics_family refused = {
        .name = "llmux_overload_refused_requests",
        .help = "Requests that were refused because a worker's loop was late, by their priority.",
        .type = METRICS_COUNTER
    };
    static const struct metrics_family workers = { .name = "llmux_overloaded_workers",
                                                   .help = "Workers that refuse some requests now, "
                                                           "because their loop is late.",
                                                   .type = METRICS_GAUGE };
    static const char *const names[] = { "priority" };
    static const struct str priorities[SEMAPHORE_PRIORITIES] = {
        [SEMAPHORE_LOW] = STR_INIT("low"),
        [SEMAPHORE_NORMAL] = STR_INIT("normal"),
        [SEMAPHORE_HIGH] = STR_INIT("high"),
    };
    struct service *s = w->service;
    exposition_family(e, &refused);
    for (unsigned i = 0; i < SEMAPHORE_PRIORITIES; i++)
        exposition_value(e, names, &priorities[i], 1, atomic_load(&s->shed[i]));
    exposition_family(e, &workers);
    exposition_value(e, NULL, NULL, 0, atomic_load(&s->late_workers));
}

void
measure_state_write(struct exposition *e, struct worker *w)
{
    const struct gateway *g = worker_gateway(w);
    write_deployments(e, w, g);
    write_quotas(e, w, g);
    write_checks(e, w, g);
    write_webhook(e, w);
    write_queues(e, w, g);
    write_shed(e, w);
}
