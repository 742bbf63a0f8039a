/* What a reply that passes says it has cost: one member of its JSON, or of an event's.  The rest goes by. */
#ifndef LLMUX_GATEWAY_BILL_H
#define LLMUX_GATEWAY_BILL_H

#include "runtime/json/pick.h"
#include "runtime/xd/xd.h"

struct bill {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
    struct json_pick pick;
};

/* NULL when the operation does not tell, or replies of this type do not; lives in the arena. */
struct bill *bill_open(const struct xd_dialect *d, const struct xd_op *op, struct str content_type,
                       struct arena *a);
/* The next bytes of the body. */
void bill_feed(struct bill *b, struct str bytes);
/* What was said so far: usage.set is false when that was nothing. */
struct ir_usage bill_read(const struct bill *b, struct arena *a);

#endif
