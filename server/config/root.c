/* The top of the file: its sections, and the list of all keys. */
#include <stddef.h>

#include "server/config/sections.h"

struct root {
    struct config c;
    struct config_routing_draft routing;
    bool have_providers; /* read without an error */
};

static bool
read_providers(struct config_reader *r, const struct config_field *f, const struct node *n,
               void *out)
{
    struct root *d = out;
    d->have_providers = config_read_providers(r, f, n, &d->c);
    return d->have_providers;
}

/* Other sections name what the plugins bring, so they are loaded first, wherever they are named. */
static bool
load_plugins(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct str folder;
    struct buf why;
    if (!config_text(r, f->key, n, &folder))
        return false;
    if (folder.n && folder.p[0] != '/' && r->dir.p)
        folder = arena_printf(r->arena, "%.*s/%.*s", STR_ARG(r->dir), STR_ARG(folder));
    *(struct str *)out = folder;
    buf_init(&why, FAULT_TEXT);
    bool ok = !r->world->plugins || r->world->plugins(r->world->ctx, folder.p, &why);
    if (!ok)
        config_fail(r, n, "\"%s\": %.*s: %.*s", f->key, STR_ARG(folder), STR_ARG(buf_str(&why)));
    buf_fini(&why);
    return ok;
}

static bool
is_loaded(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    (void)r, (void)f, (void)n, (void)out;
    return true;
}

/* clang-format off */
static const struct config_field plugins_field = { "plugins", load_plugins, 0,
                                                   .need = CONFIG_OPTIONAL };
static const struct config_field root_fields[] = {
    { "plugins",   is_loaded,          0,
      .need = CONFIG_OPTIONAL },
    { "server",    config_read_record, offsetof(struct root, c.server),
      .need = CONFIG_REQUIRED, .record = &config_server_record },
    { "providers", read_providers,     0,
      .need = CONFIG_REQUIRED },
    { "routing",   config_read_record, offsetof(struct root, routing),
      .record = &config_routing_record },
    { "resilience", config_read_resilience, offsetof(struct root, c.resilience),
      .need = CONFIG_OPTIONAL },
    { "limits", config_read_record, offsetof(struct root, c.limits),
      .record = &config_limits_record },
    { "media", config_read_record, offsetof(struct root, c.media),
      .record = &config_media_record },
    { "redaction", config_read_record, offsetof(struct root, c.redaction),
      .record = &config_redaction_record },
    { "telemetry", config_read_record, offsetof(struct root, c.telemetry),
      .record = &config_telemetry_record },
};
/* clang-format on */
static const struct config_record root_record = CONFIG_RECORD("the config", root_fields);

struct config *
config_finish(struct config_reader *r, const struct node *root)
{
    struct root d = { .c = { .server = config_server_defaults,
                             .resilience = config_resilience_defaults,
                             .media = config_media_defaults,
                             .redaction = config_redaction_defaults,
                             .telemetry = config_telemetry_defaults },
                      .routing = { .routing = config_routing_defaults } };
    d.c.resilience.health = config_health_defaults;
    d.c.resilience.webhook = config_webhook_defaults;
    for (unsigned i = 0; root->kind == NODE_MAP && i < root->n; i++)
        if (str_is(root->v[i].key->text, plugins_field.key)) {
            load_plugins(r, &plugins_field, root->v[i].value, &d.c.plugins);
            break;
        }
    config_telemetry_environment(r, &d.c.telemetry);
    config_record(r, &root_record, root, &d);
    config_check_server(r, root, &d.c.server);
    config_check_telemetry(r, root, &d.c.telemetry);
    config_settle_health(r, &d.c);
    d.c.routing = d.routing.routing;
    d.c.tree = root;
    if (d.have_providers) { /* else models may be missing that are not */
        config_read_routing(r, &d.routing, &d.c);
        config_check_redaction(r, &d.c);
    }
    d.c.secrets = r->secrets;
    d.c.n_secrets = r->n_secrets;
    struct config *c = arena_alloc(r->arena, sizeof *c);
    if (c)
        *c = d.c;
    return c;
}

static const struct config_record *const records[] = {
    &config_server_record,    &config_tls_record,      &config_log_record,
    &config_overload_record,  &config_provider_record, &config_model_record,
    &config_timeouts_record,  &config_auth_record,     &config_routing_record,
    &config_group_record,     &config_price_record,    &config_resilience_record,
    &config_backoff_record,   &config_budget_record,   &config_breaker_record,
    &config_cooldown_record,  &config_silence_record,  &config_hedge_record,
    &config_telemetry_record, &config_limits_record,   &config_media_record,
    &config_limit_record,     &config_adaptive_record, &config_otlp_record,
    &config_traces_record,    &config_health_record,   &config_webhook_record,
    &config_redaction_record, &config_vault_record,    &config_pattern_record,
    &config_rule_record,
};

const char *
config_key(unsigned i, const char **section)
{
    for (size_t k = 0; k < sizeof records / sizeof records[0]; k++) {
        if (i < records[k]->n) {
            *section = records[k]->name;
            return records[k]->fields[i].key;
        }
        i -= (unsigned)records[k]->n;
    }
    return NULL;
}
