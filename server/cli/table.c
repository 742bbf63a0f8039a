/* Aligning columns. */
#include "server/cli/table.h"

#include <stdio.h>

void
table_add(struct table *t, const struct str *cells)
{
    struct table_row *row = arena_push(t->arena, (void **)&t->v, &t->n, &t->cap, sizeof *t->v);
    for (unsigned i = 0; row && i < t->columns; i++)
        row->cell[i] = cells[i].n ? cells[i] : STR("-");
}

static int
width_of(const struct table *t, unsigned column)
{
    size_t width = 0;
    for (unsigned i = 0; i < t->n; i++)
        if (t->v[i].cell[column].n > width)
            width = t->v[i].cell[column].n;
    return (int)width;
}

void
table_print(const struct table *t)
{
    int width[TABLE_COLUMNS_MAX] = { 0 };
    for (unsigned i = 0; i + 1 < t->columns; i++)
        width[i] = width_of(t, i);
    for (unsigned i = 0; i < t->n; i++)
        for (unsigned j = 0; j < t->columns; j++)
            printf("%s%-*.*s%s", j ? "  " : "", width[j], STR_ARG(t->v[i].cell[j]),
                   j + 1 == t->columns ? "\n" : "");
}
