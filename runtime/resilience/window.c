/* Sliding counts. */
#include "runtime/resilience/window.h"

#include <string.h>

static void
drop(struct window *w, uint64_t slot)
{
    struct window_counts *c = &w->slots[slot % WINDOW_SLOTS];
    w->sum.all -= c->all;
    w->sum.some -= c->some;
    *c = (struct window_counts){ 0, 0 };
}

static void
advance(struct window *w, uint64_t span, uint64_t now)
{
    uint64_t slot = now / (span / WINDOW_SLOTS);
    if (slot <= w->newest)
        return;
    if (slot - w->newest >= WINDOW_SLOTS)
        window_clear(w);
    else
        for (uint64_t i = w->newest + 1; i <= slot; i++)
            drop(w, i);
    w->newest = slot;
}

void
window_clear(struct window *w)
{
    memset(w->slots, 0, sizeof w->slots);
    w->sum = (struct window_counts){ 0, 0 };
}

void
window_add(struct window *w, uint64_t span, uint64_t now, uint64_t all, uint64_t some)
{
    advance(w, span, now);
    struct window_counts *c = &w->slots[w->newest % WINDOW_SLOTS];
    c->all += all;
    c->some += some;
    w->sum.all += all;
    w->sum.some += some;
}

struct window_counts
window_sum(struct window *w, uint64_t span, uint64_t now)
{
    advance(w, span, now);
    return w->sum;
}
