/* The trigger of hedged requests. */
#include "runtime/resilience/hedge.h"

#define WINDOW ((uint64_t)60 * 1000 * 1000 * 1000)

uint64_t
hedge_after(const struct hedge_options *o, const struct latency *first)
{
    if (o->permille == 0 || first->total < LATENCY_SAMPLES)
        return 0;
    uint64_t ns = latency_quantile(first, o->quantile);
    return ns > o->least_ns ? ns : o->least_ns;
}

struct budget_options
hedge_budget(const struct hedge_options *o)
{
    return (struct budget_options){ .permille = o->permille, .window_ns = WINDOW };
}
