/* Every construct has an inverse: what is written must be read back as the same. */
#ifndef SPECC_INVERT_H
#define SPECC_INVERT_H

#include "codegen/dialect.h"
#include "codegen/types.h"

/* Check the tables, unions and objects that a dialect declares or changes.  Errors go to d. */
void invert_check(struct arena *a, const struct ir_model *ir, const struct dialect *dialect,
                  struct diags *d);
/* Check that a typed stream's order and the model's grammar allow the same, event by event: what a
 * peer may send means a word of the model, and each word of the model can be written.  The shortest
 * stream that breaks it is printed. */
void invert_check_order(struct arena *a, const struct ir_model *ir, const struct ast_decl *stream,
                        struct diags *d);

#endif
