/* A worker's hold on a snapshot of the configuration, with what the worker keeps for it.
 *
 *   worker ──────► lease ─► gateway           the newest
 *   exchange ────► lease ─► gateway           whichever was the newest when the exchange began
 *
 * Everything happens on the worker's thread: to take a lease costs one addition, and no lock. */
#ifndef LLMUX_GATEWAY_LEASE_H
#define LLMUX_GATEWAY_LEASE_H

#include "server/auth/keeper.h"
#include "server/gateway/gateway.h"

struct lease {
    struct gateway *gateway; /* owned: one hold */
    struct keeper *keepers;  /* owned; by deployment; those without live accounts are not used */
    unsigned users;
};

/* A lease of g, whose hold is the lease's from now on, with one user.  Credentials that are the same
 * in `older` (NULL: none) are taken over with what was fetched for them.  NULL when memory is short;
 * then the hold is gone, too. */
struct lease *lease_create(struct gateway *g, struct upstream *upstream, const struct lease *older);
/* One more user. */
struct lease *lease_take(struct lease *l);
/* One user less; the last one ends it.  No-op for NULL. */
void lease_drop(struct lease *l);

/* Who keeps a deployment's credentials; NULL when they are the same for every request. */
struct keeper *lease_keeper(const struct lease *l, const struct deployment *d);

#endif
