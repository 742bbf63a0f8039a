/* Fetching credentials: the calls that it takes to get a grant from an identity's endpoint.
 *
 *   IDENTITY_CONTAINER   GET url
 *   IDENTITY_INSTANCE    PUT url/latest/api/token ─► GET .../security-credentials/ ─► GET .../ROLE
 *   IDENTITY_ASSERTION   POST url, with a signed assertion
 *   IDENTITY_REFRESH     POST url, with what a user was given to renew tokens
 *   IDENTITY_CLIENT      POST url, with id and secret
 *   IDENTITY_METADATA    GET url
 *
 * Redirections are not followed.  Everything happens on the thread of the struct upstream, and
 * nothing waits. */
#ifndef LLMUX_AUTH_FETCH_H
#define LLMUX_AUTH_FETCH_H

#include "server/auth/identity.h"
#include "server/auth/grant.h"

struct fetch;

/* How it ended: with a grant, whose strings live until the next fetch_start, or with a fault
 * (g is NULL).  Never called from inside fetch_start. */
typedef void fetch_done(void *ctx, const struct grant *g, const struct fault *f);

/* What all fetches of an identity in one thread have in common. */
struct fetch {
    const struct identity *identity; /* borrowed, as is all that follows, but arena and bufs */
    struct upstream *upstream;
    struct str ca_file, proxy; /* for endpoints outside of the machine; absent: see upstream.h */
    fetch_done *done;
    void *ctx;

    struct upstream_call *call; /* NULL: none is running */
    unsigned step;
    uint64_t now;
    int status;
    struct str session; /* of the instance's metadata service */
    struct buf sent, heard;
    struct arena arena;
};

void fetch_init(struct fetch *f);
void fetch_fini(struct fetch *f);

/* Begin; none may be running.  now: seconds since 1970.  False, with the reason in fault, when it
 * cannot even begin; then done is not called. */
MUST_CHECK bool fetch_start(struct fetch *f, uint64_t now, struct fault *fault);
bool fetch_is_running(const struct fetch *f);

#endif
