/* Extra calls within bounds. */
#include "runtime/resilience/budget.h"

void
budget_count(struct budget *b, const struct budget_options *o, uint64_t now)
{
    window_add(&b->window, o->window_ns, now, 1, 0);
}

bool
budget_spend(struct budget *b, const struct budget_options *o, uint64_t now)
{
    struct window_counts n = window_sum(&b->window, o->window_ns, now);
    uint64_t allowed = n.all * o->permille / 1000;
    if (n.some >= (allowed > o->floor ? allowed : o->floor))
        return false;
    window_add(&b->window, o->window_ns, now, 0, 1);
    return true;
}
