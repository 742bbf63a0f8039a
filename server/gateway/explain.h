/* What would happen to a request: read, limited, routed, proposed to each deployment in turn, as if all
 * of them failed; and nothing is sent. */
#ifndef LLMUX_GATEWAY_EXPLAIN_H
#define LLMUX_GATEWAY_EXPLAIN_H

#include "runtime/json/writer.h"
#include "server/gateway/gateway.h"
#include "server/gateway/proposal.h"
#include "server/gateway/route.h"

#define EXPLAIN_TRIES_MAX 64

struct explain_question {
    const struct http_head *head; /* with path and query */
    struct str body;
};

/* How the client's bytes become the provider's. */
enum explain_way {
    EXPLAIN_AS_IT_IS,   /* the same bytes */
    EXPLAIN_PATCHED,    /* the same dialect's, with some members changed */
    EXPLAIN_TRANSLATED, /* into another dialect */
    EXPLAIN_UNFIT,      /* not at all: `unfit` says why */
};

struct explain_try {
    struct candidate candidate;
    struct str upstream_model;
    struct str url; /* without its query, where a key may be */
    const struct xd_dialect *dialect;
    enum explain_way way;
    struct str redaction; /* the mode of the policy that holds for it; absent: none does */
    struct str dropped;   /* what the request would lose; absent: nothing */
    struct str unfit;
    double part;            /* of this model's requests that begin here, by share: 0..1 */
    struct route_view view; /* how the deployment does; of a running gateway only */
    enum guard_reason why;  /* ... and why, if that is its guard's word */
    uint64_t for_ns;        /* ... and how long still; 0: nobody knows */
};

/* All of it lives in the arena. */
struct explanation {
    struct str refusal; /* why it would be refused before any try; absent: it would not */
    struct front front;
    struct str model;
    bool stream;
    size_t bytes;       /* of the body */
    struct str own;     /* the model's name behind aliases */
    struct str pattern; /* the model of the config that the name belongs to */
    enum route_strategy strategy;
    struct explain_try *tries; /* in order */
    unsigned n;
    enum route_lack lack;
    struct explain_try *others; /* offers of the asked model that get no try */
    unsigned n_others;
};

/* Explain the request.  g's service may be all zeros: then all deployments count as well. */
void explain(struct explanation *e, const struct gateway *g, const struct explain_question *q,
             struct dice *dice, struct arena *a);

/* "as it is", "patched", "translated", "unfit". */
const char *explain_way_name(enum explain_way way);

/* Write it as an object. */
void explain_put(const struct explanation *e, const struct gateway *g, struct jw *j);

#endif
