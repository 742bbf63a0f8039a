/* The admin port: what the operator may ask and do.
 *
 *   GET /health/live, /health/ready, /metrics     as on the port for clients
 *   GET /admin/state                              deployments: how they are, and why
 *   GET /admin/config                             the configuration in force, secrets masked
 *   POST /admin/reload                            read it anew
 *   POST /admin/explain?path=/v1/...              what would happen to the request in the body now
 *
 * With server.admin_key everything but health wants `Authorization: Bearer KEY`. */
#ifndef LLMUX_GATEWAY_ADMIN_H
#define LLMUX_GATEWAY_ADMIN_H

#include "server/http/conn.h"

struct worker;

/* Answer a request that came to the admin port. */
void admin_answer(struct worker *w, struct http_exchange *http);

#endif
