/* What the canonical model must be beyond its types.
 *
 * Names must be fit for the C that is printed, no type may stand inside itself, and the events of a
 * reply need parameters that mean something and an order that holds. */
#ifndef SPECC_MODEL_H
#define SPECC_MODEL_H

#include "codegen/types.h"

/* Check a resolved model.  Errors go to d. */
void model_check(struct arena *a, const struct ir_model *ir, struct diags *d);

#endif
