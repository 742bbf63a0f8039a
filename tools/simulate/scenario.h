/* Scenarios: a config, as an operator would write it, providers that follow scripts, and clients. */
#ifndef LLMUX_SIMULATE_SCENARIO_H
#define LLMUX_SIMULATE_SCENARIO_H

#include "tools/simulate/upstream.h"

#define SCENARIO_UPSTREAMS 4
#define SCENARIO_CLIENTS   10

struct scenario {
    const char *name, *about;
    /* Of each provider: the members of its model beside its name, such as "weight: 3". */
    const char *models[SCENARIO_UPSTREAMS];
    const char *limits[SCENARIO_UPSTREAMS]; /* of each provider, such as "{ parallel: 5 }" */
    const char *config;                     /* further sections, such as "resilience: { ... }" */
    struct upstream_script upstreams[SCENARIO_UPSTREAMS];
    unsigned n_upstreams;
    double seconds;      /* how long clients come */
    double rate;         /* conversations begun in a second */
    unsigned turns;      /* of a conversation, 1 to so many, all equally often */
    double think;        /* seconds between the end of a reply and the next turn, in the mean */
    double in, out;      /* tokens of a request's first turn and of replies, in the mean */
    double urgent, idle; /* shares of requests with a high and a low priority */
    double greedy;       /* share of requests that one of SCENARIO_CLIENTS sends; 0: there is one */
    double patience;     /* seconds to the first byte after which a call is given up */
};

/* All of them, one without a name behind the last. */
extern const struct scenario scenarios[];
/* NULL: there is none of this name. */
const struct scenario *scenario_find(const char *name);

#endif
