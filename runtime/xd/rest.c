/* Members that no row names: written back where the same object of the same base dialect is
 * written, else lost. */
#include "runtime/xd/fault.h"

bool
xd_same_object(const struct xd_shape *a, const struct xd_shape *b)
{
    return a == b || (strcmp(a->family, b->family) == 0 && strcmp(a->object, b->object) == 0);
}

/* The members of the object, or of an object in it, that the path names; NULL without any. */
static const struct xd_keys *
keys_at(const struct xd_keys *keys, const char *path)
{
    const struct xd_keys *found = strcmp(keys->path, path) == 0 ? keys : NULL;
    for (unsigned i = 0; !found && i < keys->n; i++)
        if (keys->v[i].sub)
            found = keys_at(keys->v[i].sub, path);
    return found;
}

/* Will the item be written by one of the calls for this object? */
static bool
has_place(const struct xd_shape *shape, const struct ir_rest_item *item)
{
    return shape->rest == XD_REST_KEEP && xd_same_object(item->shape, shape)
           && keys_at(shape->keys, item->container);
}

/* Is this where the item stood?  "key", "container.key" */
static bool
is_at(const struct ir_rest_item *item, struct str path)
{
    size_t n = strlen(item->container);
    if (n == 0)
        return str_eq(path, item->key);
    return path.n > n && path.p[n] == '.' && str_starts(path, str_make(item->container, n))
           && str_eq(str_skip(path, n + 1), item->key);
}

const struct xd_refusal *
xd_refusal_of(const struct ir_rest_item *item)
{
    const struct xd_shape *shape = item->shape;
    if (str_is(item->value, "null") || str_is(item->value, "false"))
        return NULL;
    for (unsigned i = 0; i < shape->n_refused; i++)
        if (is_at(item, shape->refused[i].name))
            return &shape->refused[i];
    return NULL;
}

/* Some members cannot be left out without changing what is asked. */
static void
lose(struct xd *x, const struct ir_rest_item *item)
{
    const struct xd_refusal *refusal = xd_refusal_of(item);
    if (refusal && !x->err) {
        xd_fault(x, ERR_UNSUPPORTED, 0, "'%.*s' is for providers that speak %s only",
                 STR_ARG(item->key), item->shape->family);
        x->fault.code = refusal->code;
    }
    xd_lose_member(x, item->shape, item->container, item->key);
}

/* Does a member of this name follow?  The last one counts, and turns that were joined may both have
 * it.  Only so many are looked at: there may be very many. */
static bool
comes_again(const struct ir_rest *rest, unsigned i)
{
    enum { LOOK_AHEAD = 64 };
    const struct ir_rest_item *item = &rest->v[i];
    for (unsigned k = i + 1; k < rest->n && k <= i + LOOK_AHEAD; k++)
        if (str_eq(rest->v[k].key, item->key) && rest->v[k].shape == item->shape
            && strcmp(rest->v[k].container, item->container) == 0)
            return true;
    return false;
}

void
xd_put_rest(struct xd *x, const struct xd_shape *shape, const char *container,
            const struct ir_rest *rest)
{
    for (unsigned i = 0; i < rest->n; i++) {
        const struct ir_rest_item *item = &rest->v[i];
        if (!has_place(shape, item)) {
            if (*container == '\0') /* the last call of the object: each item is called lost once */
                lose(x, item);
        } else if (strcmp(item->container, container) == 0 && !comes_again(rest, i)) {
            xd_put_raw(x, item->key, item->value);
        }
    }
}

void
xd_lose_rest(struct xd *x, const struct ir_rest *rest)
{
    for (unsigned i = 0; i < rest->n; i++)
        lose(x, &rest->v[i]);
}
