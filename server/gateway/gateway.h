/* A snapshot of the configuration, worked out: which deployments and models there are, and what
 * hangs in the seams.  It never changes, but for the count of those who hold it; a reload makes
 * another one, and the old one is freed when nobody holds it any more.
 *
 *   reloader ─► newest ◄─┐
 *   worker 1 ─► lease ───┤      ◄─ exchanges that began after the reload (lease.h)
 *   worker 2 ─► lease ───┘
 *          └──► lease ─► older  ◄─ exchanges that began before it */
#ifndef LLMUX_GATEWAY_GATEWAY_H
#define LLMUX_GATEWAY_GATEWAY_H

#include <stdatomic.h>

#include "server/gateway/catalogue.h"
#include "server/gateway/guards.h"
#include "server/gateway/redactor.h"
#include "server/gateway/restraint.h"
#include "server/gateway/seams.h"
#include "server/gateway/service.h"

struct gateway {
    struct service *service;        /* borrowed */
    const struct config *config;    /* borrowed, or in config_arena */
    struct arena config_arena;      /* of the config that gateway_load has read */
    struct plugins *plugins;        /* owned; NULL: none */
    struct http_tls *tls;           /* owned; NULL: plain text */
    struct arena arena;             /* of all that follows */
    struct deployment *deployments; /* by entry of config->providers */
    struct catalogue catalogue;
    struct seams seams;
    struct redactor *redactor; /* owned; NULL: requests are sent as they come */
    struct guard_options guard_options;
    struct restraint restraint;
    unsigned number;  /* of this snapshot: 1 is the first that was loaded */
    uint64_t made;    /* seconds since 1970 */
    atomic_uint refs; /* those who hold it */
};

/* Work out the deployments and models of a valid config, whose types are compiled in or among the
 * plugins (owned from now on; NULL: none).  The caller holds g, which needs not to be made by
 * gateway_load.  On an error g is to be given to gateway_fini all the same. */
MUST_CHECK enum err gateway_init(struct gateway *g, const struct config *config,
                                 struct plugins *plugins, struct service *service, struct fault *f);
void gateway_fini(struct gateway *g);

/* Where a configuration comes from. */
struct gateway_source {
    const char *path; /* a file; NULL: the text */
    struct str text;
};

/* Read, check and work out a configuration, with its certificate and its plugins; those that `older`
 * (NULL: nobody) has already are shared with it.  NULL when it has errors, which are in `errors`,
 * their texts in the arena.  The caller holds what is returned. */
struct gateway *
gateway_load(const struct gateway_source *source, struct service *service,
             const struct gateway *older, struct arena *a, struct config_errors *errors);

/* Have the log mask what the config says is secret, and what the deployments have found elsewhere.  Part
 * of gateway_load when the service has its log already.  False when memory is short. */
MUST_CHECK bool gateway_hide_secrets(const struct gateway *g, struct log *log);

/* Hold g, too; from any thread.  Returns g. */
struct gateway *gateway_hold(struct gateway *g);
/* Hold g no more: the last one frees it.  From any thread; no-op for NULL. */
void gateway_drop(struct gateway *g);

#endif
