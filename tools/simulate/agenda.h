/* What will happen when: the events of a simulation, the earliest first, those of one moment in the
 * order in which they were put down. */
#ifndef LLMUX_SIMULATE_AGENDA_H
#define LLMUX_SIMULATE_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

struct agenda_entry {
    uint64_t at; /* ns */
    uint64_t serial;
    unsigned what;
    unsigned who, which;
};

/* All zeros at first. */
struct agenda {
    struct agenda_entry *v; /* owned; a heap */
    unsigned n, room;
    uint64_t serial;
};

void agenda_put(struct agenda *a, uint64_t at, unsigned what, unsigned who, unsigned which);
/* Take the next one; false when there is none. */
bool agenda_take(struct agenda *a, struct agenda_entry *e);
void agenda_fini(struct agenda *a);

#endif
