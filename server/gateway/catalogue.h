/* The models that clients may ask for, and which deployments serve them.
 *
 *   "gpt-4o"     ─► offers: main (weight 3), backup (weight 1)
 *   "claude-*"   ─► offers: anthropic
 *   "fast"       ─► offers: main's gpt-4o-mini, anthropic's claude-haiku      a group
 *   "gpt-4"      ─► the offers of gpt-4o                                      an alias
 *
 * Every name and every wildcard is one model.  Made once at the start, never changed, but for the
 * counters of turns. */
#ifndef LLMUX_GATEWAY_CATALOGUE_H
#define LLMUX_GATEWAY_CATALOGUE_H

#include "runtime/json/writer.h"
#include "server/gateway/deployment.h"

struct guarded;

/* A deployment that serves a model. */
struct offer {
    const struct deployment *deployment;
    const struct config_model *model;
    struct str asked;  /* by which of its names, in groups and aliases; else absent: the model's */
    double share;      /* of the requests: by weight, rpm or tpm, what all of the model's have */
    uint64_t identity; /* the same for this deployment and model, after restarts and elsewhere */
    uint64_t account;  /* the same for this deployment, whatever the model */
    struct guarded *guarded; /* its state; NULL: to be found, as a wildcard has many */
};

struct model {
    struct str name;    /* may be a wildcard */
    struct str goes_by; /* of an alias: the model's own name; else absent */
    enum route_strategy strategy;
    enum config_recovery recovery; /* of its streams */
    _Atomic uint64_t *turn;        /* counts requests, for strategies that go round */
    struct offer *offers;
    unsigned n, cap; /* n >= 1 */
};

struct catalogue {
    struct model *exact; /* in the order of the config */
    unsigned n_exact, cap_exact;
    struct model *wild; /* the one with the most letters first */
    unsigned n_wild, cap_wild;
    const struct model **by_name; /* the exact ones, sorted */
    struct model any;             /* each deployment once: for what is no model's */
};

/* Gather the models of n deployments, which must outlive c, and the groups and aliases of valid
 * rules.  ERR_LIMIT when the arena is full. */
MUST_CHECK enum err catalogue_make(struct catalogue *c, const struct deployment *deployments,
                                   unsigned n, const struct config_routing *rules, struct arena *a);

/* The model for a name that a client asks for: the one of exactly this name, else the most telling
 * wildcard; NULL when there is none. */
const struct model *catalogue_find(const struct catalogue *c, struct str name);

/* What the offer's provider calls the model that a client asked for by `name`.  May lie in the
 * arena; absent when that is full, or no model was asked for. */
struct str offer_upstream(const struct offer *o, struct str name, struct arena *a);

/* Append the names, separated by commas, at most `most` of them: for messages. */
void catalogue_print(const struct catalogue *c, unsigned most, struct buf *out);

/* The list of models, for a dialect to write; lives in the arena. */
struct ir_model_list catalogue_list(const struct catalogue *c, uint64_t created, struct arena *a);
/* The same for one model. */
struct ir_model_entry model_entry(struct str name, uint64_t created, struct arena *a);

#endif
