/* A binary heap. */
#include "tools/simulate/agenda.h"

#include <stdio.h>
#include <stdlib.h>

static bool
is_before(const struct agenda_entry *a, const struct agenda_entry *b)
{
    return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

static void
grow(struct agenda *a)
{
    a->room = a->room ? 2 * a->room : 256;
    a->v = realloc(a->v, a->room * sizeof *a->v);
    if (!a->v) {
        fputs("simulate: out of memory\n", stderr);
        exit(2);
    }
}

void
agenda_put(struct agenda *a, uint64_t at, unsigned what, unsigned who, unsigned which)
{
    const struct agenda_entry e = { at, a->serial++, what, who, which };
    if (a->n == a->room)
        grow(a);
    unsigned i = a->n++;
    for (; i > 0 && is_before(&e, &a->v[(i - 1) / 2]); i = (i - 1) / 2)
        a->v[i] = a->v[(i - 1) / 2];
    a->v[i] = e;
}

bool
agenda_take(struct agenda *a, struct agenda_entry *e)
{
    if (a->n == 0)
        return false;
    *e = a->v[0];
    struct agenda_entry last = a->v[--a->n];
    unsigned i = 0;
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= a->n)
            break;
        child += child + 1 < a->n && is_before(&a->v[child + 1], &a->v[child]);
        if (!is_before(&a->v[child], &last))
            break;
        a->v[i] = a->v[child];
        i = child;
    }
    a->v[i] = last;
    return true;
}

void
agenda_fini(struct agenda *a)
{
    free(a->v);
    *a = (struct agenda){ .n = 0 };
}
