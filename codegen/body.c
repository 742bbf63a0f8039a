/* The rows of one object and the members they know. */
#include "codegen/emit.h"

/* As XD_SLOT_NONE and XD_SLOT_EMPTY in runtime/xd/dialect.h. */
enum { SLOT_NONE = -1, SLOT_EMPTY = -2 };

struct shape_key {
    struct str name;
    int slot;
    struct shape_keys *sub;
};
struct shape_keys {
    struct shape_key *v;
    unsigned n, cap;
    const char *path;
};

static struct shape_key *
key_at(struct emit *e, struct shape_keys *keys, struct str name)
{
    for (unsigned i = 0; i < keys->n; i++)
        if (str_eq(keys->v[i].name, name))
            return &keys->v[i];
    struct shape_key *k = arena_push(e->a, (void **)&keys->v, &keys->n, &keys->cap, sizeof *k);
    *k = (struct shape_key){ name, SLOT_NONE, NULL };
    return k;
}

/* The key that a path ends in, made when missing. */
static struct shape_key *
last_key(struct emit *e, const struct body *b, const struct ast_path *p)
{
    struct shape_keys *keys = b->keys;

    for (unsigned i = 0; i < p->n; i++) {
        if (p->v[i].index != STEP_NONE)
            diag_error(e->diags, p->v[i].name.pos,
                       "an index has no meaning in this path: name a list's form behind ':'");
        struct shape_key *k = key_at(e, keys, p->v[i].name.s);
        if (i + 1 == p->n)
            return k;
        if (!k->sub) {
            k->sub = arena_alloc(e->a, sizeof *k->sub);
            struct ast_path head = *p;
            head.n = i + 1;
            k->sub->path = path_text(e->a, &head).p;
        }
        keys = k->sub;
    }
    return NULL;
}

int
body_know(struct emit *e, struct body *b, const struct ast_path *p, bool filed)
{
    struct shape_key *k = last_key(e, b, p);

    if (k && filed && k->slot < 0)
        k->slot = (int)b->slots++;
    return k ? k->slot : SLOT_NONE;
}

/* `logprobs = null`: what comes there all the same is not known. */
static bool
is_empty_constant(const struct ast_row *r)
{
    return r->kind == ROW_CONST
           && (r->constant.kind == CONST_NULL || r->constant.kind == CONST_EMPTY_ARRAY
               || r->constant.kind == CONST_EMPTY_OBJECT);
}

void
body_know_name(struct emit *e, struct body *b, struct str name)
{
    key_at(e, b->keys, name);
}

void
body_know_names_of(struct emit *e, struct body *b, const struct body *other)
{
    for (unsigned i = 0; i < other->keys->n; i++)
        body_know_name(e, b, other->keys->v[i].name);
}

/* Members that no row reads, and that may not get lost. */
static void
add_refusal(struct emit *e, struct body *b, const struct ast_row *r)
{
    const struct ast_row **at = arena_push(e->a, (void **)&b->refusals.v, &b->refusals.n,
                                           &b->refusals.cap, sizeof *at);
    *at = r;
}

bool
row_has_flag(const struct ast_row *r, const char *flag)
{
    for (unsigned i = 0; i < r->flags.n; i++)
        if (str_is(r->flags.v[i].s, flag))
            return true;
    return false;
}

bool
row_reads(const struct ast_row *r)
{
    return r->kind == ROW_MAP && r->arrow != ARROW_WRITE && !r->builtin.s.n;
}

bool
row_writes(const struct ast_row *r)
{
    return r->kind == ROW_CONST || (r->kind == ROW_MAP && r->arrow != ARROW_READ);
}

bool
row_is_apart(const struct ast_row *r)
{
    for (unsigned i = 0; i < r->flags.n; i++)
        if (str_is(r->flags.v[i].s, "apart"))
            return true;
    return false;
}

const struct ast_row *
apart_row(const struct ast_decl *decl)
{
    for (unsigned i = 0; decl && decl->kind == DECL_UNION && i < decl->rows.n; i++)
        if (row_is_apart(&decl->rows.v[i]))
            return &decl->rows.v[i];
    return NULL;
}

static void
add_use(struct emit *e, struct body *b, const struct ast_row *r, unsigned group)
{
    struct row_use *u = arena_push(e->a, (void **)&b->uses.v, &b->uses.n, &b->uses.cap, sizeof *u);

    u->r = r;
    u->group = group;
    u->number = emit_number(e, r->pos, r->arrow, r->kind == ROW_CONST);
    for (unsigned i = 0; i < r->wire.n && i < 8; i++)
        u->slots[i] = body_know(e, b, &r->wire.v[i], row_reads(r));
    if (is_empty_constant(r) && u->slots[0] == SLOT_NONE)
        last_key(e, b, &r->wire.v[0])->slot = SLOT_EMPTY;
    if (r->wire.n > 8)
        diag_error(e->diags, r->pos, "a row has at most 8 wire names, this has %u", r->wire.n);
}

/* Also what is otherwise a constant that may be empty. */
static void
ignore(struct emit *e, const struct body *b, const struct ast_path *p)
{
    struct shape_key *k = last_key(e, b, p);

    if (k && k->slot < 0)
        k->slot = SLOT_NONE;
}

/* `index <-> index` in an object on a case. */
static bool
is_key(const struct body *b, const struct ast_row *r)
{
    return r->kind == ROW_MAP && b->ctx.kind == CTX_CASE && r->model.n == 1 && r->model.v[0].n == 1
           && str_is(r->model.v[0].v[0].name.s, "index") && r->wire.n == 1;
}

/* Constants that stand in every frame of a candidate, not in its first alone. */
static void
add_each(struct emit *e, struct body *b, const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++) {
        if (rows->v[i].kind != ROW_CONST)
            continue;
        add_use(e, b, &rows->v[i], 0);
        b->uses.v[b->uses.n - 1].each = true;
    }
}

static void
add_rows(struct emit *e, struct body *b, const struct ast_rows *rows, unsigned group,
         unsigned *groups)
{
    for (unsigned i = 0; rows && i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        if (row_is_apart(r) && b->ctx.kind == CTX_CASE)
            continue;
        if (is_key(b, r)) {
            b->key = r;
            body_know(e, b, &r->wire.v[0], false);
        } else if (r->kind == ROW_MAP || r->kind == ROW_CONST)
            add_use(e, b, r, group);
        else if (r->kind == ROW_FIRST)
            add_rows(e, b, r->rows, ++*groups, groups);
        else if (r->kind == ROW_REFUSE)
            add_refusal(e, b, r);
        else if (r->kind == ROW_IGNORE)
            for (unsigned k = 0; k < r->wire.n; k++)
                ignore(e, b, &r->wire.v[k]);
        else if (r->kind == ROW_EACH)
            add_each(e, b, r->rows);
        else if (r->kind == ROW_REST)
            b->rest = str_is(r->word.s, "keep") ? REST_KEEP : REST_IGNORE;
    }
}

struct body *
body_make(struct emit *e, const struct ctx *ctx, const char *name, const char *object,
          const struct ast_rows *rows, const struct ast_rows *common)
{
    struct body *b = arena_alloc(e->a, sizeof *b);
    const char *place = e->place;
    unsigned groups = 0;

    e->place = object;
    b->ctx = *ctx;
    b->name = name;
    b->shape = name;
    b->object = object;
    b->keys = arena_alloc(e->a, sizeof *b->keys);
    b->keys->path = "";
    b->rows = rows;
    b->common = common;
    add_rows(e, b, rows, 0, &groups);
    add_rows(e, b, common, 0, &groups);
    e->place = place;
    if (b->slots > 64)
        diag_error(e->diags, rows->v[0].pos,
                   "an object has at most 64 members to read, '%s' has %u", name, b->slots);
    return b;
}

static void
emit_keys(struct emit *e, const struct body *b, const struct shape_keys *keys, const char *name)
{
    for (unsigned i = 0; i < keys->n; i++)
        if (keys->v[i].sub)
            emit_keys(e, b, keys->v[i].sub,
                      arena_printf(e->a, "%s_%.*s", name, STR_ARG(keys->v[i].name)).p);
    if (keys->n) {
        em(e, "static const struct xd_key %s_v[] = {\n", name);
        for (unsigned i = 0; i < keys->n; i++) {
            const struct shape_key *k = &keys->v[i];
            em(e, "    { STR_INIT(%s), %d, ", c_string(e->a, k->name), k->slot);
            if (k->sub)
                em(e, "&%s_%.*s },\n", name, STR_ARG(k->name));
            else
                em(e, "NULL },\n");
        }
        em(e, "};\n");
    }
    em(e, "static const struct xd_keys %s = { %s%s, %u, \"%s\" };\n", name, keys->n ? name : "NULL",
       keys->n ? "_v" : "", keys->n, keys->path);
}

/* The table of the refused members; their number. */
static unsigned
emit_refusals(struct emit *e, const struct body *b)
{
    unsigned n = 0;

    for (unsigned i = 0; i < b->refusals.n; i++) {
        const struct ast_row *r = b->refusals.v[i];
        for (unsigned k = 0; k < r->wire.n; k++) {
            if (n++ == 0)
                em(e, "static const struct xd_refusal %s_refused[] = {\n", b->shape);
            em(e, "    { STR_INIT(%s), %s },\n", c_string(e->a, path_text(e->a, &r->wire.v[k])),
               r->word.s.n ? c_string(e->a, r->word.s) : "NULL");
        }
    }
    if (n)
        em(e, "};\n");
    return n;
}

void
emit_shape(struct emit *e, const struct body *b)
{
    emit_keys(e, b, b->keys, arena_printf(e->a, "%s_keys", b->shape).p);
    unsigned refused = emit_refusals(e, b);
    em(e, "static const struct xd_shape %s_shape = { family, \"%s\", &%s_keys, %u, %s, %s, ",
       b->shape, b->object, b->shape, b->slots,
       b->rest == REST_IGNORE ? "XD_REST_IGNORE" : "XD_REST_KEEP",
       dialect_names_camel(e->d) ? "true" : "false");
    if (refused)
        em(e, "%s_refused, %u };\n\n", b->shape, refused);
    else
        em(e, "NULL, 0 };\n\n");
}
