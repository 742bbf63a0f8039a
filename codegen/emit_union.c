/* Tagged unions: a function for each case and two that choose. */
#include "codegen/emit.h"

static bool
tag_reads(const struct ast_tag_case *c)
{
    return c->arrow != ARROW_WRITE;
}

static bool
tag_writes(const struct ast_tag_case *c)
{
    return c->arrow != ARROW_READ;
}

static bool
is_foreign(const struct ast_tag_case *c)
{
    return c->any && c->rows.n == 0;
}

/* "block_text", with a number when an earlier case of the declaration has the same name. */
static const char *
case_name(struct emit *e, const struct ast_decl *decl, unsigned i)
{
    const struct ast_tag_case *c = &decl->tag_cases.v[i];
    unsigned before = 0;

    for (unsigned k = 0; k < i; k++)
        before += path_eq(&decl->tag_cases.v[k].model.v[0], &c->model.v[0]);
    struct str name = arena_printf(e->a, "%s%.*s_%.*s", decl_prefix(e, decl), STR_ARG(decl->name.s),
                                   STR_ARG(c->model.v[0].v[0].name.s));
    return before ? arena_printf(e->a, "%s_%u", name.p, before + 1).p : name.p;
}

/* What is kept as it is needs a place for its bytes and for the dialect that knows them. */
static void
check_foreign(struct emit *e, const struct ast_tag_case *c, const struct ir_union *u, int n)
{
    const struct ir_field *dialect = types_field(&u->cases.v[n].fields, STR("dialect"));
    const struct ir_field *body = types_field(&u->cases.v[n].fields, STR("body"));

    if (dialect && body && dialect->type.kind == TYPE_STRING && body->type.kind == TYPE_JSON)
        return;
    diag_help(
        diag_error(e->diags, c->model.v[0].pos, "'%s' cannot hold what is unknown",
                   u->cases.v[n].name.s.p),
        "map it onto a case such as: foreign { dialect : string!; body : json! }\nor say its rows: * <-> %s { ... }",
        u->cases.v[n].name.s.p);
}

static int
case_index(struct emit *e, const struct ir_union *u, const struct ast_tag_case *c)
{
    return c->model.n ? want_case(u, c->model.v[0].v[0].name, e->diags) : -1;
}

static void
emit_tags(struct emit *e, const struct ast_decl *decl, const char *name)
{
    int other = -1;

    em(e, "static const struct xd_tag %s_tags_v[] = {\n", name);
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[i];
        if (!tag_reads(c))
            continue;
        if (c->any)
            other = (int)i;
        if (c->none)
            em(e, "    { { NULL, 0 }, %u },\n", i);
        for (unsigned k = 0; k < c->tags.n; k++)
            if (!str_is(c->tags.v[k].s, "*") && !(c->none && str_is(c->tags.v[k].s, "none")))
                em(e, "    { STR_INIT(%s), %u },\n", c_string(e->a, c->tags.v[k].s), i);
    }
    em(e, "    { { NULL, 0 }, -1 },\n};\n"); /* ends the list; an array is never empty */
    em(e, "static const struct xd_tags %s_tags = {\n    STR_INIT(%s), %s_tags_v,\n", name,
       c_string(e->a, decl->by.s), name);
    em(e, "    sizeof %s_tags_v / sizeof *%s_tags_v - 1, %d,\n};\n\n", name, name, other);
}

static void
emit_case(struct emit *e, const struct ast_decl *decl, unsigned i, const struct ir_union *u)
{
    const struct ast_tag_case *c = &decl->tag_cases.v[i];
    int n = case_index(e, u, c);

    if (n >= 0 && is_foreign(c))
        check_foreign(e, c, u, n);
    if (n < 0 || is_foreign(c))
        return;
    struct ctx ctx = { CTX_CASE, NULL, u, n, NULL };
    const char *name = case_name(e, decl, i);
    const char *object =
        arena_printf(e->a, "%.*s.%s", STR_ARG(decl->name.s), u->cases.v[n].name.s.p).p;
    struct body *b = body_make(e, &ctx, name, object, &c->rows, &decl->rows);
    body_know_name(e, b, decl->by.s);
    if (!c->none && c->tags.n) {
        b->tag = decl->by.s;
        b->tag_wire = c->tags.v[0].s;
    }
    em(e, "/* %s: %s */\n", pos_text(e->a, c->pos), object);
    emit_shape(e, b);
    if (tag_reads(c) && emit_needs(e, decl, DIR_READ))
        emit_read_body(e, b);
    if (tag_writes(c) && emit_needs(e, decl, DIR_WRITE))
        emit_write_body(e, b);
}

static void
emit_reader(struct emit *e, const struct ast_decl *decl, const struct ir_union *u, const char *name)
{
    em(e, "static bool\nread_%s(struct xd *x, uint32_t at, struct ir_%s *m)\n{\n", name, u->c);
    em(e, "    switch (xd_tag(x, at, &%s_tags)) {\n", name);
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[i];
        int n = tag_reads(c) ? case_index(e, u, c) : -1;
        if (n < 0)
            continue;
        em(e, "    case %u:\n", i);
        em(e, "        XD_SEEN(seen_read, %d);\n", emit_number(e, c->pos, c->arrow, false));
        if (is_foreign(c)) {
            const char *ucase = u->cases.v[n].name.s.p;
            em(e, "        m->kind = %s;\n", case_constant(e->a, u, n));
            em(e, "        m->%s.dialect = STR_FAMILY;\n", ucase);
            em(e, "        xd_read_json(x, at, &m->%s.body);\n", ucase);
        } else {
            em(e, "        read_%s(x, at, m);\n", case_name(e, decl, i));
        }
        em(e, "        return true;\n");
    }
    em(e, "    }\n    return false;\n}\n\n");
}

/* The case of the declaration that writes case n of the union, or -1. */
static int
writer_of(struct emit *e, const struct ast_decl *decl, const struct ir_union *u, int n)
{
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        if (tag_writes(&decl->tag_cases.v[i]) && case_index(e, u, &decl->tag_cases.v[i]) == n)
            return (int)i;
    return -1;
}

static int
number(struct emit *e, const struct ast_tag_case *c)
{
    return emit_number(e, c->pos, c->arrow, false);
}

static void
emit_writer(struct emit *e, const struct ast_decl *decl, const struct ir_union *u, const char *name)
{
    em(e, "static bool\nwrite_%s(struct xd *x, const struct ir_%s *m)\n{\n    switch (m->kind) {\n",
       name, u->c);
    for (int n = 0; n < (int)u->cases.n; n++) {
        int i = writer_of(e, decl, u, n);
        const char *ucase = u->cases.v[n].name.s.p;
        em(e, "    case %s:\n", case_constant(e->a, u, n));
        if (i < 0) {
            em(e, "        xd_lose(x, \"%ss.%s\");\n        break;\n", u->c, ucase);
        } else if (is_foreign(&decl->tag_cases.v[i])) {
            em(e, "        if (!str_eq(m->%s.dialect, STR_FAMILY)) {\n", ucase);
            em(e, "            xd_lose(x, \"%ss.%s\");\n            break;\n        }\n", u->c,
               ucase);
            em(e, "        XD_SEEN(seen_written, %d);\n", number(e, &decl->tag_cases.v[i]));
            em(e, "        jw_raw(&x->w, m->%s.body);\n        return true;\n", ucase);
        } else {
            em(e, "        XD_SEEN(seen_written, %d);\n", number(e, &decl->tag_cases.v[i]));
            em(e, "        write_%s(x, m);\n        return true;\n",
               case_name(e, decl, (unsigned)i));
        }
    }
    em(e, "    case IR_%s_UNSET:\n        break;\n    }\n    return false;\n}\n\n",
       types_upper(e->a, u->name.s));
}

void
emit_union(struct emit *e, const struct ast_decl *decl)
{
    const struct ir_union *u = decl->model.n ? types_union(e->ir, decl->model.v[0].name.s) : NULL;
    const char *name = arena_printf(e->a, "%s%.*s", decl_prefix(e, decl), STR_ARG(decl->name.s)).p;

    if (!u) {
        diag_error(e->diags, decl->model.pos, "there is no union '%s'",
                   path_text(e->a, &decl->model).p);
        return;
    }
    if (emit_needs(e, decl, DIR_READ))
        emit_tags(e, decl, name);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        emit_case(e, decl, i, u);
    if (emit_needs(e, decl, DIR_READ))
        emit_reader(e, decl, u, name);
    if (emit_needs(e, decl, DIR_WRITE))
        emit_writer(e, decl, u, name);
}
