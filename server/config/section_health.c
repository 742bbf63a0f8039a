/* `health_check`: probes of deployments, for all (`resilience`), one provider's, or one model's. */
#include <limits.h>
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND ((uint64_t)1000)
#define DAY    (24 * 3600 * SECOND)

const struct config_health config_health_defaults = {
    .interval = 0,
    .timeout = 5 * SECOND,
    .by = CONFIG_PROBE_LIST,
    .healthy = 1,
    .unhealthy = 2,
    .jitter = 100,
    .idle_only = 1,
};

const struct config_health config_health_unsaid = {
    .interval = CONFIG_UNSAID,
    .timeout = CONFIG_UNSAID,
    .by = -1,
    .healthy = UINT_MAX,
    .unhealthy = UINT_MAX,
    .jitter = UINT_MAX,
    .idle_only = -1,
};

static const struct str probes[] = { STR_INIT("list"), STR_INIT("request"), { 0 } };
static const struct str truths[] = { STR_INIT("false"), STR_INIT("true"), { 0 } };

static bool
read_path(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct str *path = &((struct config_health *)out)->path;
    if (!config_text(r, f->key, n, path))
        return false;
    if (path->n && path->p[0] == '/')
        return true;
    config_fail(r, n, "\"%s\" is a path behind the provider's address: /%.*s", f->key,
                STR_ARG(*path));
    return false;
}

/* clang-format off */
#define AT(member) offsetof(struct config_health, member)

static const struct config_field health_fields[] = {
    { "interval",  config_read_duration, AT(interval),  .min = 0, .max = DAY },
    { "timeout",   config_read_duration, AT(timeout),   .min = 1, .max = DAY },
    { "by",        config_read_choice,   AT(by),        .choices = probes },
    { "path",      read_path,            0,             .need = CONFIG_OPTIONAL },
    { "healthy",   config_read_int,      AT(healthy),   .min = 1, .max = 1000 },
    { "unhealthy", config_read_int,      AT(unhealthy), .min = 1, .max = 1000 },
    { "jitter",    config_read_share,    AT(jitter),    .min = 0, .max = 1000 },
    { "idle_only", config_read_choice,   AT(idle_only), .choices = truths },
};
/* clang-format on */
#undef AT
const struct config_record config_health_record = CONFIG_RECORD("resilience.health_check",
                                                                health_fields);

/* What it does not say itself. */
static void
settle(struct config_health *h, const struct config_health *usual)
{
    if (h->interval == CONFIG_UNSAID)
        h->interval = usual->interval;
    if (h->timeout == CONFIG_UNSAID)
        h->timeout = usual->timeout;
    if (h->by < 0)
        h->by = usual->by;
    if (!h->path.p)
        h->path = usual->path;
    if (h->healthy == UINT_MAX)
        h->healthy = usual->healthy;
    if (h->unhealthy == UINT_MAX)
        h->unhealthy = usual->unhealthy;
    if (h->jitter == UINT_MAX)
        h->jitter = usual->jitter;
    if (h->idle_only < 0)
        h->idle_only = usual->idle_only;
}

static void
check(struct config_reader *r, const struct config_provider *p, const struct config_health *h)
{
    const struct config_world *w = r->world;
    if (h->interval == 0)
        return;
    if (h->timeout > h->interval)
        config_fail_at(r, p->line, 1,
                       "provider \"%.*s\": \"health_check.timeout\" must not be "
                       "longer than \"health_check.interval\"",
                       STR_ARG(p->name));
    else if (h->by == CONFIG_PROBE_LIST && !h->path.p && w->probed && !w->probed(w->ctx, p->type))
        config_fail_at(r, p->line, 1,
                       "provider \"%.*s\": type \"%.*s\" has no list of models to ask for: write "
                       "health_check: { path: ... } or { by: request }",
                       STR_ARG(p->name), STR_ARG(p->type));
}

void
config_settle_health(struct config_reader *r, struct config *c)
{
    for (unsigned i = 0; i < c->n_providers; i++) {
        struct config_provider *p = &c->providers[i];
        settle(&p->health, &c->resilience.health);
        for (unsigned k = 0; k < p->n_models; k++) {
            settle(&p->models[k].health, &p->health);
            check(r, p, &p->models[k].health);
        }
    }
}
