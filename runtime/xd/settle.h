/* What a request leaves to be told from the rest of it.  Private to runtime/xd. */
#ifndef LLMUX_XD_SETTLE_H
#define LLMUX_XD_SETTLE_H

#include "runtime/xd/xd.h"

/* After a request was read: calls that came without an id get one, results the id and the name of their
 * call, records that were said member by member are set. */
void settle_request(struct xd *x, struct ir_request *m);
/* The part of it about calls. */
void settle_calls(struct xd *x, struct ir_request *m);

#endif
