/* Numbers about what the gateway does.
 *
 *   worker ─► its shard ─► cell (a set of label values) ─► plain counters       nobody else writes
 *   scrape ─► all shards ─► cells of equal labels added up ─► text (exposition.h)
 *
 * A shard belongs to one thread at a time; its writes are relaxed stores, never locked, never
 * shared.  Any thread may read at any time.  The number of cells of a group is capped: what comes
 * beyond is counted in a cell whose labels say "other". */
#ifndef LLMUX_METRICS_METRICS_H
#define LLMUX_METRICS_METRICS_H

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "server/metrics/family.h"

struct metrics;
struct metrics_shard;
struct metrics_cell;

/* NULL when memory is short. */
struct metrics *metrics_create(void);
/* No thread may use a shard any more. */
void metrics_destroy(struct metrics *m);

/* A shard for the calling thread's own use until metrics_leave: one that was left before, with its
 * numbers, or a new one.  NULL when memory is short. */
struct metrics_shard *metrics_join(struct metrics *m);
/* Give it back; NULL is nothing. */
void metrics_leave(struct metrics_shard *s);
/* Its number, from 0 on: the label `worker`. */
unsigned metrics_shard_number(const struct metrics_shard *s);

/* The cell for these label values, in the order of the group's labels; absent values count as
 * empty ones, and none has a NUL inside.  Never NULL. */
struct metrics_cell *
metrics_cell(struct metrics_shard *s, enum metrics_group group, const struct str *labels);
/* Is it that of all which are too many?  Whoever remembers cells (they stay as long as the shard) shall not remember
 * this one: looking it up is counted. */
bool metrics_cell_is_other(const struct metrics_shard *s, const struct metrics_cell *c);

/* Which trace an observation belongs to; all zero: none is known. */
struct metrics_trace {
    uint64_t id[2]; /* of the trace */
    uint64_t span;
    uint64_t wall_ms; /* since 1970 */
};

/* Add to a counter or gauge; a negative n lowers a gauge. */
void metrics_add(struct metrics_cell *c, unsigned family, int64_t n);
/* Set n gauges, or counters that are kept elsewhere, from this family on. */
void metrics_set(struct metrics_cell *c, unsigned family, const uint64_t *values, unsigned n);
/* Count a value in a histogram.  trace (which may be NULL) becomes the example of its bucket. */
void metrics_observe(struct metrics_cell *c, unsigned family, uint64_t value,
                     const struct metrics_trace *trace);

/* One set of label values, all shards together. */
struct metrics_example;
struct metrics_sum {
    struct str labels[METRICS_LABELS_MAX];
    uint64_t *v;                     /* as metrics_family_offset says */
    struct metrics_example *example; /* by bucket, of the group's histograms in turn */
};

/* The newest observation of a bucket whose trace is known. */
struct metrics_example {
    struct metrics_trace trace; /* all zero: none */
    uint64_t value;
};

/* Add a group's cells up, sorted by their labels.  What is returned (*n of them) lives in the
 * arena, and refers to m; NULL when the arena is full. */
const struct metrics_sum *
metrics_sums(struct metrics *m, enum metrics_group group, struct arena *a, unsigned *n);

#endif
