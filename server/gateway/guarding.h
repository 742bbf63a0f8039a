/* What attempts tell the state of deployments (guards.h), and when that holds them back. */
#ifndef LLMUX_GATEWAY_GUARDING_H
#define LLMUX_GATEWAY_GUARDING_H

#include <stdbool.h>

struct exchange;

/* The newest attempt is about to begin; false when its deployment must not be asked now, and then
 * x->error says why, unless a deployment that was asked has said more. */
bool guarding_begin(struct exchange *x);
/* It is over, or was not made after all; no-op when it did not begin, or was told already. */
void guarding_end(struct exchange *x);

#endif
