/* A budget of extra calls: so many for the requests of late, so that they never multiply an outage.
 * Retries have one, hedges another.  Times are in nanoseconds that never run backwards. */
#ifndef LLMUX_RESILIENCE_BUDGET_H
#define LLMUX_RESILIENCE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/resilience/window.h"

struct budget_options {
    unsigned permille;  /* of the requests within the window */
    unsigned floor;     /* as many are always allowed within the window */
    uint64_t window_ns; /* >= WINDOW_SLOTS */
};

/* All zeros at first. */
struct budget {
    struct window window; /* requests and extra calls, or what they weigh */
};

/* A request has come that weighs so much: 1 where calls count, its tokens where their cost does. */
void budget_count(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight);
/* Is there room for an extra call of this weight? */
bool budget_has(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight);
/* It was made, room or not. */
void budget_book(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight);
/* If there is room, it is counted. */
bool budget_spend(struct budget *b, const struct budget_options *o, uint64_t now, uint64_t weight);

#endif
