/* Active health checks: a thread that probes deployments on its own timers and tells their guards.
 *
 *   snapshot of the config ─► units: a list for all models of a deployment that are checked alike,
 *                                    or a request for each model
 *   timer ─► probe (probe.h) ─► guarded_probed ─► whoever chooses among deployments
 *
 * There is no thread, and no cost, before a configuration wants checks.  A new snapshot ends the probes of the
 * old one. */
#ifndef LLMUX_GATEWAY_HEALTH_H
#define LLMUX_GATEWAY_HEALTH_H

#include "server/gateway/gateway.h"

struct health;

/* No thread runs yet.  NULL when memory is short. */
struct health *health_create(struct service *s);
/* Check as this snapshot says from now on; its hold is the checks' from now on.  From any thread, but one at a
 * time. */
void health_adopt(struct health *h, struct gateway *g);
/* No more probes.  From any thread; no-op for NULL. */
void health_stop(struct health *h);
/* Stop, wait for the thread, and free h. */
void health_destroy(struct health *h);

#endif
