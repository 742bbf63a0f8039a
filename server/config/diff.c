/* Two trees side by side. */
#include "server/config/diff.h"

#include "server/config/tree.h"

struct diff {
    struct config_changes *out;
    struct arena *a;
};

static void
add(struct diff *d, struct str path, enum config_change_kind kind)
{
    if (d->out->n == CONFIG_CHANGES_MAX)
        d->out->more++;
    else
        d->out->v[d->out->n++] = (struct config_change){ path, kind };
}

/* What tells an element of a list from the others; absent: nothing but its place. */
static struct str
name_of(const struct node *n)
{
    const struct node *name = config_node_value(n, STR("name"));
    return name && name->kind == NODE_SCALAR ? name->text : (struct str){ NULL, 0 };
}

static const struct node *
find_named(const struct node *list, struct str name)
{
    for (unsigned i = 0; i < list->n; i++)
        if (str_eq(name_of(list->v[i].value), name))
            return list->v[i].value;
    return NULL;
}

static bool
is_named_list(const struct node *n)
{
    for (unsigned i = 0; n->kind == NODE_LIST && i < n->n; i++)
        if (!name_of(n->v[i].value).p)
            return false;
    return n->kind == NODE_LIST;
}

/* Trees are no deeper than CONFIG_DEPTH_MAX. */
static bool
is_same(const struct node *a, const struct node *b)
{
    if (a->kind != b->kind || a->n != b->n || !str_eq(a->text, b->text))
        return false;
    for (unsigned i = 0; i < a->n; i++) {
        const struct node_child *x = &a->v[i];
        const struct node *y = x->key ? config_node_value(b, x->key->text) : b->v[i].value;
        if (!y || !is_same(x->value, y))
            return false;
    }
    return true;
}

static void compare(struct diff *d, struct str path, const struct node *a, const struct node *b);

static struct str
below(struct diff *d, struct str path, struct str key)
{
    return path.n ? arena_printf(d->a, "%.*s.%.*s", STR_ARG(path), STR_ARG(key)) : key;
}

static void
compare_maps(struct diff *d, struct str path, const struct node *a, const struct node *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        struct str key = b->v[i].key->text;
        const struct node *before = config_node_value(a, key);
        if (before)
            compare(d, below(d, path, key), before, b->v[i].value);
        else
            add(d, below(d, path, arena_str(d->a, key)), CONFIG_ADDED);
    }
    for (unsigned i = 0; i < a->n; i++)
        if (!config_node_value(b, a->v[i].key->text))
            add(d, below(d, path, arena_str(d->a, a->v[i].key->text)), CONFIG_REMOVED);
}

static void
compare_named(struct diff *d, struct str path, const struct node *a, const struct node *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        struct str name = name_of(b->v[i].value);
        const struct node *before = find_named(a, name);
        struct str at = arena_printf(d->a, "%.*s[%.*s]", STR_ARG(path), STR_ARG(name));
        if (before)
            compare(d, at, before, b->v[i].value);
        else
            add(d, at, CONFIG_ADDED);
    }
    for (unsigned i = 0; i < a->n; i++) {
        struct str name = name_of(a->v[i].value);
        if (!find_named(b, name))
            add(d, arena_printf(d->a, "%.*s[%.*s]", STR_ARG(path), STR_ARG(name)), CONFIG_REMOVED);
    }
}

static void
compare(struct diff *d, struct str path, const struct node *a, const struct node *b)
{
    if (a->kind == NODE_MAP && b->kind == NODE_MAP)
        compare_maps(d, path, a, b);
    else if (is_named_list(a) && is_named_list(b))
        compare_named(d, path, a, b);
    else if (!is_same(a, b))
        add(d, arena_str(d->a, path), CONFIG_CHANGED);
}

static const struct config_provider *
find_provider(const struct config *c, struct str name)
{
    for (unsigned i = 0; i < c->n_providers; i++)
        if (str_eq(c->providers[i].name, name))
            return &c->providers[i];
    return NULL;
}

static bool
is_named(const struct config_changes *changes, struct str path)
{
    for (unsigned i = 0; i < changes->n; i++)
        if (str_starts(path, changes->v[i].path))
            return true;
    return false;
}

/* Keys whose place in the file is the same, but not what they were read from. */
static void
compare_keys(struct diff *d, const struct config *older, const struct config *newer)
{
    for (unsigned i = 0; i < newer->n_providers; i++) {
        const struct config_provider *p = &newer->providers[i];
        const struct config_provider *before = find_provider(older, p->name);
        struct str path = arena_printf(d->a, "providers[%.*s].api_key", STR_ARG(p->name));
        if (before && !str_eq(before->api_key, p->api_key) && !is_named(d->out, path))
            add(d, path, CONFIG_CHANGED);
    }
}

void
config_diff(const struct config *older, const struct config *newer, struct arena *a,
            struct config_changes *out)
{
    struct diff d = { out, a };
    *out = (struct config_changes){ .n = 0 };
    compare(&d, (struct str){ NULL, 0 }, older->tree, newer->tree);
    compare_keys(&d, older, newer);
}

const char *
config_change_name(enum config_change_kind kind)
{
    switch (kind) {
    case CONFIG_ADDED:
        return "added";
    case CONFIG_REMOVED:
        return "removed";
    case CONFIG_CHANGED:
        break;
    }
    return "changed";
}

static void
print(const struct node *n, struct buf *out)
{
    if (n->kind == NODE_SCALAR) {
        buf_puts(out, n->text);
        return;
    }
    buf_putc(out, n->kind == NODE_LIST ? '[' : '{');
    for (unsigned i = 0; i < n->n; i++) {
        buf_puts(out, i ? STR(", ") : STR(""));
        if (n->v[i].key)
            buf_printf(out, "%.*s: ", STR_ARG(n->v[i].key->text));
        print(n->v[i].value, out);
    }
    buf_putc(out, n->kind == NODE_LIST ? ']' : '}');
}

void
config_print_value(const struct config *c, const char *path, struct buf *out)
{
    const struct node *n = c->tree;
    while (n && *path) {
        size_t length = strcspn(path, ".");
        n = config_node_value(n, str_make(path, length));
        path += length + (path[length] == '.');
    }
    if (n)
        print(n, out);
}
