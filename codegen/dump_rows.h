/* What each row comes down to, as text, for people and for golden tests.  Deterministic. */
#ifndef SPECC_DUMP_ROWS_H
#define SPECC_DUMP_ROWS_H

#include "codegen/dialect.h"
#include "codegen/types.h"
#include "runtime/base/buf.h"

/* The rows of every dialect and provider, declaration by declaration, with the C that each reads
 * into and writes from.  What is inherited unchanged is left out.  Errors of paths go to d. */
void dump_rows(struct arena *a, const struct ir_model *ir, const struct dialects *l,
               struct diags *d, struct buf *out);

#endif
