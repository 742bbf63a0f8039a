/* When a request gets a second call elsewhere because its first is slow to begin: later than a
 * quantile of what is usual there, as long as the share of hedged requests stays within its cap. */
#ifndef LLMUX_RESILIENCE_HEDGE_H
#define LLMUX_RESILIENCE_HEDGE_H

#include "runtime/resilience/budget.h"
#include "runtime/resilience/latency.h"

struct hedge_options {
    unsigned permille; /* of the requests that may be hedged; 0: none */
    unsigned quantile; /* of a thousand */
    uint64_t least_ns;
};

/* How long to wait for the first byte before hedging; 0: do not. */
uint64_t hedge_after(const struct hedge_options *o, const struct latency *first);
/* What the cap is in terms of a budget (budget.h), which then says whether a request may. */
struct budget_options hedge_budget(const struct hedge_options *o);

#endif
