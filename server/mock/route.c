/* Paths to operations. */
#include "server/mock/route.h"

static const struct xd_op *
op_of(const struct xd_dialect *d, struct str path)
{
    for (unsigned i = 0; i < d->nops; i++)
        if (str_eq(d->ops[i].path, path))
            return &d->ops[i];
    return NULL;
}

/* "/name/v1/..." is cut to "/v1/..."; absent when nothing has this name. */
static const struct xd_dialect *
take_name(struct str *path)
{
    struct str rest = str_skip(*path, 1);
    const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
    if (!slash)
        return NULL;
    size_t n = (size_t)(slash - rest.p);
    *path = str_skip(rest, n);
    return xd_find(str_make(rest.p, n));
}

bool
mock_route_find(struct str path, struct mock_route *r)
{
    static const struct str base = STR_INIT("/v1/");
    *r = (struct mock_route){ 0 };
    if (!str_starts(path, base)) {
        r->dialect = take_name(&path);
        if (!r->dialect || !str_starts(path, base))
            return false;
        r->op = op_of(r->dialect, str_skip(path, base.n - 1));
        return r->op != NULL;
    }
    for (const struct xd_dialect *const *d = xd_registry; *d && !r->op; d++)
        if (!(*d)->provider) {
            r->dialect = *d;
            r->op = op_of(*d, str_skip(path, base.n - 1));
        }
    return r->op != NULL;
}
