/* Cells by what they are of: a table in which each place has some slots. */
#include "server/gateway/measure_memo.h"

#define WAYS 4u /* that addresses fall together is no reason to find nothing */

static struct measure_known *
slots_of(struct measure_memo *m, const struct measure_place *p)
{
    uint64_t h = ((uint64_t)(uintptr_t)p->whose >> 3) + (uint64_t)(uintptr_t)p->model * 3 + p->how;
    return &m->known[(unsigned)(h * 0x9e3779b97f4a7c15u >> 32) % (MEASURE_KNOWN / WAYS) * WAYS];
}

static bool
is_of(const struct measure_known *k, const struct measure_place *p)
{
    return k->place.whose == p->whose && k->place.model == p->model && k->place.how == p->how;
}

struct metrics_cell **
measure_recall(struct measure_memo *m, const struct measure_place *place)
{
    struct measure_known *slots = slots_of(m, place);
    for (unsigned i = 0; i < WAYS; i++)
        if (is_of(&slots[i], place))
            return slots[i].cells;
    struct measure_known *k = &slots[m->turn++ % WAYS];
    *k = (struct measure_known){ .place = *place };
    return k->cells;
}

void
measure_forget(struct measure_memo *m)
{
    for (unsigned i = 0; i < MEASURE_KNOWN; i++)
        m->known[i] = (struct measure_known){ .cells = { NULL } };
}
