/* Timers, probes and what they are told to. */
#include "server/gateway/health.h"

#include <stdlib.h>

#include "runtime/ir/reply.h"
#include "server/gateway/aside.h"
#include "server/gateway/clock.h"
#include "server/gateway/probe.h"
#include "server/gateway/webhook.h"
#include "server/log/log.h"

#define MS       ((uint64_t)1000 * 1000)
#define LEAST_MS 10u /* between two probes of a unit */

/* What is probed by one call: all models of it get what that shows. */
struct unit {
    struct health *health;
    struct probe probe;
    struct event *timer;     /* owned */
    struct guarded **guards; /* owned; of models with names */
    unsigned n;
    bool wild; /* and those of names that clients make up */
};

struct health {
    struct service *service; /* borrowed */
    struct aside aside;
    _Atomic(struct gateway *) mail; /* owned: a snapshot to be taken over; NULL: none */

    struct lease *lease; /* the thread's, as is all that follows */
    struct unit *units;
    unsigned n;
    struct dice dice;
};

/* --- guards ---------------------------------------------------------------------------------- */

/* A look at all guards of a unit. */
struct survey {
    struct unit *unit;
    void (*look)(struct survey *s, struct guarded *x);
    uint64_t now;
    const struct guard_report *report;
    bool answered; /* somebody got a good reply within the interval */
    bool worse;    /* not all are ready */
};

static bool
is_named(const struct unit *u, const struct guarded *x)
{
    for (unsigned i = 0; i < u->n; i++)
        if (u->guards[i] == x)
            return true;
    return false;
}

static void
look_at_made_up(void *ctx, struct guarded *x)
{
    struct survey *s = ctx;
    const struct unit *u = s->unit;
    if (str_eq(guarded_name(x)->account, u->probe.deployment->account) && !is_named(u, x))
        s->look(s, x);
}

static void
survey(struct survey *s)
{
    const struct unit *u = s->unit;
    for (unsigned i = 0; i < u->n; i++)
        s->look(s, u->guards[i]);
    if (u->wild)
        guards_each(u->health->service->guards, look_at_made_up, s);
}

static const struct guard_options *
options_of(const struct unit *u)
{
    return &u->health->lease->gateway->guard_options;
}

static void
look(struct survey *s, struct guarded *x)
{
    uint64_t interval = s->unit->probe.options->interval * MS;
    struct guard_view v = guarded_view(x, options_of(s->unit), s->now);
    s->answered |= v.answered && s->now - v.answered < interval;
    s->worse |= v.standing != GUARD_READY || v.breaker != BREAKER_CLOSED || v.health.bad > 0;
}

static void
tell_log(const struct unit *u, struct guarded *x, enum guard_probe how,
         const struct guard_report *r)
{
    struct log_line l;
    bool bad = how == GUARD_PROBE_BAD;
    if (!log_begin(u->health->service->log, &l, bad ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "health"))
        return;
    log_str(&l, "provider", guarded_name(x)->deployment);
    log_str(&l, "upstream_model", guarded_name(x)->model);
    log_str(&l, "to", bad ? STR("failing") : STR("well"));
    if (bad)
        log_str(&l, "error", str_from(ir_fault_name(r->fault)));
    if (r->status)
        log_int(&l, "status", (uint64_t)r->status);
    log_end(&l);
}

static void
tell(struct survey *s, struct guarded *x)
{
    const struct config_health *c = s->unit->probe.options;
    const struct guard_thresholds t = { .good = c->healthy,
                                        .bad = c->unhealthy,
                                        .heals = c->by == CONFIG_PROBE_REQUEST,
                                        .keep_ns = 3 * (c->interval + c->timeout) * MS };
    bool changed;
    enum guard_probe how = guarded_probed(x, options_of(s->unit), s->now, &t, s->report, &changed);
    if (!changed)
        return;
    bool bad = how == GUARD_PROBE_BAD;
    tell_log(s->unit, x, how, s->report);
    webhook_put(s->unit->health->service->webhook, "health", guarded_name(x),
                bad ? "well" : "failing", bad ? "failing" : "well");
}

/* --- units ----------------------------------------------------------------------------------- */

static void
arm(struct unit *u, uint64_t ms)
{
    ms = ms > LEAST_MS ? ms : LEAST_MS;
    struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000 };
    event_add(u->timer, &tv);
}

/* The interval, give or take the jitter. */
static void
arm_next(struct unit *u)
{
    const struct config_health *c = u->probe.options;
    uint64_t span = c->interval * c->jitter / 1000;
    arm(u, c->interval - span + dice_below(&u->health->dice, 2 * span + 1));
}

/* Nothing was shown, for a reason of ours. */
static void
note_unprobed(struct unit *u, const struct fault *f)
{
    log_msg(u->health->service->log, LOG_LEVEL_WARN, "health", "%.*s cannot be probed: %s",
            STR_ARG(u->probe.deployment->config->name), f->text);
    arm_next(u);
}

static void
on_done(struct probe *p, const struct guard_report *r, const struct fault *f)
{
    struct survey s = { .unit = p->ctx, .look = tell, .now = clock_ns(), .report = r };
    if (!r) {
        note_unprobed(s.unit, f);
        return;
    }
    survey(&s);
    arm_next(s.unit);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct unit *u = ctx;
    struct survey s = { .unit = u, .look = look, .now = clock_ns() };
    struct fault f = { .err = ERR_OK };
    (void)fd, (void)what;
    survey(&s);
    if (u->probe.options->idle_only && s.answered && !s.worse) {
        arm_next(u);
        return;
    }
    if (probe_start(&u->probe, u->health->lease, u->health->aside.upstream, &f))
        return;
    note_unprobed(u, &f);
}

static void
end_units(struct health *h)
{
    for (unsigned i = 0; i < h->n; i++) {
        probe_fini(&h->units[i].probe);
        event_free(h->units[i].timer);
        free(h->units[i].guards);
    }
    free(h->units);
    h->units = NULL;
    h->n = 0;
}

static bool
is_alike(const struct config_health *a, const struct config_health *b)
{
    return a->interval == b->interval && a->timeout == b->timeout && a->by == b->by
           && str_eq(a->path, b->path) && a->healthy == b->healthy && a->unhealthy == b->unhealthy
           && a->jitter == b->jitter && a->idle_only == b->idle_only;
}

/* The unit that a model belongs to: one that is there, or a new one; NULL when there is no memory. */
static struct unit *
unit_for(struct health *h, const struct deployment *d, const struct config_model *m)
{
    bool list = m->health.by == CONFIG_PROBE_LIST;
    for (unsigned i = 0; list && i < h->n; i++)
        if (h->units[i].probe.deployment == d && !h->units[i].probe.model.p
            && is_alike(h->units[i].probe.options, &m->health))
            return &h->units[i];
    struct unit *u = &h->units[h->n];
    *u = (struct unit){ .health = h };
    u->guards = calloc(d->config->n_models, sizeof *u->guards);
    u->timer = evtimer_new(h->aside.base, on_timer, u);
    if (!u->guards || !u->timer) {
        free(u->guards);
        if (u->timer)
            event_free(u->timer);
        return NULL;
    }
    probe_init(&u->probe);
    u->probe.deployment = d;
    u->probe.options = &m->health;
    u->probe.model = list ? (struct str){ NULL, 0 } : m->upstream;
    u->probe.done = on_done;
    u->probe.ctx = u;
    arm(u, dice_below(&h->dice, m->health.interval)); /* not all at once */
    h->n++;
    return u;
}

static bool
is_checked(const struct config_model *m)
{
    return m->health.interval && (m->health.by == CONFIG_PROBE_LIST || !m->wildcard);
}

static void
note_no_memory(const struct health *h)
{
    log_msg(h->service->log, LOG_LEVEL_ERROR, "health", "out of memory: not all is probed");
}

static void
add_model(struct health *h, const struct deployment *d, const struct config_model *m)
{
    if (!is_checked(m))
        return;
    struct unit *u = unit_for(h, d, m);
    if (!u) {
        note_no_memory(h);
        return;
    }
    if (m->wildcard) {
        u->wild = true;
        return;
    }
    struct guarded *x = guards_find(h->service->guards, d, m->upstream);
    if (x && !is_named(u, x))
        u->guards[u->n++] = x;
}

static void
make_units(struct health *h)
{
    const struct gateway *g = h->lease->gateway;
    unsigned most = 0;
    for (unsigned i = 0; i < g->config->n_providers; i++)
        most += g->config->providers[i].n_models;
    h->units = calloc(most + 1, sizeof *h->units);
    if (!h->units)
        note_no_memory(h);
    for (unsigned i = 0; h->units && i < g->config->n_providers; i++)
        for (unsigned k = 0; k < g->config->providers[i].n_models; k++)
            add_model(h, &g->deployments[i], &g->config->providers[i].models[k]);
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Take over what is in the mail. */
static void
on_order(void *ctx)
{
    struct health *h = ctx;
    struct gateway *g = atomic_exchange(&h->mail, NULL);
    if (!g)
        return;
    struct lease *l = lease_create(g, h->aside.upstream, h->lease);
    if (!l) {
        log_msg(h->service->log, LOG_LEVEL_ERROR, "health", "out of memory");
        return;
    }
    end_units(h);
    lease_drop(h->lease);
    h->lease = l;
    make_units(h);
}

static void
on_end(void *ctx)
{
    struct health *h = ctx;
    end_units(h);
    lease_drop(h->lease);
    h->lease = NULL;
}

/* --- from other threads ---------------------------------------------------------------------- */

struct health *
health_create(struct service *s)
{
    struct health *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->service = s;
    dice_init(&h->dice, clock_wall_us());
    if (aside_init(&h->aside, on_order, on_end, h))
        return h;
    free(h);
    return NULL;
}

static bool
wants_checks(const struct config *c)
{
    for (unsigned i = 0; i < c->n_providers; i++)
        for (unsigned k = 0; k < c->providers[i].n_models; k++)
            if (is_checked(&c->providers[i].models[k]))
                return true;
    return false;
}

void
health_adopt(struct health *h, struct gateway *g)
{
    bool wanted = h->service->guards && wants_checks(g->config) && !aside_is_stopped(&h->aside);
    if (!h->aside.started && (!wanted || !aside_start(&h->aside))) {
        if (wanted)
            log_msg(h->service->log, LOG_LEVEL_ERROR, "health", "no thread can be had");
        gateway_drop(g);
        return;
    }
    gateway_drop(atomic_exchange(&h->mail, g));
    aside_poke(&h->aside);
}

void
health_stop(struct health *h)
{
    if (h)
        aside_stop(&h->aside);
}

void
health_destroy(struct health *h)
{
    if (!h)
        return;
    aside_join(&h->aside);
    gateway_drop(atomic_load(&h->mail));
    aside_fini(&h->aside);
    free(h);
}
