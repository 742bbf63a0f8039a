/* Operations: what a dialect is asked to do, and the declarations that say how. */
#ifndef SPECC_OPERATION_H
#define SPECC_OPERATION_H

#include "codegen/dialect.h"

/* Check that the dialect has operations and that each names declarations of the right kind over the
 * right records.  Errors go to diags. */
void operation_check(const struct dialect *d, struct diags *diags);

#endif
