/* YAML to tree, by libyaml's events; see tree.h. */
#include "server/config/tree.h"

#include <yaml.h>

#include "server/config/reader.h"

struct anchor {
    struct str name;
    struct node *node; /* NULL while it is being read */
};

struct loader {
    struct config_reader *r;
    yaml_parser_t yaml;
    struct str bytes;
    struct anchor *anchors;
    unsigned n_anchors, room_anchors;
    unsigned weight; /* of all nodes so far */
};

/* The event's own words are freed with it; the arena keeps them, with the NUL behind them. */
static struct str
keep(struct loader *l, const yaml_char_t *p, size_t n)
{
    return str_make(arena_str(l->r->arena, str_make((const char *)p, n + 1)).p, n);
}

static void
fail_yaml(struct loader *l)
{
    const yaml_parser_t *y = &l->yaml;
    const char *what = y->problem ? y->problem : "no memory";
    unsigned line = (unsigned)y->problem_mark.line + 1;
    unsigned column = (unsigned)y->problem_mark.column + 1;
    if (y->error == YAML_READER_ERROR) { /* knows the byte only */
        line = column = 1;
        for (size_t i = 0; i < y->problem_offset && i < l->bytes.n; i++) {
            line += l->bytes.p[i] == '\n';
            column = l->bytes.p[i] == '\n' ? 1 : column + 1;
        }
    }
    size_t at = y->problem_mark.index;
    if (y->error == YAML_SCANNER_ERROR && at < l->bytes.n && l->bytes.p[at] == '\t')
        config_fail_at(l->r, line, column, "not YAML: a tab: indent with spaces");
    else
        config_fail_at(l->r, line, column, "not YAML: %s%s%s", what, y->context ? " " : "",
                       y->context ? y->context : "");
}

static bool
next(struct loader *l, yaml_event_t *e)
{
    if (yaml_parser_parse(&l->yaml, e))
        return true;
    fail_yaml(l);
    return false;
}

static struct node *
fail_at(struct loader *l, const yaml_event_t *e, const char *what)
{
    const yaml_mark_t *m = &e->start_mark;
    config_fail_at(l->r, (unsigned)m->line + 1, (unsigned)m->column + 1, "%s", what);
    return NULL;
}

static struct node *
node_new(struct loader *l, enum node_kind kind, const yaml_event_t *e)
{
    if (++l->weight > CONFIG_NODES_MAX)
        return fail_at(l, e, "too many values: the limit is 20000");
    struct node *n = arena_alloc(l->r->arena, sizeof *n);
    if (!n)
        return NULL;
    n->kind = kind;
    n->line = (unsigned)e->start_mark.line + 1;
    n->column = (unsigned)e->start_mark.column + 1;
    n->weight = 1;
    return n;
}

static struct node *read_node(struct loader *l, const yaml_event_t *e, unsigned depth);

/* Take the event that follows and the node it begins, or set *end where a list or map ends. */
static struct node *
read_next(struct loader *l, unsigned depth, bool *end)
{
    yaml_event_t e;
    *end = false;
    if (!next(l, &e))
        return NULL;
    *end = e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT;
    struct node *n = *end ? NULL : read_node(l, &e, depth);
    yaml_event_delete(&e);
    return n;
}

static bool
read_children(struct loader *l, struct node *parent, unsigned depth)
{
    for (;;) {
        struct node_child child = { 0 };
        bool end;
        if (parent->kind == NODE_MAP) {
            child.key = read_next(l, depth, &end);
            if (end)
                return true;
            if (!child.key)
                return false;
            if (child.key->kind != NODE_SCALAR) {
                config_fail(l->r, child.key, "a key must be a single value, not %s",
                            config_node_kind(child.key));
                return false;
            }
        }
        child.value = read_next(l, depth, &end);
        if (!child.value)
            return end;
        parent->weight += child.value->weight + (child.key != NULL);
        struct node_child *slot = CONFIG_PUSH(l->r, parent->v, parent->n, parent->room);
        if (!slot)
            return false;
        *slot = child;
    }
}

static struct anchor *
find_anchor(struct loader *l, struct str name)
{
    for (unsigned i = l->n_anchors; i-- > 0;)
        if (str_eq(l->anchors[i].name, name))
            return &l->anchors[i];
    return NULL;
}

static struct node *
read_alias(struct loader *l, const yaml_event_t *e)
{
    struct anchor *a = find_anchor(l, str_from((const char *)e->data.alias.anchor));
    if (!a)
        return fail_at(l, e, "this alias has no anchor before it");
    if (!a->node)
        return fail_at(l, e, "this alias stands inside its own anchor");
    l->weight += a->node->weight;
    if (l->weight > CONFIG_NODES_MAX)
        return fail_at(l, e, "too many values, aliases followed: the limit is 20000");
    return a->node;
}

static struct node *
read_scalar(struct loader *l, const yaml_event_t *e)
{
    struct node *n = node_new(l, NODE_SCALAR, e);
    if (!n)
        return NULL;
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = keep(l, e->data.scalar.value, e->data.scalar.length);
    return n->text.p ? n : NULL;
}

static struct node *
read_collection(struct loader *l, const yaml_event_t *e, unsigned depth)
{
    if (depth >= CONFIG_DEPTH_MAX)
        return fail_at(l, e, "nested too deeply: the limit is 16");
    enum node_kind kind = e->type == YAML_SEQUENCE_START_EVENT ? NODE_LIST : NODE_MAP;
    struct node *n = node_new(l, kind, e);
    return n && read_children(l, n, depth + 1) ? n : NULL;
}

static struct node *
read_node(struct loader *l, const yaml_event_t *e, unsigned depth)
{
    if (e->type == YAML_ALIAS_EVENT)
        return read_alias(l, e);
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    } else {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    }
    if (tag)
        return fail_at(l, e, "tags are not supported: remove it");
    unsigned slot = l->n_anchors;
    if (anchor) {
        struct anchor *a = CONFIG_PUSH(l->r, l->anchors, l->n_anchors, l->room_anchors);
        if (!a)
            return NULL;
        a->name = keep(l, anchor, strlen((const char *)anchor));
    }
    bool scalar = e->type == YAML_SCALAR_EVENT;
    struct node *n = scalar ? read_scalar(l, e) : read_collection(l, e, depth);
    if (anchor && n)
        l->anchors[slot].node = n;
    return n;
}

/* Skip the events before the first node; false when there is none. */
static bool
read_start(struct loader *l, yaml_event_t *e)
{
    for (;;) {
        if (!next(l, e))
            return false;
        if (e->type == YAML_STREAM_END_EVENT) {
            config_fail(l->r, NULL, "the file is empty");
            yaml_event_delete(e);
            return false;
        }
        if (e->type != YAML_STREAM_START_EVENT && e->type != YAML_DOCUMENT_START_EVENT)
            return true;
        yaml_event_delete(e);
    }
}

static bool
read_end(struct loader *l)
{
    yaml_event_t e;
    bool more = true, ok = true;
    while (more && ok) {
        if (!next(l, &e))
            return false;
        if (e.type == YAML_DOCUMENT_START_EVENT)
            ok = fail_at(l, &e, "a second document: put everything into one") != NULL;
        more = e.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    return ok;
}

struct node *
config_tree(struct config_reader *r, struct str bytes)
{
    struct loader l = { .r = r, .bytes = bytes };
    yaml_event_t e;
    if (!yaml_parser_initialize(&l.yaml)) {
        config_fail(r, NULL, "no memory");
        return NULL;
    }
    yaml_parser_set_input_string(&l.yaml, (const unsigned char *)bytes.p, bytes.n);
    yaml_parser_set_encoding(&l.yaml, YAML_UTF8_ENCODING);
    struct node *root = NULL;
    if (read_start(&l, &e)) {
        root = read_node(&l, &e, 0);
        yaml_event_delete(&e);
    }
    if (root && !read_end(&l))
        root = NULL;
    yaml_parser_delete(&l.yaml);
    return root;
}

bool
config_node_is_null(const struct node *n)
{
    return n->kind == NODE_SCALAR && n->plain
           && (n->text.n == 0 || str_is(n->text, "~") || str_is(n->text, "null"));
}

const struct node *
config_node_value(const struct node *n, struct str key)
{
    for (unsigned i = 0; n->kind == NODE_MAP && i < n->n; i++)
        if (str_eq(n->v[i].key->text, key))
            return n->v[i].value;
    return NULL;
}

const char *
config_node_kind(const struct node *n)
{
    switch (n->kind) {
    case NODE_SCALAR:
        return "a single value";
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a map";
    }
    return "";
}
