/* One call that shows whether a deployment works, made for nobody's request.
 *
 *   probe_start ─► (credentials) ─► GET a list, or a request for one token ─► done, once */
#ifndef LLMUX_GATEWAY_PROBE_H
#define LLMUX_GATEWAY_PROBE_H

#include "runtime/resilience/guard.h"
#include "server/gateway/deployment.h"
#include "server/gateway/lease.h"
#include "server/gateway/remarks.h"

struct probe {
    const struct deployment *deployment; /* these are set before the start */
    const struct config_health *options;
    struct str
        model; /* what the provider is asked for; absent: the list, or the path of the options */
    /* How it went; not from inside probe_start.  r is NULL when nothing was shown, for a reason of ours, in f. */
    void (*done)(struct probe *p, const struct guard_report *r, const struct fault *f);
    void *ctx;

    struct keeper *keeper; /* the rest is its own */
    struct upstream *upstream;
    struct keeper_waiter wait;
    struct upstream_call *call; /* NULL: none runs */
    struct upstream_request request;
    struct arena arena;
    struct buf body;
    const struct xd_dialect *dialect; /* that it is answered in */
    struct buf heard;                 /* of an error, or of the reply to a request */
    int status;
    struct remarks remarks; /* of the answer's head */
};

void probe_init(struct probe *p);
void probe_fini(struct probe *p);
/* Begin; it does not run.  False, with the reason in f, when it cannot be asked at all: then done is not called. */
MUST_CHECK bool probe_start(struct probe *p, struct lease *l, struct upstream *u, struct fault *f);
bool probe_is_running(const struct probe *p);
/* End it without a word; no-op when it does not run. */
void probe_stop(struct probe *p);

#endif
