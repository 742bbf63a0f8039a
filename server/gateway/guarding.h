/* What attempts tell the state of deployments (guards.h), and when that holds them back. */
#ifndef LLMUX_GATEWAY_GUARDING_H
#define LLMUX_GATEWAY_GUARDING_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/resilience/semaphore.h"

struct exchange;

/* Ask for a place within the limits of the newest attempt's deployment.  QUEUED:
 * exchange_attempt_started comes, unless guarding_late or guarding_end does first.  FULL: x->error
 * says why, unless a deployment that was asked has said more. */
enum semaphore_answer guarding_enter(struct exchange *x);
/* How long it may wait for that. */
uint64_t guarding_wait_ns(const struct exchange *x);
/* It has waited in vain; x->error says so. */
void guarding_late(struct exchange *x);

/* The newest attempt is about to begin; false when its deployment must not be asked now, and then
 * x->error says why, unless a deployment that was asked has said more. */
bool guarding_begin(struct exchange *x);
/* The first byte of its reply has come. */
void guarding_first(struct exchange *x);
/* It is over, or was not made after all; no-op when it did not begin, or was told already. */
void guarding_end(struct exchange *x);

/* The tokens that the newest attempt has used, in and out, as far as they are known. */
uint64_t guarding_tokens(const struct exchange *x);

#endif
