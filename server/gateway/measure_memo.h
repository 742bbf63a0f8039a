/* The cells of the metrics that a worker's requests count in, remembered by what they are of: one request is much like
 * those before it, and to find a cell by its labels takes longer than to count.
 *
 *   model, front,      operation, status  ─► cells of the request and the model
 *   model, deployment, operation, outcome ─► cells of the deployment and the attempt */
#ifndef LLMUX_GATEWAY_MEASURE_MEMO_H
#define LLMUX_GATEWAY_MEASURE_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "server/metrics/metrics.h"

struct model;

#define MEASURE_KNOWN 32u

/* What an observation is of. */
struct measure_place {
    const void *whose;         /* the front's dialect, or the deployment */
    const struct model *model; /* NULL: none that the config knows */
    uint64_t how;              /* the operation, and what came of it */
};

struct measure_memo {
    struct metrics_cell *gateway, *worker; /* NULL: not looked up yet */
    struct measure_known {
        struct measure_place place;
        struct metrics_cell *cells[2]; /* NULL: free */
    } known[MEASURE_KNOWN];
    unsigned turn; /* counts who was forgotten for another */
};

/* The place's cells, for the caller to fill in where the first one is NULL: they stay until another place needs the
 * slot. */
struct metrics_cell **measure_recall(struct measure_memo *m, const struct measure_place *place);
/* Forget them all.  Places are known by addresses, so this is for when a snapshot of the configuration is taken over:
 * it may lie where an older one lay. */
void measure_forget(struct measure_memo *m);

#endif
