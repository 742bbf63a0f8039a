/* A plain table for people: columns as wide as their widest cell, two spaces between. */
#ifndef LLMUX_CLI_TABLE_H
#define LLMUX_CLI_TABLE_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define TABLE_COLUMNS_MAX 8

struct table_row {
    struct str cell[TABLE_COLUMNS_MAX];
};
struct table {
    struct arena *arena; /* borrowed */
    unsigned columns;
    struct table_row *v;
    unsigned n, cap;
};

/* Add a row; cells are borrowed, absent ones show as "-". */
void table_add(struct table *t, const struct str *cells);
/* Print it to stdout. */
void table_print(const struct table *t);

#endif
