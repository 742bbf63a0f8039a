/* What is known of a candidate, and of the request, when a choice is made.  Whoever chooses fills
 * these in anew for each choice; a strategy knows nothing else. */
#ifndef LLMUX_ROUTE_VIEW_H
#define LLMUX_ROUTE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

/* Does the candidate serve requests of this kind only? */
enum route_tags {
    ROUTE_UNTAGGED, /* it serves all */
    ROUTE_MATCHING, /* it has a tag of the request's */
    ROUTE_FOREIGN,  /* it has tags, none of them the request's: it must not serve it */
};

/* May it be asked now? */
enum route_standing {
    ROUTE_READY,
    ROUTE_RESTING, /* only when no other is ready */
    ROUTE_SHUT,    /* not at all */
};

struct route_view {
    unsigned offer;    /* the caller's number of the candidate */
    uint64_t identity; /* the same as long as the deployment is the same, also after a restart */

    /* What the operator said. */
    double share;         /* of the requests, relative to the others; > 0 */
    unsigned tier;        /* 1 comes first */
    uint64_t rpm, tpm;    /* requests and tokens that it takes in a minute; 0: not said */
    bool priced;          /* the prices are known */
    double price_in;      /* of a token, in any currency that is the same for all */
    double price_out;     /* ... that it makes */
    enum route_tags tags; /* and what the request said */
    bool bound;           /* the conversation holds what only this one's account can read */

    /* How it goes. */
    enum route_standing standing;
    double shut_for;    /* seconds until it may be asked, when it is shut; 0: not known */
    unsigned in_flight; /* requests that run there */
    double latency;     /* seconds until a reply (of streams: until its first token), decayed;
                           0: not known */
    double silent_for;  /* seconds since the latency was measured last */
    double requests;    /* begun in the last minute */
    double tokens;      /* of the last minute, in and out, as far as they are known */
};

struct route_ask {
    uint64_t turn;     /* one more with each request for this model */
    uint64_t key;      /* of the conversation (runtime/route/key.h); 0: there is none */
    double tokens_in;  /* guessed */
    double tokens_out; /* guessed */
};

#endif
