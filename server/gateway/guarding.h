/* What attempts tell the state of deployments (guards.h), and when that holds them back.  now: as clock_ns() tells it. */
#ifndef LLMUX_GATEWAY_GUARDING_H
#define LLMUX_GATEWAY_GUARDING_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"
#include "runtime/resilience/semaphore.h"

struct arena;
struct exchange;
struct gateway;
struct guarded;
struct offer;

/* Find the state of all that is known beforehand, so that requests need not: of exact models and of
 * limited deployments.  Part of making a gateway; nothing without the registries of its service. */
void guarding_prepare(struct gateway *g);
/* The state of an offer that is asked for by this name; NULL: there is none. */
struct guarded *
guarding_find(const struct gateway *g, const struct offer *o, struct str name, struct arena *a);

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
/* It waits for what it needs, or cannot be made: nobody is asked meanwhile.  No-op when it does already. */
void guarding_put_off(struct exchange *x);
/* Now somebody is; no-op when it did not wait. */
void guarding_made(struct exchange *x);
/* The first byte of its reply has come. */
void guarding_first(struct exchange *x, uint64_t now);
/* The client has begun to get its reply. */
void guarding_proven(struct exchange *x);
/* It is over, or was not made after all; no-op when it did not begin, or was told already. */
void guarding_end(struct exchange *x, uint64_t now);

/* The tokens that the newest attempt has used, in and out, as far as they are known. */
uint64_t guarding_tokens(const struct exchange *x);

#endif
