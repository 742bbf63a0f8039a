/* Schemas without references: what they refer to stands in their place.
 *
 *   {"$ref": "#/$defs/a", "title": "T"}  becomes what stands at $defs.a, with this title; a reference inside of what it
 *   refers to, or one that goes too deep, becomes any object. */
#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

#define REFS_MAX     16u /* inside of each other */
#define DEPTH_MAX    64u
#define SCHEMA_BYTES (1u << 20)
#define ANYTHING     STR("{\"type\":\"object\"}")

struct inliner {
    const struct json_doc *doc;
    struct arena *arena;
    struct buf *out;
    uint32_t open[REFS_MAX]; /* what is being put in the place of references */
    unsigned n_open;
    unsigned depth;
};

static void put_value(struct inliner *k, uint32_t at);

/* A string's text, which seldom needs memory. */
static struct str
text_of(const struct inliner *k, uint32_t at)
{
    return k->doc->nodes[at].escaped ? json_text(k->doc, at, k->arena) : json_inner(k->doc, at);
}

/* One step of a JSON pointer (RFC 6901), unescaped. */
static struct str
unescape(struct arena *a, struct str step)
{
    struct str s = { NULL, 0 };
    if (!memchr(step.p, '~', step.n))
        return step;
    for (size_t i = 0; i < step.n; i++) {
        bool tilde = step.p[i] == '~' && i + 1 < step.n;
        arena_append(a, &s,
                     tilde ? step.p[i + 1] == '1' ? STR("/") : STR("~") : str_make(step.p + i, 1));
        i += tilde;
    }
    return s;
}

/* What a reference inside of the document means; 0 when it is none. */
static uint32_t
find(const struct inliner *k, uint32_t ref)
{
    struct str path = text_of(k, ref);
    uint32_t at = JSON_ROOT;
    if (!path.n || path.p[0] != '#')
        return 0;
    path = str_skip(path, 1);
    while (at && path.n && path.p[0] == '/') {
        path = str_skip(path, 1);
        const char *slash = path.n ? memchr(path.p, '/', path.n) : NULL;
        size_t n = slash ? (size_t)(slash - path.p) : path.n;
        struct str step = unescape(k->arena, str_make(path.p, n));
        at = json_kind(k->doc, at) == JSON_OBJECT && step.p ? json_member(k->doc, at, step) : 0;
        path = str_skip(path, n);
    }
    return path.n == 0 && at && json_kind(k->doc, at) == JSON_OBJECT ? at : 0;
}

static uint32_t
ref_of(const struct inliner *k, uint32_t at)
{
    uint32_t ref = json_member(k->doc, at, STR("$ref"));
    return ref && json_kind(k->doc, ref) == JSON_STRING ? ref : 0;
}

/* What only references need. */
static bool
is_definitions(const struct inliner *k, uint32_t object, uint32_t key)
{
    return object == JSON_ROOT
           && (json_text_is(k->doc, key, STR("$defs"))
               || json_text_is(k->doc, key, STR("definitions")));
}

/* The members of an object; but: another object, whose members count instead. */
static void
put_members(struct inliner *k, uint32_t at, uint32_t but, bool *some)
{
    const struct json_doc *d = k->doc;
    for (uint32_t key = at + 1; key < d->nodes[at].next; key = d->nodes[key + 1].next) {
        if (is_definitions(k, at, key) || key + 1 == ref_of(k, at))
            continue;
        if (but && json_member(d, but, text_of(k, key)))
            continue;
        buf_puts(k->out, *some ? STR(",") : STR(""));
        buf_puts(k->out, json_raw(d, key));
        buf_puts(k->out, STR(":"));
        put_value(k, key + 1);
        *some = true;
    }
}

static bool
is_open(const struct inliner *k, uint32_t at)
{
    for (unsigned i = 0; i < k->n_open; i++)
        if (k->open[i] == at)
            return true;
    return k->n_open == REFS_MAX;
}

static void
put_object(struct inliner *k, uint32_t at)
{
    uint32_t ref = ref_of(k, at), target = ref ? find(k, ref) : 0;
    bool some = false;
    if (ref && (!target || is_open(k, target))) {
        buf_puts(k->out, target ? ANYTHING : json_raw(k->doc, at));
        return;
    }
    if (target)
        k->open[k->n_open++] = target;
    if (target && ref_of(k, target)) {
        put_object(k, target); /* a reference to a reference */
        k->n_open--;
        return;
    }
    buf_puts(k->out, STR("{"));
    if (target) {
        put_members(k, target, at, &some);
        k->n_open--;
    }
    put_members(k, at, 0, &some);
    buf_puts(k->out, STR("}"));
}

static void
put_array(struct inliner *k, uint32_t at)
{
    const struct json_doc *d = k->doc;
    buf_puts(k->out, STR("["));
    for (uint32_t i = at + 1; i < d->nodes[at].next; i = d->nodes[i].next) {
        buf_puts(k->out, i > at + 1 ? STR(",") : STR(""));
        put_value(k, i);
    }
    buf_puts(k->out, STR("]"));
}

static void
put_value(struct inliner *k, uint32_t at)
{
    enum json_kind kind = json_kind(k->doc, at);
    if (k->out->err)
        return; /* few bytes can mean very many */
    if (k->depth == DEPTH_MAX) {
        buf_puts(k->out, ANYTHING);
        return;
    }
    k->depth++;
    if (kind == JSON_OBJECT)
        put_object(k, at);
    else if (kind == JSON_ARRAY)
        put_array(k, at);
    else
        buf_puts(k->out, json_raw(k->doc, at));
    k->depth--;
}

/* The schema without references; itself when it has none, or is no JSON. */
static struct str
inlined(struct xd *x, struct str schema)
{
    static const char ref[] = "\"$ref\"";
    struct buf out;
    if (!schema.n || !memmem(schema.p, schema.n, ref, sizeof ref - 1)
        || json_doc_parse(&x->doc, schema, NULL) != ERR_OK)
        return schema;
    buf_init(&out, SCHEMA_BYTES);
    struct inliner k = { .doc = &x->doc, .arena = x->arena, .out = &out };
    put_value(&k, JSON_ROOT);
    if (out.err)
        xd_fault(x, ERR_LIMIT, 0, "a schema without references would have more than %u bytes",
                 SCHEMA_BYTES);
    else
        schema = arena_str(x->arena, buf_str(&out));
    buf_fini(&out);
    return schema;
}

void
prepare_refs(struct xd *x, struct ir_request *m)
{
    struct ir_tools own = { 0 };
    bool some = false;
    struct str format = inlined(x, m->format.schema);
    if (format.p != m->format.schema.p)
        m->format.schema = format;
    for (unsigned i = 0; i < m->tools.n; i++) {
        struct ir_tool *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->tools.v[i];
        if (t->kind != IR_TOOL_FUNCTION)
            continue;
        t->function.schema = inlined(x, t->function.schema);
        some |= t->function.schema.p != m->tools.v[i].function.schema.p;
    }
    if (some)
        m->tools = own;
}
