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
    return c->rows.n == 0 && c->model.n && (c->any || str_is(c->model.v[0].v[0].name.s, "foreign"));
}

const struct ast_tag_case *
union_spread(const struct ast_decl *decl)
{
    for (unsigned i = 0; decl->kind == DECL_UNION && i < decl->tag_cases.n; i++)
        if (decl->tag_cases.v[i].spread)
            return &decl->tag_cases.v[i];
    return NULL;
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

/* How a condition compares: a string that ends in '*' stands for all with this beginning. */
static bool
is_prefix(const struct ast_const *c)
{
    return c->kind == CONST_STRING && c->text.s.n && c->text.s.p[c->text.s.n - 1] == '*';
}

static void
emit_condition(struct emit *e, const struct ast_tag_case *c)
{
    struct str text = c->is.text.s;

    if (!c->when.n) {
        em(e, "{ NULL, 0 }, XD_IF_THERE, { NULL, 0 }");
        return;
    }
    text.n -= is_prefix(&c->is);
    em(e, "STR_INIT(%s), %s, STR_INIT(%s)", c_string(e->a, path_text(e->a, &c->when)),
       is_prefix(&c->is)            ? "XD_IF_BEGINS"
       : c->is.kind == CONST_STRING ? "XD_IF_TEXT"
                                    : "XD_IF_JSON",
       c_string(e->a, text));
}

/* The members that select a case of a union by member, in the order in which they are looked for. */
static void
emit_members(struct emit *e, const struct ast_decl *decl, const char *name)
{
    int other = -1;

    em(e, "static const struct xd_member %s_members_v[] = {\n", name);
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[i];
        if (tag_reads(c) && c->any)
            other = (int)i;
        for (unsigned k = 0; tag_reads(c) && !c->any && !c->spread && k < c->tags.n; k++) {
            em(e, "    { STR_INIT(%s), ", c_string(e->a, c->tags.v[k].s));
            emit_condition(e, c);
            em(e, ", %u },\n", i);
        }
    }
    em(e, "    { { NULL, 0 }, { NULL, 0 }, XD_IF_THERE, { NULL, 0 }, -1 },\n};\n");
    em(e, "static const struct xd_members %s_members = {\n    %s_members_v,\n", name, name);
    em(e, "    sizeof %s_members_v / sizeof *%s_members_v - 1, %d, %s,\n};\n\n", name, name, other,
       dialect_names_camel(e->d) ? "true" : "false");
}

/* A condition on a constant is written as one; a beginning says nothing of the rest. */
static const struct ast_rows *
rows_with_condition(struct emit *e, const struct ast_tag_case *c)
{
    if (!c->when.n || is_prefix(&c->is))
        return &c->rows;
    struct ast_rows *rows = arena_alloc(e->a, sizeof *rows);
    for (unsigned i = 0; i < c->rows.n; i++)
        *(struct ast_row *)arena_push(e->a, (void **)&rows->v, &rows->n, &rows->cap,
                                      sizeof *rows->v) = c->rows.v[i];
    struct ast_row *r = arena_push(e->a, (void **)&rows->v, &rows->n, &rows->cap, sizeof *r);
    *r = (struct ast_row){ .kind = ROW_CONST, .pos = c->when.pos, .constant = c->is };
    *(struct ast_path *)arena_push(e->a, (void **)&r->wire.v, &r->wire.n, &r->wire.cap,
                                   sizeof *r->wire.v) = c->when;
    return rows;
}

static void
emit_case(struct emit *e, const struct ast_decl *decl, unsigned i, const struct ir_union *u)
{
    const struct ast_tag_case *c = &decl->tag_cases.v[i];
    int n = case_index(e, u, c);

    if (n >= 0 && is_foreign(c))
        check_foreign(e, c, u, n);
    if (n < 0 || is_foreign(c) || c->spread)
        return;
    struct ctx ctx = { .kind = CTX_CASE, .un = u, .ucase = n };
    const char *name = case_name(e, decl, i);
    const char *object =
        arena_printf(e->a, "%.*s.%s", STR_ARG(decl->name.s), u->cases.v[n].name.s.p).p;
    struct body *b = body_make(e, &ctx, name, object, rows_with_condition(e, c), &decl->rows);
    b->bare = decl->by_member;
    if (!decl->by_member)
        b->split = own_splits(e, decl, b);
    if (!decl->by_member)
        body_know_name(e, b, decl->by.s);
    if (!decl->by_member && !c->none && c->tags.n) {
        b->tag = decl->by.s;
        b->tag_wire = c->tags.v[0].s;
    }
    em(e, "/* %s: %s */\n", pos_text(e->a, c->pos), object);
    bool reads = tag_reads(c) && emit_needs(e, decl, DIR_READ),
         writes = tag_writes(c) && emit_needs(e, decl, DIR_WRITE);
    if (reads || (writes && b->rest == REST_KEEP))
        emit_shape(e, b);
    if (reads)
        emit_read_body(e, b);
    if (writes)
        emit_write_body(e, b);
}

/* The case of the declaration that writes case n of the union, or -1: the first from `from` on. */
static int
writer_of(struct emit *e, const struct ast_decl *decl, const struct ir_union *u, int n,
          unsigned from)
{
    for (unsigned i = from; i < decl->tag_cases.n; i++)
        if (tag_writes(&decl->tag_cases.v[i]) && !decl->tag_cases.v[i].spread
            && case_index(e, u, &decl->tag_cases.v[i]) == n)
            return (int)i;
    return -1;
}

static void
emit_reader(struct emit *e, const struct ast_decl *decl, const struct ir_union *u, const char *name)
{
    em(e, "static bool\nread_%s(struct xd *x, uint32_t at, struct ir_%s *m)\n{\n", name, u->c);
    em(e, "    switch (xd_%s(x, at, &%s_%s)) {\n", decl->by_member ? "member" : "tag", name,
       decl->by_member ? "members" : "tags");
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[i];
        int n = tag_reads(c) && !c->spread ? case_index(e, u, c) : -1;
        if (n < 0)
            continue;
        em(e, "    case %u:\n", i);
        em(e, "        XD_SEEN(seen_read, %d);\n", emit_number(e, c->pos, c->arrow, false));
        if (is_foreign(c)) {
            const char *ucase = u->cases.v[n].name.s.p;
            em(e, "        m->kind = %s;\n", case_constant(e->a, u, n));
            if (writer_of(e, decl, u, n, 0) >= 0)
                em(e, "        m->%s.dialect = STR_FAMILY;\n", ucase);
            else /* nothing of the dialect writes it but whoever copies the whole */
                em(e, "        m->%s.dialect = STR(\"%.*s:%.*s\");\n", ucase,
                   STR_ARG(e->family_name), STR_ARG(decl->name.s));
            em(e, "        xd_read_json(x, at, &m->%s.body);\n", ucase);
        } else {
            em(e, "        read_%s(x, at, m);\n", case_name(e, decl, i));
        }
        em(e, "        return true;\n");
    }
    em(e, "    }\n    return false;\n}\n\n");
}

static int
number(struct emit *e, const struct ast_tag_case *c)
{
    return emit_number(e, c->pos, c->arrow, false);
}

/* `text with citations`: the case, when the field is there. */
static void
write_when(struct emit *e, const struct ast_decl *decl, unsigned i, const struct ir_union *u, int n)
{
    const struct ast_tag_case *c = &decl->tag_cases.v[i];
    struct ctx ctx = { .kind = CTX_CASE, .un = u, .ucase = n };
    struct target t = target_resolve(e->a, e->ir, &ctx, &c->has, DIR_WRITE, e->diags);

    if (!t.ok)
        return;
    em(e, "        if (%s) {\n            XD_SEEN(seen_written, %d);\n",
       t.guard ? t.guard : types_present(e->a, &t.type, t.lvalue), number(e, c));
    em(e, "            write_%s(x, m);\n            return true;\n        }\n",
       case_name(e, decl, i));
}

/* The row that stands for an element of its own: it belongs to the one before. */
static void
emit_apart(struct emit *e, const struct ast_decl *decl, const struct ir_union *u, const char *name)
{
    const struct ast_row *r = apart_row(decl);
    struct ctx ctx = { .kind = CTX_UNION, .un = u, .ucase = -1 };
    struct ast_rows rows = { (struct ast_row *)r, 1, 1 };
    const char *apart = arena_printf(e->a, "%s_apart", name).p;
    struct type all = { .kind = TYPE_UNION, .un = u, .list = true };
    const char *list = types_c(e->a, &all);
    struct body *b = body_make(e, &ctx, apart, apart, &rows, NULL);

    em(e, "/* %s: %s */\n", pos_text(e->a, r->pos), apart);
    emit_shape(e, b);
    if (emit_needs(e, decl, DIR_READ)) {
        em(e, "static bool\nread_%s(struct xd *x, uint32_t at, %s *l)\n{\n", apart, list);
        em(e, "    struct ir_%s *m = l->n ? &l->v[l->n - 1] : NULL;\n", u->c);
        em(e, "    uint32_t v[%u];\n\n", b->slots ? b->slots : 1);
        em(e, "    if (!xd_apart(x, at, STR(%s), m))\n        return false;\n",
           c_string(e->a, r->wire.v[0].v[0].name.s));
        em(e, "    if (!m || !xd_scan(x, at, &%s_shape, v, NULL))\n        return true;\n", apart);
        emit_read_rows(e, b);
        em(e, "    return true;\n}\n\n");
    }
    if (emit_needs(e, decl, DIR_WRITE)) {
        em(e, "static void\nwrite_%s(struct xd *x, const struct ir_%s *m)\n{\n", apart, u->c);
        em(e, "    jw_enter(&x->w);\n");
        emit_write_rows(e, b);
        em(e, "    jw_close(&x->w);\n}\n\n");
    }
}

static void
emit_writer(struct emit *e, const struct ast_decl *decl, const struct ir_union *u, const char *name)
{
    em(e, "static bool\nwrite_%s(struct xd *x, const struct ir_%s *m)\n{\n    switch (m->kind) {\n",
       name, u->c);
    for (int n = 0; n < (int)u->cases.n; n++) {
        int i = writer_of(e, decl, u, n, 0);
        const char *ucase = u->cases.v[n].name.s.p;
        em(e, "    case %s:\n", case_constant(e->a, u, n));
        while (i >= 0 && decl->tag_cases.v[i].has.n) {
            write_when(e, decl, (unsigned)i, u, n);
            i = writer_of(e, decl, u, n, (unsigned)i + 1);
        }
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

/* An element of the wire that holds many of the model: its members that say something else are an
 * element of their own. */
static void
emit_spread_reader(struct emit *e, const struct ast_decl *decl, const struct ir_union *u,
                   const char *name)
{
    const struct ast_tag_case *c = union_spread(decl);
    const struct ast_decl *form = find_decl(e, c->many.name);
    bool one = dialect_names_camel(e->d);
    const char *camel = one ? "true" : "false";

    if (!form)
        return;
    em(e, "static void\nread_%s_many(struct xd *x, uint32_t at, struct ir_%ss *l)\n{\n", name,
       u->c);
    em(e, "    uint32_t many = xd_member_node(x, at, STR(%s), %s);\n",
       c_string(e->a, c->tags.v[0].s), camel);
    em(e, "    struct ir_%s *item;\n\n", u->c);
    em(e, one ? "    if (many && xd_want_items(x, many))\n        XD_ITEMS(x, i, many) {\n"
              : "    if (many && xd_want(x, many, JSON_ARRAY))\n        XD_EACH(x, i, many) {\n");
    em(e, "            XD_SEEN(seen_read, %d);\n", emit_number(e, c->pos, c->arrow, false));
    em(e,
       "            item = XD_PUSH(x, l);\n            if (item)\n                %s(x, i, item);\n",
       own_reader(e, form));
    em(e, "        }\n");
    em(e, "    if (many && !xd_member_others(x, at, STR(%s), %s))\n        return;\n",
       c_string(e->a, c->tags.v[0].s), camel);
    em(e, "    item = XD_PUSH(x, l);\n    if (item && !read_%s(x, at, item))\n        l->n--;\n",
       name);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        if (is_foreign(&decl->tag_cases.v[i])) {
            int n = case_index(e, u, &decl->tag_cases.v[i]);
            const char *ucase = n >= 0 ? u->cases.v[n].name.s.p : "?";
            em(e,
               "    else if (item && many && item->kind == %s)\n        item->%s.body = xd_member_without(x, at, STR(%s), %s);\n",
               n >= 0 ? case_constant(e->a, u, n) : "?", ucase, c_string(e->a, c->tags.v[0].s),
               camel);
        }
    em(e, "}\n\n");
}

static void
emit_spread_writer(struct emit *e, const struct ast_decl *decl, const struct ir_union *u,
                   const char *name)
{
    const struct ast_tag_case *c = union_spread(decl);
    const struct ast_decl *form = find_decl(e, c->many.name);
    int n = case_index(e, u, c);

    if (!form || n < 0)
        return;
    const char *kind = case_constant(e->a, u, n);
    em(e, "static void\nwrite_%s_many(struct xd *x, const struct ir_%ss *l)\n{\n", name, u->c);
    em(e, "    jw_array(&x->w);\n    for (unsigned i = 0; i < l->n;) {\n");
    em(e,
       "        if (l->v[i].kind != %s) {\n            write_%s(x, &l->v[i++]);\n            continue;\n        }\n",
       kind, name);
    em(e, "        XD_SEEN(seen_written, %d);\n", number(e, c));
    em(e, "        jw_object(&x->w);\n        jw_key(&x->w, STR(%s));\n        jw_array(&x->w);\n",
       c_string(e->a, c->tags.v[0].s));
    em(e, "        while (i < l->n && l->v[i].kind == %s)\n            %s(x, &l->v[i++]);\n", kind,
       own_writer(e, form));
    em(e, "        jw_close(&x->w);\n        jw_close(&x->w);\n    }\n    jw_close(&x->w);\n}\n\n");
}

void
emit_union(struct emit *e, const struct ast_decl *decl)
{
    const struct ir_union *u = decl->model.n ? types_union(e->ir, decl->model.v[0].name.s) : NULL;
    const char *name = decl_name(e, decl);

    if (!u) {
        diag_error(e->diags, decl->model.pos, "there is no union '%s'",
                   path_text(e->a, &decl->model).p);
        return;
    }
    if (emit_needs(e, decl, DIR_READ) && decl->by_member)
        emit_members(e, decl, name);
    else if (emit_needs(e, decl, DIR_READ))
        emit_tags(e, decl, name);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        emit_case(e, decl, i, u);
    if (apart_row(decl))
        emit_apart(e, decl, u, name);
    if (emit_needs(e, decl, DIR_READ)) {
        emit_reader(e, decl, u, name);
        if (union_spread(decl))
            emit_spread_reader(e, decl, u, name);
    }
    if (emit_needs(e, decl, DIR_WRITE)) {
        emit_writer(e, decl, u, name);
        if (union_spread(decl))
            emit_spread_writer(e, decl, u, name);
    }
}
