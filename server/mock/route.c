/* Paths to operations. */
#include "server/mock/route.h"

/* "/name/v1/..." is cut to "/...", as /v1 is no part of what a spec calls a path; NULL when nothing
 * has this name. */
static const struct xd_dialect *
take_name(struct str *path)
{
    struct str rest = str_skip(*path, 1);
    const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
    if (!slash)
        return NULL;
    size_t n = (size_t)(slash - rest.p);
    const struct xd_dialect *d = xd_find(str_make(rest.p, n));
    rest = str_skip(rest, n);
    *path = str_starts(rest, STR("/v1/")) ? str_skip(rest, 3) : rest;
    return d;
}

bool
mock_route_find(struct str method, struct str path, struct str query, struct mock_route *r)
{
    struct str rest = path;
    bool found = false;
    *r = (struct mock_route){ .dialect = take_name(&rest) };
    if (r->dialect)
        found = xd_path_find_by(r->dialect, method, rest, query, &r->asked);
    const struct xd_dialect *const *also = r->dialect ? r->dialect->also : NULL;
    for (; also && *also && !found; also++)
        if (xd_path_find_by(*also, method, rest, query, &r->asked)) {
            r->dialect = *also;
            found = true;
        }
    for (const struct xd_dialect *const *d = xd_registry; *d && !found; d++)
        if (!(*d)->provider) {
            r->dialect = *d;
            found = xd_front_read_by(*d, method, path, query, &r->asked);
        }
    r->op = found ? r->asked.op : NULL;
    return found;
}
