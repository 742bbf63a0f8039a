/* Breakers in the log: a line for each change of one. */
#ifndef LLMUX_GATEWAY_GUARDS_LOG_H
#define LLMUX_GATEWAY_GUARDS_LOG_H

#include "server/gateway/guards.h"
#include "server/log/log.h"

/* From now on; before the workers start.  The log must outlive the guards. */
void guards_log(struct guards *g, struct log *log);

#endif
