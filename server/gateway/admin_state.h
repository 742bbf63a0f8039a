/* How the gateway is, for the operator: each deployment with the guards (guards.h) of its models, and
 * each limit (limits.h). */
#ifndef LLMUX_GATEWAY_ADMIN_STATE_H
#define LLMUX_GATEWAY_ADMIN_STATE_H

#include "runtime/json/writer.h"
#include "server/gateway/gateway.h"

struct worker;

/* Write the state as an object. */
void admin_state_put(struct worker *w, const struct gateway *g, struct jw *j);
/* Write which snapshot is in force as members: number, loaded, file. */
void admin_state_put_config(struct worker *w, const struct gateway *g, struct jw *j);

#endif
