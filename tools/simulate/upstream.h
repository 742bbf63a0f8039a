/* A provider that follows a script: how long it takes, when it fails, what it allows.
 *
 *   time ─────►  | phase 0: fine      | phase 1: refuses | phase 2: slow       |
 *                0                    30                 60 seconds ... */
#ifndef LLMUX_SIMULATE_UPSTREAM_H
#define LLMUX_SIMULATE_UPSTREAM_H

#include "generated/ir.h"
#include "runtime/base/dice.h"

#define UPSTREAM_PHASES 4

/* All zeros: as the upstream usually is. */
struct upstream_phase {
    double from;     /* seconds */
    bool refuses;    /* no connection */
    bool silent;     /* connections, but never a byte */
    double failing;  /* share of calls that get a 500 */
    double slower;   /* times the usual; 0: once */
    double stalling; /* share of calls whose first token comes late */
    double stall;    /* seconds, instead of the usual */
    double rpm;      /* calls a minute, then 429 with Retry-After; 0: no limit */
};

struct upstream_script {
    double first;    /* seconds to the first token, median */
    double spread;   /* of its logarithm: 0.3 is calm, 1 is wild */
    double rate;     /* tokens a second after that; 0: the reply ends with its first token */
    unsigned places; /* calls that it serves at full speed; 0: any number */
    struct upstream_phase phases[UPSTREAM_PHASES]; /* in order; the first one from 0 on */
};

/* The state of one. */
struct upstream {
    const struct upstream_script *script;
    unsigned running;
    double allowance, filled; /* of the rate limit, and when it was filled last */
    uint64_t calls;
    double tokens; /* made and read, with those of calls that were cut */
};

/* How a call will go. */
struct upstream_fate {
    enum ir_fault fault; /* unset: well */
    int status;          /* 0: no head comes */
    double retry_after;  /* seconds; 0: it does not say */
    double first, whole; /* seconds to the first token and to the end */
    bool silent;         /* neither ever comes */
};

/* A call begins now (seconds), for a reply of so many tokens. */
struct upstream_fate
upstream_begin(struct upstream *u, double now, double tokens, struct dice *dice);

#endif
