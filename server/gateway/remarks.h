/* What the head of a provider's reply says beside its status: how much is left, when to come back, and what went
 * wrong. */
#ifndef LLMUX_GATEWAY_REMARKS_H
#define LLMUX_GATEWAY_REMARKS_H

#include "server/gateway/allowance.h"

struct remarks {
    struct allowance allowance;
    struct ir_int retry_after; /* of what is no good reply */
    struct str error_word;     /* what a header says went wrong; absent: nothing */
    bool refuses;              /* what shows who pays is not taken (any more) */
};

/* Texts live in the arena. */
void remarks_read(struct remarks *r, const struct xd_dialect *d, const struct upstream_head *head,
                  struct arena *a);
/* How long the provider wants to be left alone after the error e, in nanoseconds; 0: it did not say. */
uint64_t remarks_wait_ns(const struct remarks *r, const struct ir_error *e);
/* The same, and when limits are made good, for a guard. */
void remarks_report(const struct remarks *r, const struct ir_error *e, struct guard_report *report);

#endif
