/* `resilience`: what is done about deployments that fail. */
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

const struct config_resilience config_resilience_defaults = {
    .backoff_first = 100,
    .backoff_most = 5 * SECOND,
    .retry_after_most = 10 * SECOND,
    .budget_share = 100,
    .budget_floor = 10,
    .budget_window = 10 * SECOND,
    .breaker_failures = 5,
    .breaker_open = 5 * SECOND,
    .breaker_open_most = MINUTE,
    .breaker_probes = 1,
    .breaker_successes = 2,
    .cooldown_time = 5 * SECOND,
    .cooldown_most = 10 * MINUTE,
    .cooldown_share = 500,
    .cooldown_requests = 5,
    .cooldown_window = MINUTE,
    .silence_calls = 3,
    .silence_least = SECOND,
    .hedge_share = 0,
    .hedge_quantile = 950,
    .hedge_least = 100,
};

/* clang-format off */
#define AT(member) offsetof(struct config_resilience, member)

static const struct config_field backoff_fields[] = {
    { "first", config_read_duration, AT(backoff_first), .min = 1, .max = MINUTE },
    { "most",  config_read_duration, AT(backoff_most),  .min = 1, .max = HOUR },
};
const struct config_record config_backoff_record =
    CONFIG_RECORD("resilience.backoff", backoff_fields);

static const struct config_field budget_fields[] = {
    { "share",  config_read_share,    AT(budget_share),  .min = 0, .max = 1000 },
    { "floor",  config_read_int,      AT(budget_floor),  .min = 0, .max = 1000000 },
    { "window", config_read_duration, AT(budget_window), .min = SECOND, .max = HOUR },
};
const struct config_record config_budget_record =
    CONFIG_RECORD("resilience.retry_budget", budget_fields);

static const struct config_field breaker_fields[] = {
    { "failures",  config_read_int,      AT(breaker_failures),  .min = 0, .max = 1000000 },
    { "open",      config_read_duration, AT(breaker_open),      .min = 1, .max = HOUR },
    { "open_most", config_read_duration, AT(breaker_open_most), .min = 1, .max = 24 * HOUR },
    { "probes",    config_read_int,      AT(breaker_probes),    .min = 1, .max = 1000 },
    { "successes", config_read_int,      AT(breaker_successes), .min = 1, .max = 1000 },
};
const struct config_record config_breaker_record =
    CONFIG_RECORD("resilience.breaker", breaker_fields);

static const struct config_field cooldown_fields[] = {
    { "time",     config_read_duration, AT(cooldown_time),     .min = 0, .max = HOUR },
    { "most",     config_read_duration, AT(cooldown_most),     .min = 1, .max = 24 * HOUR },
    { "share",    config_read_share,    AT(cooldown_share),    .min = 0, .max = 1000 },
    { "requests", config_read_int,      AT(cooldown_requests), .min = 1, .max = 1000000 },
    { "window",   config_read_duration, AT(cooldown_window),   .min = SECOND, .max = HOUR },
};
const struct config_record config_cooldown_record =
    CONFIG_RECORD("resilience.cooldown", cooldown_fields);

static const struct config_field silence_fields[] = {
    { "calls", config_read_int,      AT(silence_calls), .min = 0, .max = 1000000 },
    { "least", config_read_duration, AT(silence_least), .min = 1, .max = HOUR },
};
const struct config_record config_silence_record =
    CONFIG_RECORD("resilience.silence", silence_fields);

static const struct config_field hedge_fields[] = {
    { "share",    config_read_share,    AT(hedge_share),    .min = 0, .max = 500 },
    { "quantile", config_read_share,    AT(hedge_quantile), .min = 500, .max = 999 },
    { "least",    config_read_duration, AT(hedge_least),    .min = 1, .max = MINUTE },
};
const struct config_record config_hedge_record = CONFIG_RECORD("resilience.hedge", hedge_fields);

static const struct config_field resilience_fields[] = {
    { "backoff",          config_read_record, 0, .record = &config_backoff_record },
    { "retry_after_most", config_read_duration, AT(retry_after_most), .min = 0, .max = HOUR },
    { "retry_budget",     config_read_record, 0, .record = &config_budget_record },
    { "breaker",          config_read_record, 0, .record = &config_breaker_record },
    { "cooldown",         config_read_record, 0, .record = &config_cooldown_record },
    { "silence",          config_read_record, 0, .record = &config_silence_record },
    { "hedge",            config_read_record, 0, .record = &config_hedge_record },
    { "webhook",          config_read_record, AT(webhook), .record = &config_webhook_record },
    { "health_check",     config_read_record, AT(health), .record = &config_health_record },
};
const struct config_record config_resilience_record =
    CONFIG_RECORD("resilience", resilience_fields);
/* clang-format on */

static bool
check_order(struct config_reader *r, const struct node *n, const char *less, uint64_t a,
            const char *more, uint64_t b)
{
    if (a <= b)
        return true;
    config_fail(r, n, "\"%s\" must not be longer than \"%s\"", less, more);
    return false;
}

bool
config_read_resilience(struct config_reader *r, const struct config_field *f, const struct node *n,
                       void *out)
{
    struct config_resilience *c = out;
    (void)f;
    return config_record(r, &config_resilience_record, n, c)
           && check_order(r, n, "backoff.first", c->backoff_first, "backoff.most", c->backoff_most)
           && check_order(r, n, "breaker.open", c->breaker_open, "breaker.open_most",
                          c->breaker_open_most)
           && check_order(r, n, "cooldown.time", c->cooldown_time, "cooldown.most",
                          c->cooldown_most);
}
