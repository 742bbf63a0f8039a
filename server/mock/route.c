/* Paths to operations. */
#include "server/mock/route.h"

/* "/name/v1/..." is cut to "/v1/..."; NULL when nothing has this name. */
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
mock_route_find(struct str path, struct str query, struct mock_route *r)
{
    struct str rest = path;
    bool found = false;
    *r = (struct mock_route){ .dialect = take_name(&rest) };
    if (r->dialect)
        found = xd_path_find(r->dialect, rest, query, &r->asked);
    for (const struct xd_dialect *const *d = xd_registry; *d && !found; d++)
        if (!(*d)->provider) {
            r->dialect = *d;
            found = xd_front_read(*d, path, query, &r->asked);
        }
    r->op = found ? r->asked.op : NULL;
    return found;
}
