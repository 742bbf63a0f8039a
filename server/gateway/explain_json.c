/* Explanations for programs. */
#include "server/gateway/explain.h"
#include "server/gateway/limits.h"

static void
put_str(struct jw *j, const char *key, struct str value)
{
    if (!value.p)
        return;
    jw_key(j, str_from(key));
    jw_string(j, value);
}

static void
put_int(struct jw *j, const char *key, uint64_t value)
{
    jw_key(j, str_from(key));
    jw_int(j, (int64_t)value);
}

static const char *
standing_name(enum route_standing s)
{
    switch (s) {
    case ROUTE_READY:
        return "ready";
    case ROUTE_RESTING:
        return "resting";
    case ROUTE_SHUT:
        break;
    }
    return "shut";
}

static void
put_try(const struct explanation *e, const struct explain_try *t, struct jw *j)
{
    const struct offer *o = t->candidate.offer;
    jw_object(j);
    put_str(j, "provider", o->deployment->config->name);
    put_str(j, "type", o->deployment->config->type);
    put_str(j, "model", t->candidate.name);
    if (!str_eq(t->candidate.name, e->model))
        put_str(j, "fallback_of", e->model);
    put_str(j, "upstream_model", t->upstream_model);
    if (t->dialect)
        put_str(j, "dialect", str_from(t->dialect->name));
    put_str(j, "url", t->url);
    put_str(j, "request", str_from(explain_way_name(t->way)));
    put_str(j, "unfit", t->unfit);
    put_str(j, "dropped", t->dropped);
    put_str(j, "redaction", t->redaction);
    put_int(j, "share_permille", (uint64_t)(t->part * 1000 + 0.5));
    if (o->model->tier > 1)
        put_int(j, "tier", o->model->tier);
    put_str(j, "standing", str_from(standing_name(t->view.standing)));
    if (t->why != GUARD_FINE)
        put_str(j, "why", str_from(guard_reason_text(t->why)));
    if (t->why != GUARD_FINE && t->for_ns)
        put_int(j, "for_ms", t->for_ns / 1000000);
    if (t->view.shut_for > 0)
        put_int(j, "shut_for_ms", (uint64_t)(t->view.shut_for * 1000));
    if (t->candidate.again) {
        jw_key(j, STR("again"));
        jw_bool(j, true);
    }
    jw_close(j);
}

static void
put_tries(const struct explanation *e, const char *key, const struct explain_try *v, unsigned n,
          struct jw *j)
{
    jw_key(j, str_from(key));
    jw_array(j);
    for (unsigned i = 0; i < n; i++)
        put_try(e, &v[i], j);
    jw_close(j);
}

static void
put_limits(const char *key, const struct config_limits *l, struct jw *j)
{
    if (!l->requests && !l->tokens && !l->parallel && !l->adaptive_most)
        return;
    jw_key(j, str_from(key));
    jw_object(j);
    if (l->requests)
        put_int(j, "requests_a_minute", l->requests);
    if (l->tokens)
        put_int(j, "tokens_a_minute", l->tokens);
    if (l->parallel)
        put_int(j, "parallel", l->parallel);
    if (l->adaptive_most)
        put_int(j, "adaptive_parallel", l->adaptive_most);
    if (l->queue)
        put_int(j, "queue", l->queue);
    jw_close(j);
}

static void
put_all_limits(const struct explanation *e, const struct config *c, struct jw *j)
{
    jw_key(j, STR("limits"));
    jw_object(j);
    put_int(j, "body_bytes", e->bytes);
    put_int(j, "max_body_bytes", c->server.max_body);
    put_limits("gateway", &c->limits.gateway, j);
    put_limits("client", &c->limits.client, j);
    for (unsigned i = 0; i < c->limits.n_models; i++)
        if (str_eq(c->limits.models[i].model, e->model))
            put_limits("model", &c->limits.models[i].limits, j);
    jw_close(j);
}

void
explain_put(const struct explanation *e, const struct gateway *g, struct jw *j)
{
    jw_object(j);
    put_str(j, "refused", e->refusal);
    if (e->front.op) {
        put_str(j, "front", str_from(e->front.dialect->name));
        put_str(j, "operation", str_from(xd_op_name(e->front.op->kind)));
    }
    put_str(j, "model", e->model);
    if (e->pattern.p) {
        jw_key(j, STR("stream"));
        jw_bool(j, e->stream);
        put_str(j, "served_as", e->pattern);
        put_str(j, "strategy", route_strategy_names[e->strategy]);
        put_all_limits(e, g->config, j);
        put_tries(e, "candidates", e->tries, e->n, j);
        put_tries(e, "not_tried", e->others, e->n_others, j);
    }
    if (e->lack != ROUTE_LACK_NONE)
        put_str(j, "lack", e->lack == ROUTE_LACK_TAGS ? STR("tags") : STR("health"));
    jw_close(j);
}
