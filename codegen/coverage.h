/* Coverage is total: whatever the model can say, a dialect writes or lists under `drop`.
 *
 * From the declarations an operation names, everything reachable is walked in one direction.  Model
 * paths are known by the type that holds the field and the field's name ("Sampling.seed",
 * "Block.thinking", "image.detail"), so that what one dialect reads can be compared with what
 * another loses. */
#ifndef SPECC_COVERAGE_H
#define SPECC_COVERAGE_H

#include "codegen/dialect.h"
#include "codegen/types.h"

struct names {
    struct str *v;
    unsigned n, cap;
};

struct coverage {
    struct names read;    /* what reading can fill */
    struct names written; /* what writing says */
    struct names lost;    /* what writing gives up, by `drop` */
};

/* Walk from one declaration.  Missing rows are errors in d (which may be NULL: walk only). */
void coverage_walk(struct arena *a, const struct ir_model *ir, const struct dialect *dialect,
                   struct str root, struct diags *d, struct coverage *out);

/* LOSS.md: for each pair of dialects and providers and each kind of document what the one says and
 * the other loses. */
void coverage_report(struct arena *a, const struct ir_model *ir, const struct dialects *l,
                     struct buf *out);

#endif
