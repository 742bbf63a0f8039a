/* Paths and headers to dialects, by the registry. */
#include "server/gateway/front.h"

#include "runtime/xd/registry.h"

static const struct str version = STR_INIT("/v1");

static const struct xd_op *
find_op(const struct xd_dialect *d, struct str path)
{
    for (unsigned i = 0; i < d->nops; i++)
        if (str_eq(d->ops[i].path, path))
            return &d->ops[i];
    return NULL;
}

struct front
front_of_path(struct str path)
{
    struct str rest = str_starts(path, version) ? str_skip(path, version.n) : path;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        const struct xd_op *op = (*d)->provider ? NULL : find_op(*d, rest);
        if (op)
            return (struct front){ *d, op };
    }
    return (struct front){ NULL, NULL };
}

/* Does the request have all constant headers of an operation?  An operation without any is no
 * evidence. */
static bool
has_marks(const struct http_head *head, const struct xd_op *op)
{
    for (unsigned i = 0; i < op->nheaders; i++)
        if (!http_head_get(head, op->headers[i].name).p)
            return false;
    return op->nheaders > 0;
}

static bool
is_unmarked(const struct xd_dialect *d)
{
    for (unsigned i = 0; i < d->nops; i++)
        if (d->ops[i].nheaders > 0)
            return false;
    return true;
}

const struct xd_dialect *
front_of_headers(const struct http_head *head)
{
    const struct xd_dialect *plain = NULL;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        if ((*d)->provider)
            continue;
        for (unsigned i = 0; i < (*d)->nops; i++)
            if (has_marks(head, &(*d)->ops[i]))
                return *d;
        if (!plain && is_unmarked(*d))
            plain = *d;
    }
    return plain ? plain : xd_registry[0];
}

struct front
front_of(const struct http_head *head)
{
    struct front f = front_of_path(head->path);
    if (!f.dialect)
        f.dialect = front_of_headers(head);
    return f;
}
