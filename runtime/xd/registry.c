/* Finding a dialect by its name. */
#include "runtime/xd/registry.h"

const struct xd_dialect *
xd_find(struct str name)
{
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (str_is(name, (*d)->name))
            return *d;
    return NULL;
}

const struct xd_op *
xd_op(const struct xd_dialect *d, enum xd_op_kind kind)
{
    for (unsigned i = 0; i < d->nops; i++)
        if (d->ops[i].kind == kind)
            return &d->ops[i];
    return NULL;
}
