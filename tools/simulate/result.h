/* What came of a simulation. */
#ifndef LLMUX_SIMULATE_RESULT_H
#define LLMUX_SIMULATE_RESULT_H

#include <stdint.h>

#include "runtime/resilience/semaphore.h"
#include "tools/simulate/scenario.h"

/* Many numbers, for their quantiles. */
struct series {
    double *v; /* owned */
    unsigned n, room;
};

struct result {
    unsigned requests, failed; /* of clients */
    unsigned retries, rivals;
    /* By priority, and by client. */
    unsigned requests_by[SEMAPHORE_PRIORITIES], failed_by[SEMAPHORE_PRIORITIES];
    unsigned requests_of[SCENARIO_CLIENTS], failed_of[SCENARIO_CLIENTS];
    double waited[SEMAPHORE_PRIORITIES];  /* seconds, the longest of those that were let in */
    unsigned peak;                        /* of requests that were in at a time */
    unsigned peak_of[SCENARIO_UPSTREAMS]; /* of calls that ran at a time */
    unsigned stuck;                       /* requests that never ended: must be 0 */
    uint64_t calls;                       /* of upstreams */
    uint64_t calls_of[SCENARIO_UPSTREAMS];
    struct series first, whole; /* seconds, of requests that succeeded */
    struct series chosen;       /* the upstream that each request was sent to first, in order */
    double cost;                /* in the currency of the config */
    unsigned later_turns;       /* turns behind the first of their conversation */
    unsigned warm;              /* ... that went where the turn before was served */
    double crowd;   /* the largest share that one upstream had of a hundred requests in a row */
    double seconds; /* until the last one had ended */
};

void series_add(struct series *s, double value);
/* 0.99: so many are not above it.  0 when there is nothing.  Sorts. */
double series_quantile(struct series *s, double share);

/* Calls for each request. */
double result_load(const struct result *r);
/* Of an upstream, of all calls. */
double result_share(const struct result *r, unsigned upstream);
void result_fini(struct result *r);

/* Two lines that name the columns; and one for a result. */
void result_print_head(void);
void result_print(const char *strategy, struct result *r, unsigned n_upstreams);

#endif
