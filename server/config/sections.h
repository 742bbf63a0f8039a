/* The sections of the file, as tables of their keys. */
#ifndef LLMUX_CONFIG_SECTIONS_H
#define LLMUX_CONFIG_SECTIONS_H

#include "server/config/reader.h"

#define CONFIG_RECORD(name, fields) \
    { \
        name, fields, sizeof(fields) / sizeof((fields)[0]) \
    }

/* section_server.c */
extern const struct config_server config_server_defaults;
extern const struct config_record config_server_record; /* struct config_server */
/* The same struct. */
extern const struct config_record config_tls_record, config_log_record, config_overload_record;
/* Rules about several keys. */
void config_check_server(struct config_reader *r, const struct node *root,
                         const struct config_server *s);

/* section_providers.c */
extern const struct config_record config_provider_record;
extern const struct config_record config_timeouts_record;

/* Read the list of providers into the struct config at out. */
config_read config_read_providers;

/* section_models.c */
extern const struct config_record config_model_record, config_price_record;
/* Read the list of models into the struct config_provider at out. */
config_read config_read_models;

/* section_auth.c */
extern const struct config_record config_auth_record; /* struct config_auth */

/* section_routing.c */
extern const struct config_routing config_routing_defaults;
/* Like struct config_routing, with the nodes of what can only be read once the providers are
 * known; NULL: not there. */
struct config_routing_draft {
    struct config_routing routing;
    const struct node *strategy, *groups, *aliases, *fallbacks[CONFIG_TROUBLES];
};
extern const struct config_record config_routing_record; /* struct config_routing_draft */
extern const struct config_record config_group_record;   /* struct config_group */
/* Read them into c, whose providers are known by now. */
bool config_read_routing(struct config_reader *r, const struct config_routing_draft *d,
                         struct config *c);

/* section_fallbacks.c */

/* Read one map of fallbacks, which stands under `key`, into c; groups and aliases are there. */
bool config_read_fallbacks(struct config_reader *r, const char *key, const struct node *n,
                           struct config *c, struct config_fallbacks *to);
/* Is it a model that somebody serves, a group or an alias?  If not, say so at n. */
bool config_check_served(struct config_reader *r, const struct config *c, const struct node *n,
                         struct str model);

/* section_resilience.c */
extern const struct config_resilience config_resilience_defaults;
extern const struct config_record config_resilience_record; /* struct config_resilience */
extern const struct config_record config_backoff_record, config_budget_record; /* the same */
extern const struct config_record config_breaker_record, config_cooldown_record;
extern const struct config_record config_silence_record, config_hedge_record;
config_read config_read_resilience;

/* section_health.c */
extern const struct config_health config_health_defaults, config_health_unsaid;
extern const struct config_record config_health_record; /* struct config_health */
/* When all is read: what models do not say is as for their provider, and so on. */
void config_settle_health(struct config_reader *r, struct config *c);

/* section_webhook.c */
extern const struct config_webhook config_webhook_defaults;
extern const struct config_record config_webhook_record; /* struct config_webhook */
config_read config_read_hook; /* struct str: an address, which is a secret */

/* section_media.c */
extern const struct config_media config_media_defaults;
extern const struct config_record config_media_record; /* struct config_media */

/* section_redaction.c */
extern const struct config_redaction config_redaction_defaults;
extern const struct config_record config_redaction_record; /* struct config_redaction */
extern const struct config_record config_vault_record;     /* the same */
extern const struct config_record config_rule_record;      /* struct config_redaction_rule */
extern const struct config_record config_pattern_record;   /* struct config_pattern */
config_read config_read_kinds;                             /* uint64_t: a set of kinds */
/* Rules that name deployments, when these are known. */
bool config_check_redaction(struct config_reader *r, const struct config *c);

/* section_limits.c */
extern const struct config_limits config_limits_defaults;
extern const struct config_record config_limit_record, config_adaptive_record; /* of one thing */
extern const struct config_record config_limits_record; /* struct config_all_limits */
config_read config_read_limit;                          /* struct config_limits */

/* section_telemetry.c */
extern const struct config_telemetry config_telemetry_defaults;
extern const struct config_record config_telemetry_record; /* struct config_telemetry */
extern const struct config_record config_otlp_record, config_traces_record; /* the same */
/* Rules about several keys. */
void config_check_telemetry(struct config_reader *r, const struct node *root,
                            const struct config_telemetry *t);
/* Add an attribute of the resource, or replace the one of that name.  False when llmux tells it
 * itself, or memory is short. */
bool config_add_resource(struct config_reader *r, struct config_pairs *to, struct str key,
                         struct str value);

/* telemetry_env.c */

/* What OpenTelemetry's variables say (opentelemetry.io/docs/specs/otel, "environment variables"):
 * defaults for what the file does not say. */
void config_telemetry_environment(struct config_reader *r, struct config_telemetry *t);

#endif
