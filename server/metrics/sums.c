/* The cells of all shards, added up. */
#include <stdlib.h>
#include <string.h>

#include "server/metrics/private.h"

static int
compare_cells(const void *a, const void *b)
{
    const struct metrics_cell *const *x = a, *const *y = b;
    return str_compare((*x)->key, (*y)->key);
}

/* All cells of a group, sorted. */
static const struct metrics_cell **
gather(struct metrics *m, enum metrics_group group, struct arena *a, unsigned *n)
{
    const struct metrics_cell **v = NULL;
    unsigned cap = 0, n_shards = atomic_load_explicit(&m->n, memory_order_acquire);
    *n = 0;
    for (unsigned i = 0; i < n_shards; i++) {
        struct metrics_table *t = &atomic_load(&m->shards[i])->tables[group];
        unsigned cells = atomic_load_explicit(&t->n, memory_order_acquire);
        for (unsigned k = 0; k < cells; k++) {
            const struct metrics_cell **c = arena_push(a, (void **)&v, n, &cap,
                                                       sizeof(const struct metrics_cell *));
            if (!c)
                return NULL;
            *c = atomic_load_explicit(&t->cells[k], memory_order_relaxed);
        }
    }
    if (*n)
        qsort(v, *n, sizeof(const struct metrics_cell *), compare_cells);
    return v;
}

static struct metrics_example
read_example(const struct metrics_live_example *e)
{
    struct metrics_example out = { .value = 0 };
    uint64_t before = atomic_load_explicit(&e->seq, memory_order_acquire);
    if (before == 0 || before & 1)
        return out;
    out.trace.id[0] = atomic_load_explicit(&e->id[0], memory_order_acquire);
    out.trace.id[1] = atomic_load_explicit(&e->id[1], memory_order_acquire);
    out.trace.span = atomic_load_explicit(&e->span, memory_order_acquire);
    out.trace.wall_ms = atomic_load_explicit(&e->wall_ms, memory_order_acquire);
    out.value = atomic_load_explicit(&e->value, memory_order_acquire);
    if (atomic_load_explicit(&e->seq, memory_order_relaxed) != before)
        return (struct metrics_example){ .value = 0 };
    return out;
}

static void
add_up(const struct metrics_cell *c, uint64_t *v, struct metrics_example *examples)
{
    const struct metrics_group_info *g = &metrics_groups[c->group];
    for (unsigned i = 0; i < metrics_group_values(g); i++)
        v[i] += atomic_load_explicit(&c->values[i], memory_order_relaxed);
    for (unsigned i = 0; i < metrics_family_buckets_before(g, g->n); i++) {
        struct metrics_example e = read_example(&c->examples[i]);
        if (e.trace.wall_ms > examples[i].trace.wall_ms)
            examples[i] = e;
    }
}

static void
split(struct str key, struct str *labels, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        labels[i] = str_make(key.p, strlen(key.p));
        key = str_skip(key, labels[i].n + 1);
    }
}

const struct metrics_sum *
metrics_sums(struct metrics *m, enum metrics_group group, struct arena *a, unsigned *n)
{
    const struct metrics_group_info *g = &metrics_groups[group];
    unsigned n_cells;
    const struct metrics_cell **cells = gather(m, group, a, &n_cells);
    struct metrics_sum *sums = arena_alloc(a, (n_cells + 1) * sizeof *sums);
    *n = 0;
    for (unsigned i = 0; sums && cells && i < n_cells; i++) {
        if (i == 0 || !str_eq(cells[i]->key, cells[i - 1]->key)) {
            struct metrics_sum *s = &sums[(*n)++];
            s->v = arena_alloc(a, metrics_group_values(g) * sizeof *s->v);
            s->example = arena_alloc(a, (metrics_family_buckets_before(g, g->n) + 1)
                                            * sizeof *s->example);
            if (!s->v || !s->example)
                return NULL;
            split(cells[i]->key, s->labels, g->n_labels);
        }
        add_up(cells[i], sums[*n - 1].v, sums[*n - 1].example);
    }
    return a->full ? NULL : sums;
}
