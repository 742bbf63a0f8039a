/* Names of losses. */
#include "server/gateway/dropped.h"

struct str
dropped_wire_name(const struct xd_op *op, struct str path)
{
    const char *best = NULL;
    size_t length = 0;
    for (const struct xd_name *n = op->names; n && n->model; n++) {
        struct str name = str_from(n->model);
        bool covers = str_starts(path, name) && (path.n == name.n || path.p[name.n] == '.');
        if (covers && (!best || name.n > length)) {
            best = n->wire;
            length = name.n;
        }
    }
    return str_from(best);
}

/* Is the name in the list? */
static bool
has_name(struct str list, struct str name)
{
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        struct str first = { list.p, comma ? (size_t)(comma - list.p) : list.n };
        if (str_eq(first, name))
            return true;
        list = str_skip(list, first.n + 1);
    }
    return false;
}

void
dropped_add_name(struct str *to, struct str name, struct arena *a)
{
    if (has_name(*to, name))
        return;
    if (to->n)
        arena_append(a, to, STR(","));
    arena_append(a, to, name);
}

void
dropped_add(struct str *to, const struct xd_losses *lost, const struct xd_op *front,
            struct arena *a)
{
    for (unsigned i = 0; i < lost->n; i++) {
        struct str wire = dropped_wire_name(front, lost->v[i]);
        dropped_add_name(to, wire.p ? wire : lost->v[i], a);
    }
    if (lost->more)
        dropped_add_name(to, arena_printf(a, "+%u", lost->more), a);
}
