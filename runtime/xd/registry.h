/* Every dialect and provider that is compiled in, in the order of their specs; ends with NULL.  The list itself is
 * generated/registry.c. */
#ifndef LLMUX_XD_REGISTRY_H
#define LLMUX_XD_REGISTRY_H

#include "runtime/xd/xd.h"

extern const struct xd_dialect *const xd_registry[];

/* The dialect or provider of this name, NULL when there is none. */
const struct xd_dialect *xd_find(struct str name);
/* Its description of an operation, NULL when it has none. */
const struct xd_op *xd_op(const struct xd_dialect *d, enum xd_op_kind kind);

#endif
