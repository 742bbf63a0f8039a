/* What is said about a call that failed: in our words, or in the provider's own. */
#ifndef LLMUX_GATEWAY_COMPLAINT_H
#define LLMUX_GATEWAY_COMPLAINT_H

#include "runtime/xd/xd.h"
#include "server/gateway/remarks.h"
#include "server/upstream/upstream.h"

/* In our words, for clients: "provider NAME: TEXT". */
struct ir_error
complaint_make(struct str provider, enum ir_fault kind, const char *text, struct arena *a);
/* About a call that ended so; r is not UPSTREAM_OK. */
struct ir_error complaint_of_result(struct str provider, enum upstream_result r, struct arena *a);
/* The error that came with a status that is not 2xx, whatever its form.  xd is for the dialect and the operation
 * that were asked for. */
struct ir_error complaint_read(struct xd *xd, struct str provider, int status,
                               const struct remarks *remarks, struct str body);

#endif
