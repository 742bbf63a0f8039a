/* Leaves of JSON documents. */
#include "tests/corpus/leaves.h"

#include <ctype.h>
#include <stdlib.h>

static void
add(struct leaves *l, struct str path, struct str value, bool string, struct arena *a)
{
    struct leaf *to = arena_push(a, (void **)&l->v, &l->n, &l->cap, sizeof *l->v);
    if (to)
        *to = (struct leaf){ path, value, string };
}

/* topK for top_k: some APIs take both. */
static struct str
plain(struct str key, struct arena *a)
{
    char *to = arena_bytes(a, key.n + 1);
    size_t n = 0;
    for (size_t i = 0; to && i < key.n; i++)
        if (key.p[i] != '_')
            to[n++] = i && key.p[i - 1] == '_' ? (char)toupper((unsigned char)key.p[i]) : key.p[i];
    return str_make(to, n);
}

static void
walk(struct leaves *l, const struct json_doc *d, uint32_t at, struct str path, struct arena *a)
{
    enum json_kind kind = json_kind(d, at);
    if (kind == JSON_NULL)
        return;
    if (kind == JSON_STRING) {
        struct str text = json_text(d, at, a);
        if (text.n)
            add(l, path, arena_str(a, text), true, a);
        return;
    }
    if (kind != JSON_OBJECT && kind != JSON_ARRAY) {
        add(l, path, arena_str(a, json_raw(d, at)), false, a);
        return;
    }
    for (uint32_t i = at + 1; i < d->nodes[at].next; i = d->nodes[i].next) {
        if (kind == JSON_ARRAY) {
            walk(l, d, i, path, a);
            continue;
        }
        struct str key = plain(json_text(d, i, a), a);
        struct str below = path.n ? arena_printf(a, "%.*s.%.*s", STR_ARG(path), STR_ARG(key))
                                  : arena_str(a, key);
        i = d->nodes[i].next;
        walk(l, d, i, below, a);
    }
}

void
leaves_add(struct leaves *l, const struct json_doc *doc, struct arena *a)
{
    walk(l, doc, JSON_ROOT, STR(""), a);
}

/* By the value first, so that all places of a value stand together. */
static int
compare(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;
    int order = str_compare(x->value, y->value);
    return order ? order : str_compare(x->path, y->path);
}

static int
compare_value(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;
    return str_compare(x->value, y->value);
}

void
leaves_sort(struct leaves *l)
{
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, compare);
}

bool
leaves_have(const struct leaves *l, const struct leaf *leaf)
{
    return l->n && bsearch(leaf, l->v, l->n, sizeof *l->v, compare);
}

bool
leaves_say(const struct leaves *l, const struct leaf *leaf)
{
    return l->n && leaf->string && bsearch(leaf, l->v, l->n, sizeof *l->v, compare_value);
}
