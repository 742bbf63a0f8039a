/* Paths and headers to dialects, by the registry. */
#include "server/gateway/front.h"

#include "runtime/xd/registry.h"

/* Is this the first word of the dialect's name? */
static bool
is_vendor(const struct xd_dialect *d, struct str word)
{
    struct str name = str_from(d->name);
    return !d->provider && str_starts(name, word) && name.n > word.n && name.p[word.n] == '.';
}

/* The vendor that the path begins with: "acme" of "/acme/v1/chat", absent when it names none. */
static struct str
vendor_of(struct str path)
{
    struct str word = path.n ? str_skip(path, 1) : path;
    const char *slash = word.n ? memchr(word.p, '/', word.n) : NULL;
    if (!slash)
        return (struct str){ NULL, 0 };
    word.n = (size_t)(slash - word.p);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (is_vendor(*d, word))
            return word;
    return (struct str){ NULL, 0 };
}

struct front
front_of_path(struct str path, struct str query)
{
    return front_of_request(STR("POST"), path, query);
}

struct front
front_of_request(struct str method, struct str path, struct str query)
{
    struct str vendor = vendor_of(path);
    struct str rest = vendor.p ? str_skip(path, vendor.n + 1) : path;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        struct xd_asked asked;
        if ((vendor.p && !is_vendor(*d, vendor)) || (*d)->provider)
            continue;
        if (xd_front_read_by(*d, method, rest, query, &asked))
            return (struct front){ *d, asked.op, asked };
    }
    return (struct front){ .dialect = NULL };
}

struct front
front_recall(struct front_memo *m, struct str path, struct str query)
{
    bool plain = query.n == 0 && path.n && path.n <= sizeof m->path;
    if (plain && str_eq(path, str_make(m->path, m->n)))
        return m->front;
    struct front f = front_of_path(path, query);
    if (plain && f.dialect && !f.asked.model.p && !f.asked.id.p) {
        memcpy(m->path, path.p, path.n);
        m->n = path.n;
        m->front = f;
    }
    return f;
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

/* Does it show who pays by a header of the dialect's own? */
static bool
has_key(const struct http_head *head, const struct xd_dialect *d)
{
    for (unsigned i = 0; i < d->nauths; i++)
        if (d->auths[i].scheme == XD_AUTH_HEADER && http_head_get(head, d->auths[i].name).p)
            return true;
    return false;
}

static bool
is_unmarked(const struct xd_dialect *d)
{
    for (unsigned i = 0; i < d->nops; i++)
        if (d->ops[i].nheaders > 0)
            return false;
    return true;
}

/* Does its spec say that nothing need stand before its paths, though something may? */
static bool
is_bare(const struct xd_dialect *d)
{
    for (unsigned i = 0; d->nfronts > 1 && i < d->nfronts; i++)
        if (d->fronts[i].n == 0)
            return true;
    return false;
}

const struct xd_dialect *
front_of_headers(const struct http_head *head)
{
    const struct xd_dialect *plain = NULL, *keyed = NULL;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        if ((*d)->provider)
            continue;
        for (unsigned i = 0; i < (*d)->nops; i++)
            if (has_marks(head, &(*d)->ops[i]))
                return *d;
        if (has_key(head, *d))
            keyed = *d;
        if (is_unmarked(*d) && (!plain || (is_bare(*d) && !is_bare(plain))))
            plain = *d;
    }
    if (keyed)
        return keyed;
    return plain ? plain : xd_registry[0];
}

const struct xd_dialect *
front_of_list(const struct http_head *head, struct str *name)
{
    struct str vendor = vendor_of(head->path);
    struct str rest = vendor.p ? str_skip(head->path, vendor.n + 1) : head->path;
    const struct xd_dialect *marked = front_of_headers(head), *first = NULL;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        struct str one;
        if ((*d)->provider || (vendor.p && !is_vendor(*d, vendor))
            || !xd_front_lists(*d, rest, &one) || (first && *d != marked))
            continue;
        first = *d;
        *name = one;
        if (first == marked)
            break;
    }
    return first;
}

struct front
front_of(const struct http_head *head)
{
    struct front f = front_of_path(head->path, head->query);
    if (!f.dialect)
        f.dialect = front_of_headers(head);
    return f;
}
