/* The manual of the providers, printed from their specs. */
#ifndef SPECC_MANUAL_H
#define SPECC_MANUAL_H

#include "codegen/dialect.h"
#include "runtime/base/buf.h"

/* A table of all providers, then what each says of itself and what it does differently, in words. */
void manual_print(struct arena *a, const struct dialects *l, struct buf *out);

#endif
