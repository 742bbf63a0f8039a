/* `telemetry`: what is told to those who watch. */
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define KIB    ((uint64_t)1024)

const struct config_telemetry config_telemetry_defaults = {
    .data_port = 1,
    .service = STR_INIT("llmux"),
    .send_traces = 1,
    .send_metrics = 1,
    .timeout = 10 * SECOND,
    .retry = MINUTE,
    .delay = SECOND,
    .interval = MINUTE,
    .queue = 8192,
    .batch = 512,
    .sample = 1000,
    .follow = 1,
    .keep_errors = 1,
    .keep_slow = 30 * SECOND,
    .propagate = 1,
    .content_max = 16 * KIB,
};

static const struct str truths[] = { STR_INIT("false"), STR_INIT("true"), { 0 } };
static const struct str protocols[] = { STR_INIT("http"), STR_INIT("grpc"), { 0 } };
static const struct str compressions[] = { STR_INIT("none"), STR_INIT("gzip"), { 0 } };

/* What llmux itself tells. */
static bool
is_told(struct str key)
{
    static const char *const own[] = { "service.name", "service.version", "service.instance.id",
                                       "host.name", "process.pid" };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (str_is(key, own[i]))
            return true;
    return str_starts(key, STR("telemetry.sdk."));
}

bool
config_add_resource(struct config_reader *r, struct config_pairs *to, struct str key,
                    struct str value)
{
    struct config_pair *v = arena_alloc(r->arena, (to->n + 1) * sizeof *v);
    if (!v || is_told(key))
        return false;
    unsigned n = 0;
    for (unsigned i = 0; i < to->n; i++)
        if (!str_eq(to->v[i].key, key))
            v[n++] = to->v[i];
    v[n] = (struct config_pair){ key, value };
    *to = (struct config_pairs){ v, n + 1 };
    return true;
}

/* Attributes by name; they add to those of the environment. */
static bool
read_resource(struct config_reader *r, const struct config_field *f, const struct node *n,
              void *out)
{
    if (!config_check_kind(r, f, n, NODE_MAP, "a map of names and values"))
        return false;
    bool ok = true;
    for (unsigned i = 0; i < n->n; i++) {
        struct str key = n->v[i].key->text, value;
        if (config_fail_twice(r, n, i) || !config_text(r, key.p, n->v[i].value, &value)) {
            ok = false;
        } else if (!config_add_resource(r, out, key, value)) {
            config_fail(r, n->v[i].key, "\"%.*s\" is set by llmux itself: remove it", STR_ARG(key));
            ok = false;
        }
    }
    return ok;
}

/* They take the place of the environment's. */
static bool
read_headers(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    *(struct config_pairs *)out = (struct config_pairs){ NULL, 0 };
    return config_read_headers(r, f, n, out);
}

void
config_check_telemetry(struct config_reader *r, const struct node *root,
                       const struct config_telemetry *t)
{
    const struct node *at = config_node_value(root, STR("telemetry"));
    at = at ? config_node_value(at, STR("otlp")) : NULL;
    if (at && !t->endpoint.p)
        config_fail(r, at, "\"endpoint\" is missing in telemetry.otlp");
    if (!t->cert_file.p != !t->key_file.p)
        config_fail(r, at, "telemetry.otlp: \"cert_file\" and \"key_file\" need each other");
}

/* clang-format off */
#define AT(member) offsetof(struct config_telemetry, member)

static const struct config_field otlp_fields[] = {
    { "endpoint", config_read_url,      AT(endpoint),     .need = CONFIG_OPTIONAL },
    { "protocol", config_read_choice,   AT(protocol),     .choices = protocols },
    { "headers",  read_headers,         AT(headers),      .need = CONFIG_OPTIONAL },
    { "compression", config_read_choice, AT(compression), .choices = compressions },
    { "ca_file",  config_read_file,     AT(ca_file),      .need = CONFIG_OPTIONAL },
    { "cert_file", config_read_file,    AT(cert_file),    .need = CONFIG_OPTIONAL },
    { "key_file", config_read_file,     AT(key_file),     .need = CONFIG_OPTIONAL },
    { "traces",   config_read_choice,   AT(send_traces),  .choices = truths },
    { "metrics",  config_read_choice,   AT(send_metrics), .choices = truths },
    { "logs",     config_read_choice,   AT(send_logs),    .choices = truths },
    { "interval", config_read_duration, AT(interval),     .min = SECOND / 10, .max = HOUR },
    { "timeout",  config_read_duration, AT(timeout),      .min = 1, .max = HOUR },
    { "retry",    config_read_duration, AT(retry),        .min = 0, .max = HOUR },
    { "delay",    config_read_duration, AT(delay),        .min = 1, .max = MINUTE },
    { "queue",    config_read_int,      AT(queue),        .min = 1, .max = 10000000 },
    { "batch",    config_read_int,      AT(batch),        .min = 1, .max = 100000 },
};
const struct config_record config_otlp_record = CONFIG_RECORD("telemetry.otlp", otlp_fields);

static const struct config_field traces_fields[] = {
    { "sample",        config_read_share,    AT(sample),      .min = 0, .max = 1000 },
    { "follow_client", config_read_choice,   AT(follow),      .choices = truths },
    { "keep_errors",   config_read_choice,   AT(keep_errors), .choices = truths },
    { "keep_slow",     config_read_duration, AT(keep_slow),   .min = 0, .max = HOUR },
    { "propagate",     config_read_choice,   AT(propagate),   .choices = truths },
    { "content",       config_read_choice,   AT(content),     .choices = truths },
    { "content_max",   config_read_size,     AT(content_max), .min = KIB, .max = 256 * KIB },
};
const struct config_record config_traces_record = CONFIG_RECORD("telemetry.traces", traces_fields);

static const struct config_field telemetry_fields[] = {
    { "metrics_on_data_port", config_read_choice, AT(data_port), .choices = truths },
    { "service",              config_read_text,   AT(service),   .need = CONFIG_OPTIONAL },
    { "resource",             read_resource,      AT(resource),  .need = CONFIG_OPTIONAL },
    { "otlp",                 config_read_record, 0,             .record = &config_otlp_record },
    { "traces",               config_read_record, 0,             .record = &config_traces_record },
};
/* clang-format on */

const struct config_record config_telemetry_record = CONFIG_RECORD("telemetry", telemetry_fields);
