/* `resilience.webhook`: who is told when a breaker changes. */
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)

const struct config_webhook config_webhook_defaults = {
    .timeout = 5 * SECOND,
    .tries = 5,
    .backoff = SECOND,
    .queue = 100,
};

/* An address that may well be a secret itself. */
bool
config_read_hook(struct config_reader *r, const struct config_field *f, const struct node *n,
                 void *out)
{
    struct str url;
    if (!config_secret_text(r, f->key, n, &url))
        return false;
    bool ok = (str_starts(url, STR("https://")) && url.n > STR("https://").n)
              || (str_starts(url, STR("http://")) && url.n > STR("http://").n);
    for (size_t i = 0; i < url.n; i++)
        ok &= url.p[i] > ' ' && url.p[i] != '"' && url.p[i] != '<' && url.p[i] != '>';
    if (!ok)
        config_fail(r, n, "\"%s\" must be an address such as https://hooks.example.com/llmux",
                    f->key);
    *(struct str *)out = url;
    return ok;
}

static bool
read_headers(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    return config_read_headers(r, f, n, &((struct config_webhook *)out)->headers);
}

/* clang-format off */
#define AT(member) offsetof(struct config_webhook, member)

static const struct config_field webhook_fields[] = {
    { "url",     config_read_hook,     AT(url),     .need = CONFIG_REQUIRED },
    { "secret",  config_read_secret,   AT(secret),  .need = CONFIG_OPTIONAL },
    { "headers", read_headers,         0,           .need = CONFIG_OPTIONAL },
    { "ca_file", config_read_file,     AT(ca_file), .need = CONFIG_OPTIONAL },
    { "timeout", config_read_duration, AT(timeout), .min = 1,      .max = MINUTE },
    { "tries",   config_read_int,      AT(tries),   .min = 1,      .max = 20 },
    { "backoff", config_read_duration, AT(backoff), .min = 1,      .max = MINUTE },
    { "queue",   config_read_int,      AT(queue),   .min = 1,      .max = CONFIG_WEBHOOK_QUEUE },
};
/* clang-format on */
#undef AT
const struct config_record config_webhook_record = CONFIG_RECORD("resilience.webhook",
                                                                 webhook_fields);
