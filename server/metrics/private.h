/* What shards are made of; for the files of this directory only.
 *
 *   metrics.c   the thread that owns a shard finds its cells, and counts
 *   sums.c      any thread adds up the cells of all shards, meanwhile */
#ifndef LLMUX_METRICS_PRIVATE_H
#define LLMUX_METRICS_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/base/str.h"
#include "server/metrics/metrics.h"

#define METRICS_SHARDS_MAX 1100u /* workers, admin threads, and those of a generation that ends */
#define METRICS_WIDTHS     64u   /* of a value, in bits */

/* A value of an example may be read while it is written: odd while it is. */
struct metrics_live_example {
    atomic_uint_fast64_t seq;
    atomic_uint_fast64_t id[2], span, wall_ms, value;
};

/* Where a family's numbers are in a cell. */
struct metrics_place {
    unsigned value, example;             /* the first ones */
    const struct metrics_bounds *bounds; /* of a histogram; else NULL */
    uint8_t first[METRICS_WIDTHS]; /* by a value's highest bit: the least bucket it may be of */
};

struct metrics_cell {
    enum metrics_group group;
    const struct metrics_place *places; /* by family of its group */
    uint32_t hash;
    struct str key;                        /* owned: the label values, a NUL behind each */
    struct metrics_live_example *examples; /* owned, by bucket of the group's histograms */
    atomic_uint_fast64_t *values;          /* owned */
};

/* Cells of one group.  The thread that owns the shard looks them up in slots; others walk `cells`,
 * whose n only grows. */
struct metrics_table {
    struct metrics_cell **slots; /* owned; by hash; mask + 1 of them */
    unsigned mask;
    _Atomic(struct metrics_cell *) *cells; /* owned: room for all */
    atomic_uint n;
    struct metrics_cell *other; /* one of the cells, for what comes beyond the cap */
};

struct metrics_shard {
    struct metrics *metrics;
    unsigned number;
    bool taken; /* under the mutex */
    struct metrics_table tables[METRICS_GROUPS];
};

struct metrics {
    pthread_mutex_t mutex;                                      /* of joining and leaving */
    _Atomic(struct metrics_shard *) shards[METRICS_SHARDS_MAX]; /* owned */
    atomic_uint n;
    struct metrics_place places[METRICS_GROUPS][METRICS_FAMILIES_MAX];
};

#endif
