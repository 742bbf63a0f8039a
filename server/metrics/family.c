/* The tables. */
#include "server/metrics/family.h"

/* The bounds that the conventions for generative AI advise for operations, first tokens, further
 * tokens and sizes (opentelemetry.io, semantic conventions, gen-ai metrics), in us and tokens. */
static const struct metrics_bounds operation_bounds = {
    .v = { 10000, 20000, 40000, 80000, 160000, 320000, 640000, 1280000, 2560000, 5120000, 10240000,
           20480000, 40960000, 81920000 },
    .n = 14,
};
static const struct metrics_bounds first_bounds = {
    .v = { 1000, 5000, 10000, 20000, 40000, 60000, 80000, 100000, 250000, 500000, 750000, 1000000,
           2500000, 5000000, 7500000, 10000000 },
    .n = 16,
};
static const struct metrics_bounds further_bounds = {
    .v = { 10000, 25000, 50000, 75000, 100000, 150000, 200000, 300000, 400000, 500000, 750000,
           1000000, 2500000 },
    .n = 13,
};
static const struct metrics_bounds size_bounds = {
    .v = { 1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216,
           67108864 },
    .n = 14,
};
/* Ours: from what a small request costs to what nobody wants. */
static const struct metrics_bounds overhead_bounds = {
    .v = { 25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 102400, 1000000 },
    .n = 14,
};

static const struct metrics_family of_gateway[] = {
    [METRICS_ACTIVE_REQUESTS] = { .name = "llmux_active_requests",
                                  .help = "Requests that are being served now.",
                                  .type = METRICS_GAUGE },
    [METRICS_OVERFLOW] = { .name = "llmux_metrics_overflow",
                           .help = "Observations that were counted under the label value "
                                   "\"other\", because there were too many sets of labels.",
                           .type = METRICS_COUNTER },
};

static const struct metrics_family of_worker[] = {
    [METRICS_WORKER_REQUESTS] = { .name = "llmux_worker_requests",
                                  .help = "Requests that a worker thread has served.",
                                  .type = METRICS_COUNTER },
    [METRICS_WORKER_CALLS] = { .name = "llmux_worker_upstream_calls",
                               .help = "Calls to providers that are running now.",
                               .type = METRICS_GAUGE },
    [METRICS_WORKER_CONNECTS] = { .name = "llmux_worker_upstream_connects",
                                  .help = "Connections to providers that were made.",
                                  .type = METRICS_COUNTER },
    [METRICS_WORKER_REUSED] = { .name = "llmux_worker_upstream_reused",
                                .help = "Calls that went over a connection that was there.",
                                .type = METRICS_COUNTER },
    [METRICS_WORKER_SOCKETS] = { .name = "llmux_worker_upstream_sockets",
                                 .help = "Open connections to providers, busy or idle.",
                                 .type = METRICS_GAUGE },
    [METRICS_WORKER_MEDIA] = { .name = "llmux_worker_media_fetched",
                               .help = "Images and files fetched by their address.",
                               .type = METRICS_COUNTER },
    [METRICS_WORKER_MEDIA_FAILED] = { .name = "llmux_worker_media_failed",
                                      .help = "Images and files that were not to be had by their "
                                              "address, or not allowed.",
                                      .type = METRICS_COUNTER },
    [METRICS_WORKER_MEDIA_BYTES] = { .name = "llmux_worker_media_bytes",
                                     .help = "Bytes of the images and files fetched.",
                                     .type = METRICS_COUNTER },
};

static const struct metrics_family of_request[] = {
    [METRICS_REQUESTS] = { .name = "llmux_proxy_requests",
                           .help = "Requests of clients, by the status they got.",
                           .type = METRICS_COUNTER },
};

static const struct metrics_family of_failure[] = {
    [METRICS_FAILED_REQUESTS] = { .name = "llmux_proxy_failed_requests",
                                  .help = "Requests of clients that ended in an error.",
                                  .type = METRICS_COUNTER },
};

static const struct metrics_family of_model[] = {
    [METRICS_REQUEST_DURATION] = { .name = "llmux_request_duration",
                                   .help = "From a client's request to the end of its reply.",
                                   .type = METRICS_HISTOGRAM,
                                   .unit = METRICS_SECONDS,
                                   .bounds = &operation_bounds },
    [METRICS_OVERHEAD] = { .name = "llmux_overhead",
                           .help = "Time until the reply began that was not spent waiting for "
                                   "providers.",
                           .type = METRICS_HISTOGRAM,
                           .unit = METRICS_SECONDS,
                           .bounds = &overhead_bounds },
    [METRICS_DROPPED_FIELDS] = { .name = "llmux_dropped_fields",
                                 .help = "Fields that could not be carried to another API.",
                                 .type = METRICS_COUNTER },
};

static const struct metrics_family of_attempt[] = {
    [METRICS_DEPLOYMENT_REQUESTS] = { .name = "llmux_deployment_requests",
                                      .help = "Attempts at a deployment, by how they ended.",
                                      .type = METRICS_COUNTER },
    [METRICS_OPERATION_DURATION] = { .name = "gen_ai.client.operation.duration",
                                     .help = "GenAI operation duration.",
                                     .type = METRICS_HISTOGRAM,
                                     .unit = METRICS_SECONDS,
                                     .bounds = &operation_bounds,
                                     .convention = "gen_ai.client.operation.duration",
                                     .hidden = true },
};

#define TOKENS(kind) \
    { \
        .name = "llmux_tokens", .help = "Tokens, as providers count them.", \
        .fixed = "type=\"" kind "\"", .type = METRICS_COUNTER \
    }
#define SIZES(kind) \
    { \
        .name = "gen_ai.client.token.usage", .help = "Number of input and output tokens used.", \
        .fixed = kind, .type = METRICS_HISTOGRAM, .bounds = &size_bounds, \
        .convention = "gen_ai.client.token.usage", .hidden = true \
    }

static const struct metrics_family of_deployment[] = {
    [METRICS_UPSTREAM_DURATION] = { .name = "llmux_upstream_duration",
                                    .help = "From the begin of an attempt to its end.",
                                    .type = METRICS_HISTOGRAM,
                                    .unit = METRICS_SECONDS,
                                    .bounds = &operation_bounds },
    [METRICS_FIRST_TOKEN] = { .name = "llmux_time_to_first_token",
                              .help = "From a client's request to the first byte of the streamed "
                                      "reply.",
                              .type = METRICS_HISTOGRAM,
                              .unit = METRICS_SECONDS,
                              .bounds = &first_bounds,
                              .convention = "gen_ai.server.time_to_first_token" },
    [METRICS_PER_TOKEN] = { .name = "llmux_time_per_output_token",
                            .help = "Time for each token of a streamed reply after the first.",
                            .type = METRICS_HISTOGRAM,
                            .unit = METRICS_SECONDS,
                            .bounds = &further_bounds,
                            .convention = "gen_ai.server.time_per_output_token" },
    [METRICS_TOKENS_INPUT] = TOKENS("input"),
    [METRICS_TOKENS_OUTPUT] = TOKENS("output"),
    [METRICS_TOKENS_CACHE_READ] = TOKENS("cache_read"),
    [METRICS_TOKENS_CACHE_WRITE] = TOKENS("cache_write"),
    [METRICS_TOKENS_THINKING] = TOKENS("thinking"),
    [METRICS_INPUT_SIZES] = SIZES("input"),
    [METRICS_OUTPUT_SIZES] = SIZES("output"),
};

static const struct metrics_family of_retry[] = {
    [METRICS_RETRIES] = { .name = "llmux_retries",
                          .help = "Further attempts for the same model.",
                          .type = METRICS_COUNTER },
};

static const struct metrics_family of_fallback[] = {
    [METRICS_FALLBACKS] = { .name = "llmux_fallbacks",
                            .help = "Attempts with another model than the one asked for.",
                            .type = METRICS_COUNTER },
};

static const struct metrics_family of_limit[] = {
    [METRICS_RATE_LIMITED] = { .name = "llmux_rate_limited",
                               .help = "Attempts and requests that a limit refused, by whose it "
                                       "was.",
                               .type = METRICS_COUNTER },
};

static const struct metrics_family of_breaker[] = {
    [METRICS_BREAKER_TRANSITIONS] = { .name = "llmux_breaker_transitions",
                                      .help = "Changes of a deployment's circuit breaker, by the "
                                              "state it went to.",
                                      .type = METRICS_COUNTER },
};

static const struct metrics_family of_redaction[] = {
    [METRICS_REDACTIONS] = { .name = "llmux_redactions",
                             .help =
                                 "Secrets and personal data found in requests, by what was done "
                                 "about them.",
                             .type = METRICS_COUNTER },
};

#define COUNT(v)    (sizeof(v) / sizeof *(v))
#define FAMILIES(v) .families = (v), .n = COUNT(v)

const struct metrics_group_info metrics_groups[METRICS_GROUPS] = {
    [METRICS_OF_GATEWAY] = { FAMILIES(of_gateway), .most = 1 },
    [METRICS_OF_WORKER] = { { "worker" }, 1, FAMILIES(of_worker), .most = 1 },
    [METRICS_OF_REQUEST] = { { "front", "operation", "model", "status" },
                             4,
                             FAMILIES(of_request),
                             .most = 2000 },
    [METRICS_OF_FAILURE] = { { "front", "operation", "model", "error" },
                             4,
                             FAMILIES(of_failure),
                             .most = 1000 },
    [METRICS_OF_MODEL] = { { "front", "operation", "model" }, 3, FAMILIES(of_model), .most = 500 },
    [METRICS_OF_ATTEMPT] = { { "deployment", "provider", "operation", "model", "outcome" },
                             5,
                             FAMILIES(of_attempt),
                             .most = 2000 },
    [METRICS_OF_DEPLOYMENT] = { { "deployment", "provider", "operation", "model" },
                                4,
                                FAMILIES(of_deployment),
                                .most = 500 },
    [METRICS_OF_RETRY] = { { "model" }, 1, FAMILIES(of_retry), .most = 500 },
    [METRICS_OF_FALLBACK] = { { "model", "to" }, 2, FAMILIES(of_fallback), .most = 500 },
    [METRICS_OF_LIMIT] = { { "deployment", "by" }, 2, FAMILIES(of_limit), .most = 500 },
    [METRICS_OF_BREAKER] = { { "deployment", "to" }, 2, FAMILIES(of_breaker), .most = 1000 },
    [METRICS_OF_REDACTION] = { { "kind", "action" }, 2, FAMILIES(of_redaction), .most = 100 },
};

unsigned
metrics_family_values(const struct metrics_family *f)
{
    return f->type == METRICS_HISTOGRAM ? f->bounds->n + 2 : 1;
}

unsigned
metrics_family_offset(const struct metrics_group_info *g, unsigned family)
{
    unsigned n = 0;
    for (unsigned i = 0; i < family; i++)
        n += metrics_family_values(&g->families[i]);
    return n;
}

unsigned
metrics_family_buckets_before(const struct metrics_group_info *g, unsigned family)
{
    unsigned n = 0;
    for (unsigned i = 0; i < family; i++)
        n += g->families[i].type == METRICS_HISTOGRAM ? g->families[i].bounds->n + 1 : 0;
    return n;
}

unsigned
metrics_group_values(const struct metrics_group_info *g)
{
    return metrics_family_offset(g, g->n);
}
