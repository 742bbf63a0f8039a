/* Which deployment shall try a request next.
 *
 *   asked model      offers, weighted at random, each once, then all again   1 + retries tries
 *   its fallbacks    the same for each model in the order of the config
 *
 * No clock, no sockets: the dice are an argument. */
#ifndef LLMUX_GATEWAY_ROUTE_H
#define LLMUX_GATEWAY_ROUTE_H

#include "server/gateway/catalogue.h"
#include "runtime/base/dice.h"

struct route {
    const struct catalogue *catalogue;
    const struct config_routing *rules;
    const struct config_fallback *fallbacks; /* of the asked model, or NULL */
    unsigned next_fallback;
    struct str name;           /* by which the model being tried was asked for */
    const struct model *model; /* being tried */
    unsigned char *state;      /* by offer of model: ROUTE_FRESH, ... */
    unsigned tries;            /* left for this model */
    unsigned last;             /* the offer that was given out last */
    unsigned rounds;           /* how often all offers of model have been tried */
    struct arena *arena;
};

/* A try that shall be made. */
struct candidate {
    const struct offer *offer;
    struct str name; /* the model, as asked for: the client's, or a fallback's */
    bool again;      /* this deployment has failed this request before */
};

/* Begin for a request for the model `asked`, which must outlive the route.  False when no such
 * model exists. */
bool route_begin(struct route *r, const struct catalogue *c, const struct config_routing *rules,
                 struct str asked, struct arena *a);

/* The next try; false when there is none left. */
bool route_next(struct route *r, struct dice *dice, struct candidate *c);

/* How often the deployment of the next try may have failed this request already: 0 when it is a
 * fresh one, or there is no next try. */
unsigned route_repeats(const struct route *r);

/* The last try was not made, as its deployment cannot serve this request at all: it does not count
 * as one, and this deployment is not offered again for this model. */
void route_exclude(struct route *r);

#endif
