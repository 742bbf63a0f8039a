/* What is said about a call that failed: in our words, or in the provider's own. */
#ifndef LLMUX_GATEWAY_COMPLAINT_H
#define LLMUX_GATEWAY_COMPLAINT_H

#include "runtime/xd/xd.h"
#include "server/upstream/upstream.h"

struct attempt;
struct exchange;

/* What the client is told about a call that ended so. */
struct ir_error complaint_of_result(struct attempt *a, enum upstream_result r);
/* The error that the newest attempt has collected, whatever its form. */
struct ir_error complaint_read(struct exchange *x);

#endif
