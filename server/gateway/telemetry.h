/* From the configuration to an exporter. */
#ifndef LLMUX_GATEWAY_TELEMETRY_H
#define LLMUX_GATEWAY_TELEMETRY_H

#include "server/gateway/gateway.h"

/* Start the exporter that g's configuration asks for, if it does.  After the log, before the workers. */
MUST_CHECK bool telemetry_open(struct service *s, const struct gateway *g, struct fault *f);

/* Send what waits, and end it.  After the workers, before the log. */
void telemetry_close(struct service *s);

#endif
