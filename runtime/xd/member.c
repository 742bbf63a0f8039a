/* The member that selects a case of a union, and names in two ways of writing. */
#include "runtime/xd/member.h"

#include "runtime/json/text.h"
#include "runtime/xd/fault.h"

bool
member_is_snake(struct str snake, struct str camel)
{
    size_t i = 0;
    for (size_t k = 0; k < camel.n; k++) {
        char c = camel.p[k];
        bool upper = c >= 'A' && c <= 'Z';
        if (upper && !(i < snake.n && snake.p[i++] == '_'))
            return false;
        if (!(i < snake.n && snake.p[i++] == (upper ? c + ('a' - 'A') : c)))
            return false;
    }
    return i == snake.n;
}

/* The value of a member, by its name in either way of writing; 0 when it is missing or null. */
static uint32_t
member_of(const struct json_doc *d, uint32_t at, struct str name, bool camel)
{
    uint32_t v = json_member(d, at, name);
    for (uint32_t key = at + 1; !v && camel && key < d->nodes[at].next;
         key = d->nodes[key + 1].next)
        if (member_is_snake(json_inner(d, key), name))
            v = key + 1;
    return v && json_kind(d, v) != JSON_NULL ? v : 0;
}

/* The same for a path of names with dots between them. */
static uint32_t
member_at(const struct json_doc *d, uint32_t at, struct str path, bool camel)
{
    while (at && path.n) {
        const char *dot = memchr(path.p, '.', path.n);
        size_t n = dot ? (size_t)(dot - path.p) : path.n;
        if (json_kind(d, at) != JSON_OBJECT)
            return 0;
        at = member_of(d, at, str_make(path.p, n), camel);
        path = str_skip(path, dot ? n + 1 : n);
    }
    return at;
}

uint32_t
xd_member_at(struct xd *x, uint32_t at, struct str path)
{
    return member_at(&x->doc, at, path, false);
}

static bool
holds(const struct json_doc *d, uint32_t at, const struct xd_member *m, bool camel)
{
    uint32_t v = m->how == XD_IF_THERE ? 0 : member_at(d, at, m->when, camel);
    switch (m->how) {
    case XD_IF_THERE:
        return true;
    case XD_IF_TEXT:
        return v && json_kind(d, v) == JSON_STRING && json_text_is(d, v, m->is);
    case XD_IF_BEGINS:
        return v && json_kind(d, v) == JSON_STRING && json_unescape_starts(json_inner(d, v), m->is);
    case XD_IF_JSON:
        return v && str_eq(json_raw(d, v), m->is);
    }
    return false;
}

/* None of the members is there: an error or a loss with the names that were looked for. */
static void
no_member(struct xd *x, uint32_t at, const struct xd_members *t)
{
    struct str names = { NULL, 0 };
    if (x->mode == XD_LENIENT) {
        xd_lose_path(x, at);
        return;
    }
    for (unsigned i = 0; i < t->n && names.n < FAULT_TEXT / 2; i++) {
        if (i && str_eq(t->v[i].path, t->v[i - 1].path))
            continue;
        arena_append(x->arena, &names, names.n ? STR(", ") : STR(""));
        arena_append(x->arena, &names, t->v[i].path);
    }
    xd_fault(x, ERR_TYPE, at, "expected one of the members %.*s", STR_ARG(names));
}

int
xd_member(struct xd *x, uint32_t at, const struct xd_members *t)
{
    if (x->err || !xd_want(x, at, JSON_OBJECT))
        return -1;
    for (unsigned i = 0; i < t->n; i++)
        if (member_at(&x->doc, at, t->v[i].path, t->camel)
            && holds(&x->doc, at, &t->v[i], t->camel))
            return t->v[i].tag;
    if (t->other < 0)
        no_member(x, at, t);
    return t->other;
}

/* --- an element that holds many --- */

uint32_t
xd_member_node(struct xd *x, uint32_t at, struct str name, bool camel)
{
    if (x->err || json_kind(&x->doc, at) != JSON_OBJECT)
        return 0;
    return member_of(&x->doc, at, name, camel);
}

static bool
is_named(const struct json_doc *d, uint32_t key, struct str name, bool camel)
{
    return json_text_is(d, key, name) || (camel && member_is_snake(json_inner(d, key), name));
}

bool
xd_member_others(struct xd *x, uint32_t at, struct str name, bool camel)
{
    const struct json_doc *d = &x->doc;
    for (uint32_t key = at + 1; key < d->nodes[at].next; key = d->nodes[key + 1].next)
        if (!is_named(d, key, name, camel) && json_kind(d, key + 1) != JSON_NULL)
            return true;
    return false;
}

struct str
xd_member_without(struct xd *x, uint32_t at, struct str name, bool camel)
{
    const struct json_doc *d = &x->doc;
    struct str out = { NULL, 0 };
    arena_append(x->arena, &out, STR("{"));
    for (uint32_t key = at + 1; key < d->nodes[at].next; key = d->nodes[key + 1].next) {
        if (is_named(d, key, name, camel))
            continue;
        arena_append(x->arena, &out, out.n > 1 ? STR(",") : STR(""));
        arena_append(x->arena, &out, json_raw(d, key));
        arena_append(x->arena, &out, STR(":"));
        arena_append(x->arena, &out, json_raw(d, key + 1));
    }
    if (!arena_append(x->arena, &out, STR("}")))
        xd_full(x);
    return out;
}
