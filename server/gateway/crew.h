/* The workers of a process, what they are told, and their end.
 *
 *   SIGHUP, a change of the file ─► reload the configuration
 *   SIGUSR1 ─► open the log's file anew
 *   SIGUSR2 ─► start the program anew, hand the sockets over, let the last requests end (upgrade.h)
 *   SIGTERM, SIGINT ─► drain: readiness 503, no new connections, running requests end
 *   a second one, or drain_timeout ─► cut what still runs */
#ifndef LLMUX_GATEWAY_CREW_H
#define LLMUX_GATEWAY_CREW_H

#include "server/gateway/gateway.h"

struct crew;

/* How many workers serve clients under this configuration. */
unsigned crew_size(const struct config *config);

/* Open the listening sockets of the config and make service->n_workers workers, which do not run
 * yet.  Logs the real addresses.  Returns NULL with the reason in f. */
struct crew *crew_create(struct gateway *g, struct fault *f);

/* Have all workers serve by this snapshot; the caller's hold stays.  From any thread. */
void crew_adopt(struct crew *c, struct gateway *g);

/* Block the signals that crew_run waits for; before any thread is made. */
void crew_block_signals(void);

/* Run until a signal says to stop and everything has ended.  False, with the reason in f, when no thread can be had. */
MUST_CHECK bool crew_run(struct crew *c, struct fault *f);

void crew_destroy(struct crew *c);

#endif
