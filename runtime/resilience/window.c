/* Sliding counts. */
#include "runtime/resilience/window.h"

#include <string.h>

static void
advance(struct window *w, uint64_t span, uint64_t now)
{
    uint64_t slot = now / (span / WINDOW_SLOTS);
    if (slot <= w->newest)
        return;
    if (slot - w->newest >= WINDOW_SLOTS)
        memset(w->slots, 0, sizeof w->slots);
    else
        for (uint64_t i = w->newest + 1; i <= slot; i++)
            w->slots[i % WINDOW_SLOTS] = (struct window_counts){ 0, 0 };
    w->newest = slot;
}

void
window_add(struct window *w, uint64_t span, uint64_t now, uint64_t all, uint64_t some)
{
    advance(w, span, now);
    struct window_counts *c = &w->slots[w->newest % WINDOW_SLOTS];
    c->all += all;
    c->some += some;
}

struct window_counts
window_sum(struct window *w, uint64_t span, uint64_t now)
{
    struct window_counts sum = { 0, 0 };
    advance(w, span, now);
    for (unsigned i = 0; i < WINDOW_SLOTS; i++) {
        sum.all += w->slots[i].all;
        sum.some += w->slots[i].some;
    }
    return sum;
}
