/* The model and the orders of streams as text, for people and for golden tests.  Deterministic. */
#ifndef SPECC_DUMP_MODEL_H
#define SPECC_DUMP_MODEL_H

#include "codegen/dialect.h"
#include "codegen/types.h"
#include "runtime/base/buf.h"

/* Each type and field with its type in C. */
void dump_model(struct arena *a, const struct ir_model *ir, struct buf *out);
/* The automaton of each typed stream: a line a state, the events it takes and where they lead.
 * Inherited streams are printed once. */
void dump_order(struct arena *a, const struct dialects *l, struct diags *d, struct buf *out);

#endif
