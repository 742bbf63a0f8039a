/* The state in JSON. */
#include "server/gateway/admin_state.h"

#include "runtime/ir/reply.h"
#include "server/gateway/clock.h"
#include "server/gateway/reload.h"
#include "server/gateway/worker.h"

#define MS ((uint64_t)1000 * 1000)

static void
put_str(struct jw *j, const char *key, struct str value)
{
    jw_key(j, str_from(key));
    jw_string(j, value);
}

static void
put_int(struct jw *j, const char *key, uint64_t value)
{
    jw_key(j, str_from(key));
    jw_int(j, (int64_t)value);
}

/* --- guards -------------------------------------------------------------------------------- */

/* One call of guards_each: those of one account. */
struct showing {
    const struct deployment *d;
    struct jw *j;
    const struct guard_options *options;
    uint64_t now;
};

static void
put_failure(struct jw *j, const struct guard_failure *f, uint64_t now)
{
    if (f->fault == IR_FAULT_UNSET)
        return;
    jw_key(j, STR("last_failure"));
    jw_object(j);
    put_str(j, "error", str_from(ir_fault_name(f->fault)));
    if (f->status)
        put_int(j, "status", (uint64_t)f->status);
    put_int(j, "ago_ms", (now - f->at) / MS);
    jw_close(j);
}

/* As the provider said it last. */
static void
put_quota(struct jw *j, const struct guard_quota *q)
{
    if (!q->requests.told && !q->tokens.told)
        return;
    jw_key(j, STR("left"));
    jw_object(j);
    if (q->requests.told)
        put_int(j, "requests", q->requests.n);
    if (q->tokens.told)
        put_int(j, "tokens", q->tokens.n);
    jw_close(j);
}

static void
put_health(struct jw *j, const struct guard_health *h, uint64_t now)
{
    if (!h->at)
        return;
    jw_key(j, STR("health"));
    jw_object(j);
    put_str(j, "state", h->sick ? STR("failing") : STR("well"));
    put_int(j, "ok", h->ok);
    put_int(j, "failed", h->failed);
    put_int(j, "refused", h->refused);
    put_int(j, "ago_ms", (now - h->at) / MS);
    jw_close(j);
}

static void
put_load(struct jw *j, const struct guard_view *v)
{
    put_int(j, "running", v->running);
    put_int(j, "requests", v->requests);
    put_int(j, "failures", v->failures);
    put_int(j, "rate_limited", v->told_429);
    put_int(j, "requests_a_minute", v->requests_a_minute);
    put_int(j, "tokens_a_minute", v->tokens_a_minute);
    if (v->first_ns)
        put_int(j, "first_byte_ms", v->first_ns / MS);
    if (v->whole_ns)
        put_int(j, "whole_ms", v->whole_ns / MS);
}

static void
show(void *ctx, struct guarded *x)
{
    const struct showing *s = ctx;
    const struct guarded_name *name = guarded_name(x);
    if (!str_eq(name->account, s->d->account))
        return;
    struct guard_view v = guarded_view(x, s->options, s->now);
    if (v.requests == 0 && v.running == 0 && !v.health.at && v.standing == GUARD_READY)
        return; /* nothing is known of it yet */
    jw_object(s->j);
    put_str(s->j, "model", name->model);
    put_str(s->j, "standing", str_from(guard_standing_name(v.standing)));
    if (v.reason != GUARD_FINE)
        put_str(s->j, "why", str_from(guard_reason_text(v.reason)));
    if (v.until > s->now)
        put_int(s->j, "for_ms", (v.until - s->now) / MS);
    put_str(s->j, "breaker", str_from(breaker_state_name(v.breaker)));
    put_int(s->j, "failed_in_row", v.failed_in_row);
    put_int(s->j, "failing_permille", v.failing_permille);
    put_load(s->j, &v);
    put_quota(s->j, &v.quota);
    put_health(s->j, &v.health, s->now);
    put_failure(s->j, &v.failure, s->now);
    jw_close(s->j);
}

/* --- limits -------------------------------------------------------------------------------- */

static void
put_limit(struct jw *j, const char *key, const struct limiter_view *v)
{
    jw_key(j, str_from(key));
    jw_object(j);
    if (v->reason != LIMITER_FINE)
        put_str(j, "why", str_from(limiter_reason_text(v->reason)));
    put_int(j, "running", v->running);
    put_int(j, "waiting", v->waiting);
    if (v->parallel)
        put_int(j, "parallel", v->parallel);
    if (v->wait_ns)
        put_int(j, "wait_ms", v->wait_ns / MS);
    put_int(j, "entered", v->entered);
    put_int(j, "refused", v->refused);
    jw_close(j);
}

/* One call of limits_each: all but those of deployments, which stand there. */
struct limiting {
    const struct gateway *g;
    struct jw *j;
};

static void
show_limit(void *ctx, enum limits_kind kind, struct str name, struct limited *x)
{
    const struct limiting *s = ctx;
    const struct limiter_options *o = restraint_of(&s->g->restraint, kind, name);
    if (!o || !limits_any(o))
        return;
    struct limiter_view v = limits_view(x, o, clock_ns());
    jw_object(s->j);
    put_str(s->j, "of", str_from(limits_kind_name(kind)));
    if (kind != LIMITS_GATEWAY)
        put_str(s->j, "name", name);
    put_limit(s->j, "now", &v);
    jw_close(s->j);
}

static void
put_limits(struct worker *w, const struct gateway *g, struct jw *j)
{
    struct limiting s = { g, j };
    jw_key(j, STR("limits"));
    jw_array(j);
    if (w->service->limits)
        limits_each(w->service->limits, show_limit, &s);
    jw_close(j);
}

/* --- deployments --------------------------------------------------------------------------- */

static void
put_deployment(struct worker *w, const struct gateway *g, const struct deployment *d, struct jw *j)
{
    const struct config_provider *c = d->config;
    struct showing s = { d, j, &g->guard_options, clock_ns() };
    jw_object(j);
    put_str(j, "name", c->name);
    put_str(j, "type", c->type);
    jw_key(j, STR("models"));
    jw_array(j);
    for (unsigned i = 0; i < c->n_models; i++)
        jw_string(j, c->models[i].name);
    jw_close(j);
    if (d->limited) {
        struct limiter_view v = limits_view(d->limited, &d->limits, s.now);
        put_limit(j, "limit", &v);
    }
    jw_key(j, STR("state")); /* of models that were asked for */
    jw_array(j);
    if (w->service->guards)
        guards_each(w->service->guards, show, &s);
    jw_close(j);
    jw_close(j);
}

void
admin_state_put_config(struct worker *w, const struct gateway *g, struct jw *j)
{
    const char *path = w->service->reloader ? reloader_path(w->service->reloader) : NULL;
    put_int(j, "number", g->number);
    put_int(j, "loaded", g->made);
    if (path)
        put_str(j, "file", str_from(path));
}

void
admin_state_put(struct worker *w, const struct gateway *g, struct jw *j)
{
    bool draining = atomic_load(&w->service->draining);
    jw_object(j);
    put_str(j, "status", draining ? STR("draining") : STR("ready"));
    put_int(j, "started", w->service->started);
    put_int(j, "workers", w->service->n_workers);
    jw_key(j, STR("config"));
    jw_object(j);
    admin_state_put_config(w, g, j);
    jw_close(j);
    put_limits(w, g, j);
    jw_key(j, STR("deployments"));
    jw_array(j);
    for (unsigned i = 0; i < g->config->n_providers; i++)
        put_deployment(w, g, &g->deployments[i], j);
    jw_close(j);
    jw_close(j);
}
