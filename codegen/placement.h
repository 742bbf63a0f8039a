/* Where each kind of row may stand, and what it may say there. */
#ifndef SPECC_PLACEMENT_H
#define SPECC_PLACEMENT_H

#include "codegen/dialect.h"

/* Check the rows of the declarations that a dialect declares or changes.  What is refused here
 * would have no meaning at its place, and be printed as nothing or as wrong C.  Errors go to
 * diags. */
void placement_check(const struct dialect *d, struct diags *diags);

#endif
