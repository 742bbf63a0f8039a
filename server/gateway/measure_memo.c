/* Cells by what they are of: a table in which each place has but one slot. */
#include "server/gateway/measure_memo.h"

static unsigned
slot_of(const struct measure_place *p)
{
    uint64_t h = ((uint64_t)(uintptr_t)p->whose >> 3) + (uint64_t)(uintptr_t)p->model * 3 + p->how;
    return (unsigned)(h * 0x9e3779b97f4a7c15u >> 32) & (MEASURE_KNOWN - 1);
}

struct metrics_cell **
measure_recall(struct measure_memo *m, const struct measure_place *place)
{
    struct measure_known *k = &m->known[slot_of(place)];
    const struct measure_place *had = &k->place;
    if (had->whose == place->whose && had->model == place->model && had->how == place->how)
        return k->cells;
    *k = (struct measure_known){ .place = *place };
    return k->cells;
}

void
measure_forget(struct measure_memo *m)
{
    for (unsigned i = 0; i < MEASURE_KNOWN; i++)
        m->known[i] = (struct measure_known){ .cells = { NULL } };
}
