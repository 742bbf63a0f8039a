/* What is measured: every metric with its name, meaning and labels, as tables.
 *
 * Families that have the same labels form a group, so that one look-up serves them all.  Values are
 * whole numbers: times are kept in microseconds and shown in seconds. */
#ifndef LLMUX_METRICS_FAMILY_H
#define LLMUX_METRICS_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

/* A unit of which the stored numbers are a part. */
enum metrics_unit {
    METRICS_COUNT,
    METRICS_SECONDS, /* stored in microseconds */
};

#define METRICS_LABELS_MAX   6u
#define METRICS_FAMILIES_MAX 12u
#define METRICS_BOUNDS_MAX   20u

/* Upper bounds of a histogram's buckets, ascending, without the infinite one. */
struct metrics_bounds {
    uint64_t v[METRICS_BOUNDS_MAX];
    unsigned n;
};

struct metrics_family {
    const char *name;  /* without _total and _seconds; families of one name stand side by side */
    const char *help;  /* a sentence */
    const char *fixed; /* a label that tells families of one name apart: `type="input"`; or NULL */
    enum metrics_type type;
    enum metrics_unit unit;
    const struct metrics_bounds *bounds; /* of a histogram */
    const char *convention; /* its name among OpenTelemetry's metrics of generative AI; or NULL */
    bool hidden;            /* told by that name only */
};

enum metrics_group {
    METRICS_OF_GATEWAY,
    METRICS_OF_WORKER,
    METRICS_OF_REQUEST,
    METRICS_OF_FAILURE,
    METRICS_OF_MODEL,
    METRICS_OF_ATTEMPT,
    METRICS_OF_DEPLOYMENT,
    METRICS_OF_RETRY,
    METRICS_OF_FALLBACK,
    METRICS_OF_LIMIT,
    METRICS_OF_BREAKER,
    METRICS_OF_REDACTION,
};
#define METRICS_GROUPS (METRICS_OF_REDACTION + 1)

struct metrics_group_info {
    const char *labels[METRICS_LABELS_MAX]; /* n_labels names */
    unsigned n_labels;
    const struct metrics_family *families;
    unsigned n;
    unsigned most; /* sets of label values of one worker; what comes beyond them is one set */
};

extern const struct metrics_group_info metrics_groups[METRICS_GROUPS];

/* The families of each group, as indices for metrics_add and metrics_observe. */
enum metrics_of_gateway { METRICS_ACTIVE_REQUESTS, METRICS_OVERFLOW };
enum metrics_of_worker {
    METRICS_WORKER_REQUESTS,
    METRICS_WORKER_CALLS,
    METRICS_WORKER_CONNECTS,
    METRICS_WORKER_REUSED,
    METRICS_WORKER_SOCKETS,
    METRICS_WORKER_MEDIA,
    METRICS_WORKER_MEDIA_FAILED,
    METRICS_WORKER_MEDIA_BYTES,
};
enum metrics_of_request { METRICS_REQUESTS };
enum metrics_of_failure { METRICS_FAILED_REQUESTS };
enum metrics_of_model { METRICS_REQUEST_DURATION, METRICS_OVERHEAD, METRICS_DROPPED_FIELDS };
enum metrics_of_attempt { METRICS_DEPLOYMENT_REQUESTS, METRICS_OPERATION_DURATION };
enum metrics_of_deployment {
    METRICS_UPSTREAM_DURATION,
    METRICS_FIRST_TOKEN,
    METRICS_PER_TOKEN,
    METRICS_TOKENS_INPUT,
    METRICS_TOKENS_OUTPUT,
    METRICS_TOKENS_CACHE_READ,
    METRICS_TOKENS_CACHE_WRITE,
    METRICS_TOKENS_THINKING,
    METRICS_INPUT_SIZES,
    METRICS_OUTPUT_SIZES,
};
enum metrics_of_retry { METRICS_RETRIES };
enum metrics_of_fallback { METRICS_FALLBACKS };
enum metrics_of_limit { METRICS_RATE_LIMITED };
enum metrics_of_breaker { METRICS_BREAKER_TRANSITIONS };
enum metrics_of_redaction { METRICS_REDACTIONS };

/* The numbers that a family takes in a cell: one, or a count for each bucket and the sum. */
unsigned metrics_family_values(const struct metrics_family *f);
/* Where its numbers begin. */
unsigned metrics_family_offset(const struct metrics_group_info *g, unsigned family);
/* The buckets of the histograms before it. */
unsigned metrics_family_buckets_before(const struct metrics_group_info *g, unsigned family);
/* The numbers of all families of a group. */
unsigned metrics_group_values(const struct metrics_group_info *g);

#endif
