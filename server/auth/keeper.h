/* The credentials of one identity in one thread: fetched when first wanted, kept, and fetched anew
 * before they end.
 *
 *   keeper_ask ─► READY    they are here: keeper_apply
 *              ─► WAITING  a fetch is on its way, one for all who wait; `told` is called
 *              ─► FAILED   the last fetch failed a moment ago, or too many wait
 *
 * While old credentials are still good, a fetch for new ones goes on behind the requests' backs, and
 * its failure troubles nobody.  A keeper belongs to the thread of its struct upstream; no locks. */
#ifndef LLMUX_AUTH_KEEPER_H
#define LLMUX_AUTH_KEEPER_H

#include <sys/queue.h>

#include "server/auth/fetch.h"

#define KEEPER_WAITERS_MAX 8192u

struct keeper_waiter {
    TAILQ_ENTRY(keeper_waiter) link;
    struct keeper *keeper; /* NULL: does not wait */
    /* The wait is over: f is NULL when there are credentials now, else it says why not. */
    void (*told)(void *ctx, const struct fault *f);
    void *ctx;
};
TAILQ_HEAD(keeper_waiters, keeper_waiter);

struct keeper {
    const struct identity *identity; /* borrowed */
    uint64_t (*now)(void);           /* seconds since 1970 */
    struct fetch fetch;
    struct grant grant; /* in `held`, or the identity's own key */
    struct arena held;
    struct sigv4_day day; /* of the grant's key */
    bool has_grant;
    uint64_t renew, end; /* when to fetch anew, and when it is no good any more */
    uint64_t retry;      /* no fetch before this, after one that failed */
    struct fault fault;  /* of that one */
    struct keeper_waiters waiters;
    unsigned n_waiters;
};

/* ca_file, proxy: for endpoints outside of the machine, see upstream.h. */
void keeper_init(struct keeper *k, const struct identity *identity, struct upstream *u,
                 struct str ca_file, struct str proxy, uint64_t (*now)(void));
/* Take over what `older`, a keeper of the same identity in the same thread, was granted. */
void keeper_inherit(struct keeper *k, const struct keeper *older);
/* Ends a fetch that runs.  Nobody may wait any more. */
void keeper_fini(struct keeper *k);

enum keeper_answer { KEEPER_READY, KEEPER_WAITING, KEEPER_FAILED };
/* Ask for credentials.  w is used only for WAITING, where its told and ctx are taken down; told is
 * called from the event loop.  f is filled in for FAILED. */
enum keeper_answer keeper_ask(struct keeper *k, struct keeper_waiter *w, struct fault *f);
/* Wait no longer; no-op for who does not. */
void keeper_leave(struct keeper_waiter *w);

/* The provider refused what it was shown: fetch anew before the next use, unless it is quite new. */
void keeper_spoil(struct keeper *k);

#define KEEPER_HEADERS SIGV4_HEADERS

/* What a request needs to show its credentials. */
struct keeper_request {
    struct str method, url;
    const struct upstream_header *headers;
    unsigned n_headers;
    struct str body;
};
/* Put the headers to be added into `out`, in the arena; after KEEPER_READY, or when told so.  Returns
 * how many there are; 0 when the arena is full. */
unsigned keeper_apply(struct keeper *k, const struct keeper_request *req, struct arena *a,
                      struct upstream_header out[KEEPER_HEADERS]);

#endif
