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

void
xd_put_rest(struct xd *x, const struct xd_shape *shape, const char *container,
            const struct ir_rest *rest)
{
    for (unsigned i = 0; i < rest->n; i++) {
        const struct ir_rest_item *item = &rest->v[i];
        if (!has_place(shape, item)) {
            if (*container == '\0') /* the last call of the object: each item is called lost once */
                xd_lose_member(x, item->shape, item->container, item->key);
        } else if (strcmp(item->container, container) == 0) {
            xd_put_raw(x, item->key, item->value);
        }
    }
}

void
xd_lose_rest(struct xd *x, const struct ir_rest *rest)
{
    for (unsigned i = 0; i < rest->n; i++)
        xd_lose_member(x, rest->v[i].shape, rest->v[i].container, rest->v[i].key);
}
