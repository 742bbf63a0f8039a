/* What guards and limiters take along to another process: plain values, times as durations.
 *
 * Not what runs, waits or was counted in windows: that belongs to the process where it happened. */
#ifndef LLMUX_RESILIENCE_MEMORY_H
#define LLMUX_RESILIENCE_MEMORY_H

#include "runtime/resilience/guard.h"
#include "runtime/resilience/limiter.h"

#define MEMORY_NS_MOST ((uint64_t)24 * 3600 * 1000 * 1000 * 1000) /* the longest duration of all */

struct guard_memory {
    enum breaker_state breaker; /* a half-open one is open, and may be probed at once */
    unsigned failed, broken, reopened;
    uint64_t open_ns; /* until it may be probed */
    enum cooldown_cause cause;
    bool told;
    uint64_t rest_ns;                     /* 0: it does not rest */
    uint64_t guessed_ns[COOLDOWN_CAUSES]; /* and what nobody told of, which may be beside that */
    bool sick;
    uint64_t sick_ns;
    uint64_t first_ns, whole_ns;                             /* means; 0: not known */
    uint32_t first[LATENCY_BUCKETS], whole[LATENCY_BUCKETS]; /* their histograms */
    uint64_t requests, failures, told_429, checks_ok, checks_failed, checks_refused;
};

struct limiter_memory {
    int64_t requests, tokens;        /* missing below the brim, see bucket.h */
    uint64_t requests_ns, tokens_ns; /* how long ago that was so */
    uint64_t permille;               /* of a limit that finds itself, in thousandths; 0: none */
    uint64_t recent_ns, usual_ns;    /* ... and its latencies */
    unsigned samples;
    uint64_t entered, refused;
};

struct guard_memory guard_remember(const struct guard *g, uint64_t now);
/* g is new. */
void guard_recall(struct guard *g, const struct guard_memory *m, uint64_t now);
struct limiter_memory limiter_remember(const struct limiter *l, uint64_t now);
/* l is new. */
void limiter_recall(struct limiter *l, const struct limiter_memory *m, uint64_t now);

#endif
