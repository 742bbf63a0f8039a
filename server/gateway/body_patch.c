/* Edits of a JSON text. */
#include "server/gateway/body_patch.h"

void
body_patch_init(struct body_patch *p, const struct json_doc *doc, struct arena *a)
{
    *p = (struct body_patch){ .doc = doc, .arena = a };
}

/* Of several at one place the newest comes first: what it brings ends in a comma if need be. */
static bool
add_edit(struct body_patch *p, size_t at, size_t n, struct str with)
{
    if (!with.p || !arena_push(p->arena, (void **)&p->edits, &p->n, &p->cap, sizeof *p->edits))
        return false;
    unsigned i = p->n - 1;
    for (; i > 0 && p->edits[i - 1].at >= at; i--)
        p->edits[i] = p->edits[i - 1];
    p->edits[i].at = at;
    p->edits[i].n = n;
    p->edits[i].with = with;
    return true;
}

static bool
has_edit(const struct body_patch *p, size_t at)
{
    for (unsigned i = 0; i < p->n; i++)
        if (p->edits[i].at == at)
            return true;
    return false;
}

/* "a.b" and 1: "a":{"b":1} */
static bool
put_member(struct arena *a, struct str *to, struct str path, struct str json)
{
    const char *dot = memchr(path.p, '.', path.n);
    struct str key = { path.p, dot ? (size_t)(dot - path.p) : path.n };
    if (!arena_append(a, to, STR("\"")) || !arena_append(a, to, key))
        return false;
    if (!dot)
        return arena_append(a, to, STR("\":")) && arena_append(a, to, json);
    return arena_append(a, to, STR("\":{")) && put_member(a, to, str_skip(path, key.n + 1), json)
           && arena_append(a, to, STR("}"));
}

/* Bring the member `path` into the object `at`, which does not have its first step. */
static bool
insert(struct body_patch *p, uint32_t at, struct str path, struct str json)
{
    size_t place = p->doc->nodes[at].at + 1;
    bool comma = p->doc->nodes[at].next > at + 1 || has_edit(p, place);
    struct str member = { NULL, 0 };
    return put_member(p->arena, &member, path, json)
           && (!comma || arena_append(p->arena, &member, STR(",")))
           && add_edit(p, place, 0, member);
}

static bool
replace(struct body_patch *p, uint32_t at, struct str with)
{
    struct str old = json_raw(p->doc, at);
    return add_edit(p, (size_t)(old.p - p->doc->src), old.n, with);
}

bool
body_patch_set(struct body_patch *p, struct str path, struct str json)
{
    uint32_t at = JSON_ROOT;
    if (!json.p) /* there was no room for it */
        return false;
    while (path.n) {
        const char *dot = memchr(path.p, '.', path.n);
        struct str key = { path.p, dot ? (size_t)(dot - path.p) : path.n };
        uint32_t inner = json_member(p->doc, at, key);
        if (!inner)
            return insert(p, at, path, json);
        path = str_skip(path, key.n + 1);
        at = inner;
        if (path.n && json_kind(p->doc, at) != JSON_OBJECT)
            break;
    }
    if (path.n == 0)
        return replace(p, at, json);
    struct str object = { NULL, 0 }; /* in place of something else */
    return arena_append(p->arena, &object, STR("{")) && put_member(p->arena, &object, path, json)
           && arena_append(p->arena, &object, STR("}")) && replace(p, at, object);
}

bool
body_patch_cut(struct body_patch *p, struct str part)
{
    const char *end = p->doc->src + p->doc->n;
    bool inside = part.p >= p->doc->src && part.p + part.n <= end;
    return inside && add_edit(p, (size_t)(part.p - p->doc->src), part.n, STR(""));
}

void
body_patch_write(const struct body_patch *p, struct buf *out)
{
    size_t at = 0;
    for (unsigned i = 0; i < p->n; i++) {
        buf_put(out, p->doc->src + at, p->edits[i].at - at);
        buf_puts(out, p->edits[i].with);
        at = p->edits[i].at + p->edits[i].n;
    }
    buf_put(out, p->doc->src + at, p->doc->n - at);
}
