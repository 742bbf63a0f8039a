/* What outlives every reload: made once by `llmux serve`, shared by all workers and all snapshots of
 * the configuration.  The state of deployments, counters, and whatever else must not begin anew when
 * the configuration changes, belongs here. */
#ifndef LLMUX_GATEWAY_SERVICE_H
#define LLMUX_GATEWAY_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/resilience/semaphore.h"
#include "server/gateway/redactor.h"

struct exporter;
struct guards;
struct limits;
struct log;
struct metrics;
struct reloader;
struct route_memory;
struct webhook;

struct service {
    struct log *log;             /* borrowed */
    struct metrics *metrics;     /* borrowed; NULL: nothing is counted */
    struct exporter *exporter;   /* borrowed; NULL: nothing is sent */
    struct guards *guards;       /* borrowed; NULL: nothing is guarded */
    struct limits *limits;       /* borrowed; NULL: nothing is limited */
    struct route_memory *memory; /* borrowed; NULL: nobody remembers who served whom */
    struct webhook *webhook;     /* borrowed; NULL: nobody is told of breakers */
    struct reloader *reloader;   /* borrowed; NULL: the configuration stays as it is */
    uint64_t started;            /* seconds since 1970 */
    unsigned char redaction_key[REDACTOR_KEY]; /* where the config says none */
    unsigned n_workers;                        /* those that serve clients */
    bool admin_is_public; /* others than this machine can reach the admin port */
    atomic_bool draining;
    _Atomic uint64_t shed[SEMAPHORE_PRIORITIES]; /* requests that late workers have refused */
    atomic_uint late_workers;                    /* that refuse some now */
};

#endif
