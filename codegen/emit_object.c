/* The objects that rows write: those that share a nested object stand inside its braces, where the first of
 * them stood. */
#include "codegen/emit.h"

static bool
under(const struct ast_path *p, const struct ast_path *prefix, unsigned n)
{
    if (p->n <= n)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!str_eq(p->v[i].name.s, prefix->v[i].name.s))
            return false;
    return true;
}

/* The constant that the nested object itself has: {} is always there, null when nothing is in
 * it. */
static enum ast_const_kind
container_constant(const struct body *b, const struct ast_path *prefix, unsigned n)
{
    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct ast_row *r = b->uses.v[i].r;
        if (r->kind == ROW_CONST && r->wire.v[0].n == n && under(&r->wire.v[0], prefix, n - 1)
            && str_eq(r->wire.v[0].v[n - 1].name.s, prefix->v[n - 1].name.s))
            return r->constant.kind;
    }
    return CONST_NONE;
}

static bool
has_below(const struct body *b, const struct ast_path *prefix, unsigned n)
{
    for (unsigned i = 0; i < b->uses.n; i++)
        if (row_writes(b->uses.v[i].r) && under(&b->uses.v[i].r->wire.v[0], prefix, n))
            return true;
    return false;
}

static void
write_rest(struct emit *e, const struct body *b, const char *container)
{
    if (b->rest == REST_KEEP && b->split && *container)
        em(e, "    xd_put_rest(x, shape, \"%s\", &m->rest);\n", container);
    else if (b->rest == REST_KEEP)
        em(e, "    xd_put_rest(x, &%s_shape, \"%s\", &m->rest);\n", b->shape, container);
}

static void write_level(struct emit *e, const struct body *b, const struct ast_path *prefix,
                        unsigned n, bool *done);

static void
write_container(struct emit *e, const struct body *b, const struct ast_path *path, unsigned n,
                bool *done)
{
    struct ast_path head = *path;
    const char *key = c_string(e->a, path->v[n - 1].name.s);
    enum ast_const_kind constant = container_constant(b, path, n);

    head.n = n;
    em(e, "    jw_key(&x->w, STR(%s));\n", key);
    em(e, constant == CONST_EMPTY_OBJECT ? "    jw_object(&x->w);\n" : "    jw_enter(&x->w);\n");
    write_level(e, b, path, n, done);
    write_rest(e, b, path_text(e->a, &head).p);
    if (constant == CONST_NULL)
        em(e,
           "    if (!jw_close(&x->w)) {\n        jw_key(&x->w, STR(%s));\n        jw_null(&x->w);\n    }\n",
           key);
    else
        em(e, "    jw_close(&x->w);\n");
}

/* Is the row the next of this level? */
static bool
is_next(const struct body *b, unsigned i, const struct ast_path *prefix, unsigned n,
        const bool *done)
{
    const struct ast_row *r = b->uses.v[i].r;

    return !done[i] && row_writes(r) && r->wire.n > 0 && under(&r->wire.v[0], prefix, n);
}

/* The member of this level that row i is, or stands in. */
static void
write_member(struct emit *e, const struct body *b, unsigned i, unsigned n, bool *done)
{
    const struct row_use *u = &b->uses.v[i];
    const struct ast_path *p = &u->r->wire.v[0];

    if (p->n > n + 1) {
        write_container(e, b, p, n + 1, done);
    } else if (u->r->kind == ROW_CONST && has_below(b, p, n + 1)) {
        done[i] = true;
        em(e, "    XD_SEEN(seen_written, %d);\n", u->number);
        write_container(e, b, p, n + 1, done);
    } else {
        done[i] = true;
        emit_write_row(e, b, u, c_string(e->a, p->v[n].name.s));
    }
}

static void
write_level(struct emit *e, const struct body *b, const struct ast_path *prefix, unsigned n,
            bool *done)
{
    for (unsigned i = 0; i < b->uses.n; i++)
        if (is_next(b, i, prefix, n, done))
            write_member(e, b, i, n, done);
}

/* --- members in functions of their own --------------------------------------------------------- */

static const struct ast_path top = { NULL, 0, 0, { NULL, 0, 0 } };

static bool
is_container(const struct body *b, unsigned i)
{
    const struct ast_row *r = b->uses.v[i].r;

    return r->wire.v[0].n > 1 || (r->kind == ROW_CONST && has_below(b, &r->wire.v[0], 1));
}

static const char *
member_name(struct emit *e, const struct body *b, unsigned i)
{
    return arena_printf(e->a, "%s_%s", b->name, c_word(e->a, b->uses.v[i].r->wire.v[0].v[0].name.s))
        .p;
}

static void
emit_putters(struct emit *e, const struct body *b)
{
    bool *done = arena_alloc(e->a, b->uses.n + 1);

    for (unsigned i = 0; b->split && i < b->uses.n; i++) {
        if (!is_next(b, i, &top, 0, done))
            continue;
        em(e, "static void\nput_%s(struct xd *x, const %s *m%s)\n{\n", member_name(e, b, i),
           ctx_c(e->a, &b->ctx),
           is_container(b, i) && b->rest == REST_KEEP ? ", const struct xd_shape *shape" : "");
        if (b->uses.v[i].r->kind == ROW_CONST || b->uses.v[i].r->builtin.s.n)
            em(e, "    (void)m;\n");
        write_member(e, b, i, 0, done);
        em(e, "}\n\n");
    }
}

static void
call_putters(struct emit *e, const struct body *b)
{
    bool *done = arena_alloc(e->a, b->uses.n + 1);

    for (unsigned i = 0; i < b->uses.n; i++) {
        if (!is_next(b, i, &top, 0, done))
            continue;
        em(e, "    put_%s(x, m", member_name(e, b, i));
        if (is_container(b, i) && b->rest == REST_KEEP)
            em(e, ", &%s_shape", b->shape);
        em(e, ");\n");
        for (unsigned k = i; k < b->uses.n; k++) {
            const struct ast_row *r = b->uses.v[k].r;
            done[k] = done[k]
                      || (r->wire.n
                          && str_eq(r->wire.v[0].v[0].name.s,
                                    b->uses.v[i].r->wire.v[0].v[0].name.s));
        }
    }
}

void
emit_write_rows(struct emit *e, const struct body *b)
{
    bool *done = arena_alloc(e->a, b->uses.n + 1);

    if (b->tag.p) {
        em(e, "    jw_key(&x->w, STR(%s));\n", c_string(e->a, b->tag));
        em(e, "    jw_raw(&x->w, STR(%s));\n",
           c_string(e->a, arena_printf(e->a, "%s", c_string(e->a, b->tag_wire))));
    }
    if (b->key)
        em(e, "    if (x->patch)\n        xd_put_index(x, STR(%s), xd_patch_key(x));\n",
           c_string(e->a, b->key->wire.v[0].v[0].name.s));
    if (b->split)
        call_putters(e, b);
    else
        write_level(e, b, &top, 0, done);
    write_rest(e, b, "");
    emit_write_lost(e, b);
}

void
emit_write_body(struct emit *e, const struct body *b)
{
    emit_putters(e, b);
    em(e, "static void\nwrite_%s(struct xd *x, const %s *m)\n{\n", b->name, ctx_c(e->a, &b->ctx));
    /* A record of which nothing can be said leaves no {} behind: peers refuse objects without what
     * they need.  Nor does an element that is known by its members. */
    bool lazy = b->ctx.kind == CTX_RECORD || b->bare;
    em(e, lazy ? "    jw_enter(&x->w);\n" : "    jw_object(&x->w);\n");
    emit_write_rows(e, b);
    if (b->bare)
        em(e, "    if (!jw_close(&x->w) && !x->skeleton)\n        xd_lose(x, \"%ss.%s\");\n}\n\n",
           b->ctx.un->c, b->ctx.un->cases.v[b->ctx.ucase].name.s.p);
    else
        em(e, "    jw_close(&x->w);\n}\n\n");
}
