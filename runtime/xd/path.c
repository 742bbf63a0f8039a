/* Templates against paths. */
#include "runtime/xd/path.h"

#include "runtime/base/percent.h"

/* --- places -------------------------------------------------------------------------------------- */

/* Splits an address at its first place.  False when it has none. */
static bool
split(struct str address, struct str *before, struct str *name, struct str *behind)
{
    const char *open = address.n ? memchr(address.p, '{', address.n) : NULL;
    const char *close = open ? memchr(open, '}', address.n - (size_t)(open - address.p)) : NULL;
    if (!close)
        return false;
    *before = str_make(address.p, (size_t)(open - address.p));
    *name = str_make(open + 1, (size_t)(close - open) - 1);
    *behind = str_skip(address, (size_t)(close - address.p) + 1);
    return true;
}

struct str
xd_address_place(struct str address)
{
    struct str before, name, behind;
    return split(address, &before, &name, &behind) ? name : (struct str){ NULL, 0 };
}

bool
xd_address_has(struct str address, struct str name)
{
    struct str before, place, rest = address;
    while (split(rest, &before, &place, &rest))
        if (str_eq(place, name))
            return true;
    return false;
}

void
xd_address_fill(struct buf *out, struct str address, struct str name, struct str value)
{
    struct str before, place, behind, rest = address;
    while (split(rest, &before, &place, &behind)) {
        buf_puts(out, before);
        if (str_eq(place, name))
            percent_encode(out, value, "@");
        else
            buf_puts(out, str_make(rest.p + before.n, place.n + 2));
        rest = behind;
    }
    buf_puts(out, rest);
}

/* --- reading --------------------------------------------------------------------------------------- */

static bool
fits(struct str template, struct str path, struct xd_asked *asked)
{
    struct str before, name, behind;
    asked->model = asked->id = (struct str){ NULL, 0 };
    if (!split(template, &before, &name, &behind))
        return str_eq(template, path);
    if (path.n <= before.n + behind.n || !str_starts(path, before) || !str_ends(path, behind))
        return false;
    struct str place = str_make(path.p + before.n, path.n - before.n - behind.n);
    if (str_is(name, "id"))
        asked->id = place;
    else
        asked->model = place;
    return !asked->id.n || !memchr(place.p, '/', place.n);
}

/* Has the query all pairs that are wanted? */
static bool
has_pairs(struct str query, struct str wanted)
{
    while (wanted.n) {
        const char *mark = memchr(wanted.p, '&', wanted.n);
        struct str pair = str_make(wanted.p, mark ? (size_t)(mark - wanted.p) : wanted.n);
        struct str rest = query;
        bool found = false;
        while (rest.n && !found) {
            const char *end = memchr(rest.p, '&', rest.n);
            struct str one = str_make(rest.p, end ? (size_t)(end - rest.p) : rest.n);
            found = str_eq(one, pair);
            rest = str_skip(rest, one.n + (end != NULL));
        }
        if (!found)
            return false;
        wanted = str_skip(wanted, pair.n + (mark != NULL));
    }
    return true;
}

static bool
read_op(const struct xd_dialect *d, const struct xd_op *op, struct str path, struct str query,
        struct xd_asked *asked)
{
    *asked = (struct xd_asked){ .op = op, .framing = d->framing };
    for (unsigned i = 0; i < op->nstreamed; i++)
        if (has_pairs(query, op->streamed[i].query) && fits(op->streamed[i].path, path, asked)) {
            asked->stream = IR_TRUE;
            asked->framing = op->streamed[i].framing;
            return true;
        }
    asked->stream = op->nstreamed ? IR_FALSE : IR_UNSET;
    return fits(op->path, path, asked);
}

static bool
read_by(const struct xd_dialect *d, struct str method, struct str path, struct str query,
        struct xd_asked *asked)
{
    for (unsigned i = 0; i < d->nops; i++)
        if (str_eq(d->ops[i].method, method) && read_op(d, &d->ops[i], path, query, asked))
            return true;
    return false;
}

bool
xd_path_read(const struct xd_dialect *d, struct str path, struct str query, struct xd_asked *asked)
{
    return read_by(d, STR("POST"), path, query, asked);
}

struct fronts {
    const struct str *v;
    unsigned n;
};

static struct fronts
fronts_of(const struct xd_dialect *d)
{
    static const struct str usual[] = { STR_INIT("/v1"), STR_INIT("") };
    return d->nfronts ? (struct fronts){ d->fronts, d->nfronts } : (struct fronts){ usual, 2 };
}

bool
xd_front_read(const struct xd_dialect *d, struct str path, struct str query, struct xd_asked *asked)
{
    return xd_front_read_by(d, STR("POST"), path, query, asked);
}

bool
xd_front_read_by(const struct xd_dialect *d, struct str method, struct str path, struct str query,
                 struct xd_asked *asked)
{
    const struct fronts l = fronts_of(d);
    for (unsigned i = 0; i < l.n; i++)
        if (str_starts(path, l.v[i]) && read_by(d, method, str_skip(path, l.v[i].n), query, asked))
            return true;
    return false;
}

/* "/models", "/models/NAME" */
static bool
lists_at(const struct xd_dialect *d, struct str path, struct str *name)
{
    struct str rest = str_starts(path, d->lists) ? str_skip(path, d->lists.n) : STR("?");
    *name = (struct str){ NULL, 0 };
    if (rest.n > 1 && *rest.p == '/')
        *name = str_skip(rest, 1);
    return rest.n == 0 || name->n;
}

bool
xd_front_lists(const struct xd_dialect *d, struct str path, struct str *name)
{
    const struct fronts l = fronts_of(d);
    for (unsigned i = 0; d->lists.n && i < l.n; i++)
        if (str_starts(path, l.v[i]) && lists_at(d, str_skip(path, l.v[i].n), name))
            return true;
    return d->lists.n && lists_at(d, path, name);
}

bool
xd_path_find(const struct xd_dialect *d, struct str path, struct str query, struct xd_asked *asked)
{
    return xd_path_find_by(d, STR("POST"), path, query, asked);
}

bool
xd_path_find_by(const struct xd_dialect *d, struct str method, struct str path, struct str query,
                struct xd_asked *asked)
{
    for (; path.n; path = str_skip(path, 1))
        if (*path.p == '/' && read_by(d, method, path, query, asked))
            return true;
    return false;
}

void
xd_asked_tell(const struct xd_asked *asked, struct arena *a, struct xd_ask *ask)
{
    if (asked->stream && ask->kind == XD_OP_CHAT)
        ask->chat.stream = asked->stream;
    if (!asked->model.p)
        return;
    struct buf model;
    buf_init(&model, asked->model.n);
    percent_decode(&model, asked->model);
    *xd_ask_model(ask) = arena_str(a, buf_str(&model));
    buf_fini(&model);
}

const struct xd_path *
xd_op_streamed(const struct xd_op *op)
{
    return op->nstreamed ? &op->streamed[0] : NULL;
}
