/* What all workers share: made before they start, read-only while they run but for `draining`. */
#ifndef LLMUX_GATEWAY_GATEWAY_H
#define LLMUX_GATEWAY_GATEWAY_H

#include <stdatomic.h>

#include "server/gateway/catalogue.h"
#include "server/gateway/guards.h"
#include "server/gateway/seams.h"

struct gateway {
    const struct config *config;    /* borrowed */
    struct log *log;                /* borrowed */
    struct metrics *metrics;        /* borrowed; NULL: nothing is counted */
    struct http_tls *tls;           /* borrowed; NULL: plain text */
    struct arena arena;             /* of all that follows */
    struct deployment *deployments; /* by entry of config->providers */
    struct catalogue catalogue;
    struct seams seams;
    struct guards *guards; /* borrowed, from before to after all gateways; NULL: none */
    struct guard_options guard_options;
    uint64_t started; /* seconds since 1970 */
    unsigned n_workers;
    atomic_bool draining;
};

/* Work out the deployments and models of a valid config, whose types are compiled in or among the
 * plugins (NULL: none), which must outlive g.  On an error g is to be given to
 * gateway_fini all the same. */
MUST_CHECK enum err gateway_init(struct gateway *g, const struct config *config,
                                 const struct plugins *plugins, struct log *log, struct fault *f);
void gateway_fini(struct gateway *g);

#endif
