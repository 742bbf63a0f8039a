/* Tells an address of the operator's when a breaker changes, or a verdict of health checks.
 *
 *   guards, health ─► queue (bounded; what does not fit is dropped and counted) ─► a thread ─► POST
 *                                                                                    ▲   │ failed
 *                                                                                    └───┘ again, later
 *
 * What is sent is in docs/resilience.md.  One at a time, in order.  There is no thread before a configuration
 * names an address. */
#ifndef LLMUX_GATEWAY_WEBHOOK_H
#define LLMUX_GATEWAY_WEBHOOK_H

#include "server/gateway/gateway.h"

struct webhook;

/* NULL when memory is short. */
struct webhook *webhook_create(struct service *s);
/* From now on hear of breakers; before the workers start. */
void webhook_watch(struct webhook *w, struct guards *g);
/* Send as this snapshot says from now on; its hold is the webhook's from now on.  From any thread, but one at
 * a time. */
void webhook_adopt(struct webhook *w, struct gateway *g);
/* Stop; what waits is not sent.  No-op for NULL. */
void webhook_destroy(struct webhook *w);

/* Queue a change, if anybody is to be told; from any thread, without waiting.  what: "breaker", "health"; what
 * and the states live for ever. */
void webhook_put(struct webhook *w, const char *what, const struct guarded_name *name,
                 const char *from, const char *to);

/* Changes that were sent, given up, and dropped because the queue was full or the address went away. */
struct webhook_counts {
    uint64_t sent, failed, dropped;
};
struct webhook_counts webhook_counts(struct webhook *w);

/* The value of the header x-llmux-signature for a body that is sent at this time (seconds since 1970):
 * "t=TIME,v1=HEX", an HMAC-SHA256 over "TIME.BODY".  In the arena.  Absent when it cannot be made. */
struct str webhook_signature(struct str secret, uint64_t at, struct str body, struct arena *a);

#endif
