/* Two counts over the last while, in slots: what is older falls out slot by slot.
 *
 *   |  12  |   9  |  14  | ... |  11  |   3  |      WINDOW_SLOTS slots together span `span` ns
 *     oldest                            newest, still growing
 *
 * No clock: every function is told the time, in nanoseconds that never run backwards; a time
 * before the newest known one counts as that. */
#ifndef LLMUX_RESILIENCE_WINDOW_H
#define LLMUX_RESILIENCE_WINDOW_H

#include <stdint.h>

#define WINDOW_SLOTS 10

struct window_counts {
    uint64_t all, some; /* what they count is up to the owner: requests and failures, ... */
};

/* All zeros at first. */
struct window {
    struct window_counts slots[WINDOW_SLOTS], sum;
    uint64_t newest; /* number of the newest slot since time 0 */
};

/* Count.  span must be the same in all calls for a window, and at least WINDOW_SLOTS; when it
 * changes (a config was reloaded), old counts may be forgotten at once. */
void window_add(struct window *w, uint64_t span, uint64_t now, uint64_t all, uint64_t some);
/* Forget all counts. */
void window_clear(struct window *w);
/* What was counted within the last span. */
struct window_counts window_sum(struct window *w, uint64_t span, uint64_t now);

#endif
