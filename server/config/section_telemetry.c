/* `telemetry`: what is told to those who watch. */
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

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
};

static const struct str truths[] = { STR_INIT("false"), STR_INIT("true"), { 0 } };
static const struct str protocols[] = { STR_INIT("http"), STR_INIT("grpc"), { 0 } };

/* clang-format off */
#define AT(member) offsetof(struct config_telemetry, member)

static const struct config_field otlp_fields[] = {
    { "endpoint", config_read_url,      AT(endpoint),     .need = CONFIG_REQUIRED },
    { "protocol", config_read_choice,   AT(protocol),     .choices = protocols },
    { "headers",  config_read_headers,  AT(headers),      .need = CONFIG_OPTIONAL },
    { "ca_file",  config_read_file,     AT(ca_file),      .need = CONFIG_OPTIONAL },
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
};
const struct config_record config_traces_record = CONFIG_RECORD("telemetry.traces", traces_fields);

static const struct config_field telemetry_fields[] = {
    { "metrics_on_data_port", config_read_choice, AT(data_port), .choices = truths },
    { "service",              config_read_text,   AT(service),   .need = CONFIG_OPTIONAL },
    { "otlp",                 config_read_record, 0,             .record = &config_otlp_record },
    { "traces",               config_read_record, 0,             .record = &config_traces_record },
};
/* clang-format on */

const struct config_record config_telemetry_record = CONFIG_RECORD("telemetry", telemetry_fields);
