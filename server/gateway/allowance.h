/* What the head of a reply says about the provider's limits (the `limit` settings of its spec): how much is
 * left, and when there is more. */
#ifndef LLMUX_GATEWAY_ALLOWANCE_H
#define LLMUX_GATEWAY_ALLOWANCE_H

#include "runtime/resilience/guard.h"
#include "runtime/xd/xd.h"
#include "server/upstream/upstream.h"

struct allowance {
    struct guard_quota quota;
    uint64_t wait_ns; /* what it says to wait, more exact than Retry-After; 0: nothing */
};

/* What the time is, in microseconds since 1970.  Asked only when it matters. */
typedef uint64_t allowance_clock(void);

void allowance_read(struct allowance *a, const struct xd_dialect *d,
                    const struct upstream_head *head, allowance_clock *clock);
/* Retry-After in whole seconds; a date counts from now.  Unset when it says neither. */
struct ir_int allowance_retry_after(struct str text, allowance_clock *clock);
/* In whole seconds, rounded up. */
int64_t allowance_seconds(uint64_t ns);

#endif
