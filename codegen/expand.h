/* A dialect or provider as the spec text that says the same without inheriting anything. */
#ifndef SPECC_EXPAND_H
#define SPECC_EXPAND_H

#include "codegen/dialect.h"
#include "runtime/base/buf.h"

/* Print a spec that parses, and in the place of the original means the same.  A provider stays one,
 * so that its family is kept, but declares everything anew that it uses. */
void expand(struct arena *a, const struct dialect *d, struct buf *out);

#endif
