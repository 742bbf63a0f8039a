/* Which deployment shall try a request next.
 *
 *   asked model      its deployments, chosen by its group's strategy, each once, then all again:
 *                    1 + retries tries
 *   its fallbacks    the same for each model in the order of the config; then their fallbacks
 *
 * A request that is too long for a model, or against a provider's content policy, turns to the
 * fallbacks for that instead.  No model is tried twice.  What is known of deployments comes from
 * an outlook; no clock, no sockets: the dice are an argument. */
#ifndef LLMUX_GATEWAY_ROUTE_H
#define LLMUX_GATEWAY_ROUTE_H

#include "runtime/base/dice.h"
#include "runtime/resilience/rival.h"
#include "runtime/route/strategy.h"
#include "server/gateway/catalogue.h"

/* How the deployments are doing. */
struct route_outlook {
    /* Fill in how it goes in a view of this offer, which is asked for by this name, and is filled
     * in as if all went well.  NULL: nothing is known. */
    void (*look)(void *ctx, const struct offer *o, struct str name, struct route_view *v);
    void *ctx;
};

/* What a request wants of a route; borrowed for as long as the route. */
struct route_request {
    struct str asked; /* the model */
    struct config_words tags;
    struct route_ask ask;      /* without the turn */
    struct config_words marks; /* of the accounts that sealed something in it (xd_seal_mark) */
    uint64_t bond;             /* by which who serves it is remembered; 0: there is no need */
    bool needs_home;           /* it brings what only that account can read */
    uint32_t home;             /* that account's offer (runtime/route/memory.h); 0: not known */
    struct route_outlook outlook;
};

/* Why there is no next try, if none was made. */
enum route_lack {
    ROUTE_LACK_NONE,
    ROUTE_LACK_TAGS,   /* no deployment serves requests with these tags */
    ROUTE_LACK_HEALTH, /* none may be asked now */
};

/* A model that is tried, or will be. */
struct route_step {
    struct str name; /* by which it was asked for */
    struct str own;  /* behind aliases */
    const struct model *model;
    unsigned depth; /* steps from the asked model */
};

struct route {
    const struct catalogue *catalogue;
    const struct config_routing *rules;
    struct route_request request;
    struct arena *arena;
    struct route_step *steps; /* steps[at] is being tried, those before were; n of them */
    unsigned at, n, cap;
    unsigned char *state;     /* by offer of the model being tried: fresh, tried, ... */
    struct route_view *views; /* room for one of each */
    uint64_t turn;
    unsigned tries;  /* left for this model */
    unsigned last;   /* the offer that was given out last */
    unsigned rounds; /* how often all offers of the model have been tried */
    bool once;       /* every offer may be tried once */
    bool diverted;   /* the model being tried cannot serve this request at all */
    enum route_lack lack;
    double wait; /* seconds until the first of those that must not be asked may be; 0: not known */
};

/* A try that shall be made. */
struct candidate {
    const struct offer *offer;
    struct str name; /* the model, as asked for: the client's, or a fallback's */
    bool again;      /* this deployment has failed this request before */
};

/* Begin for a request, which is copied, but for what it points to.  False when no such model
 * exists, or memory ran out. */
bool route_begin(struct route *r, const struct catalogue *c, const struct config_routing *rules,
                 const struct route_request *q, struct arena *a);

/* The same for what is no model's, but some account's: each deployment is tried once. */
bool route_begin_any(struct route *r, const struct catalogue *c, const struct config_routing *rules,
                     const struct route_request *q, struct arena *a);

/* The next try; false when there is none left. */
bool route_next(struct route *r, struct dice *dice, struct candidate *c);

/* Look for a rival of the try that runs: ask deployments beside it, as rival.h says, until one has begun.  False when
 * none has; those that would have had to be waited for are offered again later. */
bool route_race(struct route *r, struct dice *dice,
                enum rival_start (*ask)(void *ctx, const struct candidate *c), void *ctx);

/* How often the deployment of the next try may have failed this request already: 0 when it is a
 * fresh one, or there is no next try. */
unsigned route_repeats(struct route *r);

/* The last try was not made, as its deployment cannot serve this request at all: it does not count
 * as one, and this deployment is not offered again for this model. */
void route_exclude(struct route *r);

/* This try has failed for good: its deployment is not offered again for this model. */
void route_forsake(struct route *r, const struct candidate *c);

/* Seconds until the next try can be made, when there will be one but not now: all deployments that
 * are left have to rest, and there is no other model.  Else 0. */
double route_pause(struct route *r);

/* The last try failed in a way that other deployments of this model would fail in too: turn to the
 * models that the config has for that.  False when there is none left. */
bool route_divert(struct route *r, enum config_trouble trouble);

#endif
