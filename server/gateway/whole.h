/* A provider's reply that came as one document. */
#ifndef LLMUX_GATEWAY_WHOLE_H
#define LLMUX_GATEWAY_WHOLE_H

#include "generated/ir.h"

struct exchange;

/* The document is complete: bring it to the client in the form it wants.  Finishes the exchange, or
 * its attempt. */
void whole_reply(struct exchange *x);

/* A reply that was understood, in the client's dialect.  Finishes the exchange, or its attempt. */
void whole_answer(struct exchange *x, const struct ir_reply *reply);

/* Shall the ids of its calls carry seals (runtime/xd/seal_ids.h)? */
bool whole_has_ids(const struct exchange *x);

#endif
