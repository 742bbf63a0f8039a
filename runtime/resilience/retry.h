/* What follows when a try has failed: is another one of use, where, and after what pause.
 *
 *   retry_place   the request is wrong ─► nowhere │ this account cannot serve it ─► elsewhere │ it may
 *                 pass ─► anywhere
 *   retry_plan    somebody else is fresh ─► at once │ all have failed it ─► after a pause │ that would be
 *                 too long ─► not at all
 *
 * What it costs is a budget's business (budget.h).  Times are in nanoseconds. */
#ifndef LLMUX_RESILIENCE_RETRY_H
#define LLMUX_RESILIENCE_RETRY_H

#include "generated/ir.h"
#include "runtime/resilience/backoff.h"

#define RETRY_NO_LIMIT UINT64_MAX

enum retry_place {
    RETRY_NOWHERE,   /* the request is wrong, wherever it goes */
    RETRY_ELSEWHERE, /* this deployment does not take our key, or does not know the model */
    RETRY_ANYWHERE,  /* overload, limits and breakdowns pass */
};
enum retry_place retry_place(const struct ir_error *e);

struct retry_options {
    struct backoff_options backoff;
    uint64_t told_most_ns; /* the longest that is waited because a provider said so */
};

/* What is known when a try has failed. */
struct retry_scene {
    unsigned
        repeats; /* how often the deployment of the next try has failed this request; 0: never */
    uint64_t shut_ns; /* until any of those that are left may be asked; 0: now */
    uint64_t told_ns; /* what the provider said to wait; 0: nothing */
    uint64_t left_ns; /* of the client's patience; RETRY_NO_LIMIT */
};

enum retry_when {
    RETRY_NOW,
    RETRY_LATER,
    RETRY_NEVER, /* it would be too late */
};

struct retry_plan {
    enum retry_when when;
    uint64_t pause_ns; /* of RETRY_LATER */
};

/* random: any number, all of its 64 bits by chance. */
struct retry_plan
retry_plan(const struct retry_options *o, const struct retry_scene *s, uint64_t random);

#endif
