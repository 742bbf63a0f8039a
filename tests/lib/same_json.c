/* Comparing and rewriting documents. */
#include "tests/lib/same_json.h"

#include <assert.h>

#include "runtime/json/doc.h"

/* Strings that are documents themselves, as arguments of calls are, need only say the same. */
static bool
same_text(struct str a, struct str b)
{
    bool documents = a.n && b.n && (a.p[0] == '{' || a.p[0] == '[');
    return str_eq(a, b) || (documents && same_json(a, b));
}

static bool
same_value(const struct json_doc *a, const struct json_doc *b, uint32_t i, struct arena *arena)
{
    if (a->nodes[i].kind != b->nodes[i].kind || a->nodes[i].next != b->nodes[i].next)
        return false;
    if (json_kind(a, i) == JSON_STRING)
        return same_text(json_text(a, i, arena), json_text(b, i, arena));
    if (json_kind(a, i) == JSON_NUMBER)
        return str_eq(json_raw(a, i), json_raw(b, i));
    return true;
}

bool
same_json(struct str a, struct str b)
{
    struct json_doc x, y;
    struct arena arena;
    struct fault f;
    json_doc_init(&x);
    json_doc_init(&y);
    arena_init(&arena, 64 << 20);
    bool same = !json_doc_parse(&x, a, &f) && !json_doc_parse(&y, b, &f) && x.count == y.count;
    for (uint32_t i = JSON_ROOT; same && i < x.count; i++)
        same = same_value(&x, &y, i, &arena);
    json_doc_fini(&x);
    json_doc_fini(&y);
    arena_fini(&arena);
    return same;
}

/* Append the inside of a string with each plain 'e' as an escape. */
static void
put_escaped(struct buf *out, struct str inner)
{
    while (inner.n) {
        size_t n = inner.p[0] != '\\' ? 1 : inner.p[1] == 'u' ? 6 : 2;
        if (n == 1 && inner.p[0] == 'e')
            buf_puts(out, STR("\\u0065"));
        else
            buf_put(out, inner.p, n);
        inner = str_skip(inner, n);
    }
}

static bool
is_key(const struct json_doc *d, uint32_t i)
{
    size_t behind = (size_t)d->nodes[i].at + d->nodes[i].n + 1;
    struct str rest = str_trim(str_make(d->src + behind, d->n - behind));
    return rest.n && rest.p[0] == ':';
}

void
same_json_escape(struct buf *out, struct str doc)
{
    struct json_doc d;
    struct fault f;
    size_t at = 0;
    json_doc_init(&d);
    enum err err = json_doc_parse(&d, doc, &f);
    for (uint32_t i = JSON_ROOT; !err && i < d.count; i++) {
        if (json_kind(&d, i) != JSON_STRING || is_key(&d, i))
            continue;
        buf_put(out, doc.p + at, d.nodes[i].at - at);
        put_escaped(out, json_inner(&d, i));
        at = (size_t)d.nodes[i].at + d.nodes[i].n;
    }
    buf_puts(out, str_skip(doc, at));
    json_doc_fini(&d);
}
