/* One walk over the members of an object. */
#include "runtime/xd/fault.h"
#include "runtime/xd/member.h"

static const struct xd_key *
find_snake(struct str name, const struct xd_keys *keys)
{
    for (unsigned i = 0; i < keys->n; i++)
        if (member_is_snake(name, keys->v[i].name))
            return &keys->v[i];
    return NULL;
}

/* *next: where to look first, as specs name members much in the order in which they come. */
static const struct xd_key *
find_key(const struct json_doc *d, uint32_t at, const struct xd_keys *keys,
         const struct xd_key **next)
{
    struct str name = json_inner(d, at);
    if (d->nodes[at].escaped) {
        for (unsigned i = 0; i < keys->n; i++)
            if (json_text_is(d, at, keys->v[i].name))
                return &keys->v[i];
        return NULL;
    }
    const struct xd_key *k = *next;
    for (unsigned i = 0; i < keys->n; i++, k++) {
        if (k == keys->v + keys->n)
            k = keys->v;
        if (str_eq(k->name, name)) {
            *next = k + 1;
            return k;
        }
    }
    return NULL;
}

static void
take_unknown(struct xd *x, const struct xd_shape *shape, const struct xd_keys *keys, uint32_t key,
             struct ir_rest *rest)
{
    uint32_t value = key + 1;
    struct str name = json_inner(&x->doc, key);
    if (shape->rest == XD_REST_KEEP && rest) {
        struct ir_rest_item *item = XD_PUSH(x, rest);
        if (item)
            *item = (struct ir_rest_item){ shape, keys->path, name, json_raw(&x->doc, value) };
    } else if (json_kind(&x->doc, value) != JSON_NULL) {
        if (shape->rest != XD_REST_IGNORE)
            xd_lose_member(x, shape, keys->path, name);
        if (x->n_noise < XD_NOISE_MAX)
            x->noise[x->n_noise++] = value;
    }
}

/* The last of repeated members wins: a nested object that comes again forgets the first. */
static void
forget(const struct xd_keys *keys, uint32_t *v)
{
    for (unsigned i = 0; i < keys->n; i++) {
        if (keys->v[i].slot >= 0)
            v[keys->v[i].slot] = 0;
        if (keys->v[i].sub)
            forget(keys->v[i].sub, v);
    }
}

static bool
says_something(const struct json_doc *d, uint32_t at)
{
    switch (json_kind(d, at)) {
    case JSON_NONE:
    case JSON_NULL:
    case JSON_FALSE:
        return false;
    case JSON_STRING:
        return d->nodes[at].n > 0;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return d->nodes[at].next > at + 1;
    case JSON_TRUE:
    case JSON_NUMBER:
        break;
    }
    return true;
}

/* A member with no rows for what is in its value. */
static inline void
take_leaf(struct xd *x, const struct xd_shape *shape, const struct xd_keys *keys,
          const struct xd_key *k, uint32_t value, uint32_t *v)
{
    if (k->slot >= 0) {
        v[k->slot] = json_kind(&x->doc, value) == JSON_NULL ? 0 : value;
        return;
    }
    if (k->slot == XD_SLOT_EMPTY && says_something(&x->doc, value))
        xd_lose_member(x, shape, keys->path, k->name);
    if (x->n_noise < XD_NOISE_MAX)
        x->noise[x->n_noise++] = value;
}

static void scan_members(struct xd *x, uint32_t at, const struct xd_shape *shape,
                         const struct xd_keys *keys, uint32_t *v, struct ir_rest *rest);

/* A member whose members have rows here. */
static void
take_container(struct xd *x, const struct xd_shape *shape, const struct xd_key *k, uint32_t value,
               uint32_t *v, struct ir_rest *rest)
{
    enum json_kind kind = json_kind(&x->doc, value);
    if (k->slot >= 0)
        v[k->slot] = kind == JSON_NULL ? 0 : value;
    forget(k->sub, v);
    if (kind == JSON_OBJECT)
        scan_members(x, value, shape, k->sub, v, rest);
    else if (kind != JSON_NULL && k->slot < 0)
        xd_mismatch(x, value, "object");
}

static void
scan_members(struct xd *x, uint32_t at, const struct xd_shape *shape, const struct xd_keys *keys,
             uint32_t *v, struct ir_rest *rest)
{
    const struct json_doc *d = &x->doc;
    const struct xd_key *next = keys->v;
    for (uint32_t key = at + 1, end = d->nodes[at].next; key < end; key = d->nodes[key + 1].next) {
        const struct xd_key *k = find_key(d, key, keys, &next);
        if (!k && shape->camel)
            k = find_snake(json_inner(d, key), keys);
        if (!k)
            take_unknown(x, shape, keys, key, rest);
        else if (k->sub)
            take_container(x, shape, k, key + 1, v, rest);
        else
            take_leaf(x, shape, keys, k, key + 1, v);
    }
}

bool
xd_scan(struct xd *x, uint32_t at, const struct xd_shape *shape, uint32_t *v, struct ir_rest *rest)
{
    memset(v, 0, shape->slots * sizeof *v);
    if (x->err || !xd_want(x, at, JSON_OBJECT))
        return false;
    scan_members(x, at, shape, shape->keys, v, rest);
    return x->err == ERR_OK;
}
