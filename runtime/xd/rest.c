/* Members that no row names: written back where the same object of the same base dialect is
 * written, else lost. */
#include "runtime/xd/fault.h"

bool
xd_same_object(const struct xd_shape *a, const struct xd_shape *b)
{
    return a == b || (strcmp(a->family, b->family) == 0 && strcmp(a->object, b->object) == 0);
}

static bool
has_container(const struct xd_keys *keys, const char *path)
{
    if (strcmp(keys->path, path) == 0)
        return true;
    for (unsigned i = 0; i < keys->n; i++)
        if (keys->v[i].sub && has_container(keys->v[i].sub, path))
            return true;
    return false;
}

/* Will the item be written by one of the calls for this object? */
static bool
has_place(const struct xd_shape *shape, const struct ir_rest_item *item)
{
    return shape->rest == XD_REST_KEEP && xd_same_object(item->shape, shape)
           && has_container(shape->keys, item->container);
}

const struct xd_refusal *
xd_refusal_of(const struct ir_rest_item *item)
{
    const struct xd_shape *shape = item->shape;
    if (*item->container || str_is(item->value, "null") || str_is(item->value, "false"))
        return NULL;
    for (unsigned i = 0; i < shape->n_refused; i++)
        if (str_eq(shape->refused[i].name, item->key))
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

void
xd_put_rest(struct xd *x, const struct xd_shape *shape, const char *container,
            const struct ir_rest *rest)
{
    for (unsigned i = 0; i < rest->n; i++) {
        const struct ir_rest_item *item = &rest->v[i];
        if (!has_place(shape, item)) {
            if (*container == '\0') /* the last call of the object: each item is called lost once */
                lose(x, item);
        } else if (strcmp(item->container, container) == 0) {
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
