/* Extra calls within bounds. */
#include "runtime/resilience/budget.h"

void
budget_count(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight)
{
    window_add(&b->window, o->window_ns, now, weight, 0);
}

bool
budget_has(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight)
{
    struct window_counts n = window_sum(&b->window, o->window_ns, now);
    uint64_t allowed = n.all * o->permille / 1000;
    return n.some + weight <= (allowed > o->floor ? allowed : o->floor);
}

void
budget_book(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight)
{
    window_add(&b->window, o->window_ns, now, 0, weight);
}

bool
budget_spend(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight)
{
    if (!budget_has(b, o, now, weight))
        return false;
    budget_book(b, o, now, weight);
    return true;
}
