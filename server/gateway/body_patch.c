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

/* "a.b" and 1: {"a":{"b":1}} */
static struct str
nest(struct body_patch *p, struct str path, struct str json)
{
    const char *dot = path.n ? memchr(path.p, '.', path.n) : NULL;
    if (path.n == 0)
        return json;
    struct str key = { path.p, dot ? (size_t)(dot - path.p) : path.n };
    struct str inner = nest(p, str_skip(path, key.n + 1), json);
    return arena_printf(p->arena, "{\"%.*s\":%.*s}", STR_ARG(key), STR_ARG(inner));
}

/* Bring the member `path` into the object `at`, which does not have its first step. */
static bool
insert(struct body_patch *p, uint32_t at, struct str path, struct str json)
{
    size_t place = p->doc->nodes[at].at + 1;
    struct str object = nest(p, path, json);
    if (!object.p)
        return false;
    bool comma = p->doc->nodes[at].next > at + 1 || has_edit(p, place);
    return add_edit(
        p, place, 0,
        arena_printf(p->arena, "%.*s%s", (int)object.n - 2, object.p + 1, comma ? "," : ""));
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
    return replace(p, at, nest(p, path, json));
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
