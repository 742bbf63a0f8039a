/* Strategies: which of several candidates shall get a request.
 *
 *   views ─► admit: tags, account, health, tier ─► strategy ─► one
 *
 * Pure: candidates, request and dice are arguments.  What has to be the same for all strategies is
 * done by route_admit: whoever may not or cannot serve is out before a strategy looks. */
#ifndef LLMUX_ROUTE_STRATEGY_H
#define LLMUX_ROUTE_STRATEGY_H

#include "runtime/base/dice.h"
#include "runtime/base/str.h"
#include "runtime/route/view.h"

enum route_strategy {
    ROUTE_SIMPLE_SHUFFLE, /* at random, by share */
    ROUTE_ROUND_ROBIN,    /* in turn, by share */
    ROUTE_LEAST_BUSY,     /* with the fewest requests running, by share */
    ROUTE_LOWEST_LATENCY, /* the fastest, as long as it does not carry far more than the others */
    ROUTE_LOWEST_COST,    /* the cheapest for this request */
    ROUTE_LOWEST_USAGE,   /* with most of its rpm and tpm left */
    ROUTE_PRIORITY,       /* the first tier that has somebody, there at random by share */
    ROUTE_TAG,            /* those with the request's tags, there at random by share */
    ROUTE_CACHE_AFFINITY, /* a conversation stays where it is */
    ROUTE_P2C,            /* the better of two, by latency and load */
    ROUTE_STRATEGIES
};

/* The names that operators write, in this order, an absent one behind the last. */
extern const struct str route_strategy_names[ROUTE_STRATEGIES + 1];

/* Keep the views of those that may serve, in front of v, and return how many they are: those with a
 * tag of the request's before those without tags, then who is ready before who rests, then those
 * that the conversation is bound to before others, then the first tier.  0 when there is none. */
unsigned route_admit(struct route_view *v, unsigned n);

/* The index in v of the one to ask; n >= 1, and all of v were admitted. */
unsigned route_choose(enum route_strategy s, const struct route_view *v, unsigned n,
                      const struct route_ask *ask, struct dice *dice);

#endif
