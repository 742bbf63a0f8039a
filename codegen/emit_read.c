/* Rows into reading code: one `if (v[slot])` a row, in the order of the spec. */
#include "codegen/emit.h"

/* `with PATH = VALUE` behind a row: what was read means this, too. */
static void
read_row_with(struct emit *e, const struct body *b, const struct row_use *u, const char *indent)
{
    struct target what = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_READ,
                                        e->diags);
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->with, DIR_READ, e->diags);

    if (!t.ok || !what.ok)
        return;
    if (t.type.kind != TYPE_ENUM || t.type.list) {
        diag_error(e->diags, u->r->with.pos, "with is for an enum, this is a value of type %s",
                   types_name(&t.type));
        return;
    }
    const char *present = what.gather ? NULL : types_present(e->a, &what.type, what.lvalue);
    if (want_value(t.type.en, u->r->is.text, e->diags) >= 0)
        em(e, "%sif (%s)\n%s    %s = IR_%s_%s;\n", indent, present ? present : "true", indent,
           t.lvalue, types_upper(e->a, t.type.en->name.s), types_upper(e->a, u->r->is.text.s));
}

/* The node of a row: its first wire path that is there. */
static const char *
row_node(struct emit *e, const struct row_use *u, unsigned from)
{
    const char *slot = arena_printf(e->a, "v[%d]", u->slots[from]).p;

    if (from + 1 >= u->r->wire.n)
        return slot;
    return arena_printf(e->a, "%s ? %s : %s", slot, slot, row_node(e, u, from + 1)).p;
}

static const char *
row_expr(struct emit *e, const struct row_use *u)
{
    const char *node = row_node(e, u, 0);
    return u->r->wire.n > 1 ? arena_printf(e->a, "(%s)", node).p : node;
}

/* What a missing member means. */
static void
read_missing(struct emit *e, const struct body *b, const struct row_use *u)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_READ, e->diags);

    if (row_has_flag(u->r, "required"))
        em(e, " else {\n        xd_missing(x, at, %s);\n    }",
           c_string(e->a, path_text(e->a, &u->r->wire.v[0])));
    else if (t.ok && t.type.kind == TYPE_INT && u->r->otherwise.kind == CONST_NUMBER && !t.gather)
        em(e, " else {\n        %s = (struct ir_int){ %.*s, true };\n    }", t.lvalue,
           STR_ARG(u->r->otherwise.text.s));
    else if (t.ok && t.type.kind == TYPE_BOOL && u->r->arrow == ARROW_READ && !t.gather
             && (u->r->otherwise.kind == CONST_TRUE || u->r->otherwise.kind == CONST_FALSE))
        em(e, " else {\n        %s = %s;\n    }", t.lvalue,
           u->r->otherwise.kind == CONST_TRUE ? "IR_TRUE" : "IR_FALSE");
    else if (t.ok && t.type.kind == TYPE_ENUM && u->r->otherwise.kind == CONST_STRING
             && u->r->forms.n == 1)
        em(e, " else {\n        %s = (enum ir_%s)xd_value_of(%s, STR(%s));\n    }", t.lvalue,
           t.type.en->c, own_table(e, find_decl(e, u->r->forms.v[0].name)),
           c_string(e->a, u->r->otherwise.text.s));
    em(e, "\n");
}

static void
read_sums(struct emit *e, const struct body *b)
{
    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct ast_row *r = b->uses.v[i].r;
        if (r->kind != ROW_MAP || r->model.n < 2 || r->arrow == ARROW_WRITE)
            continue;
        em(e, "    {\n        struct ir_int *const parts[] = { ");
        for (unsigned k = 1; k < r->model.n; k++) {
            struct target t = target_resolve(e->a, e->ir, &b->ctx, &r->model.v[k], DIR_READ,
                                             e->diags);
            em(e, "%s&%s", k > 1 ? ", " : "", t.ok ? t.lvalue : "?");
        }
        struct target whole = target_resolve(e->a, e->ir, &b->ctx, &r->model.v[0], DIR_READ,
                                             e->diags);
        if (r->minus)
            em(e, " };\n        xd_add(&%s, parts[0]);\n    }\n", whole.ok ? whole.lvalue : "?");
        else
            em(e, " };\n        xd_rest_of(&%s, parts, %u);\n    }\n",
               whole.ok ? whole.lvalue : "?", r->model.n - 1);
    }
}

/* A row that stands in a function of its own; one value read by the runtime is as short as a call. */
static bool
is_apart(const struct body *b, const struct row_use *u)
{
    return b->split && u->r->forms.n > 0;
}

/* "request_stop": the row's member, and which of the rows that read it. */
static const char *
row_name(struct emit *e, const struct body *b, const struct row_use *u)
{
    const char *member = c_word(e->a, path_text(e->a, &u->r->wire.v[0]));
    unsigned before = 0;

    for (const struct row_use *other = b->uses.v; other < u; other++)
        before += row_reads(other->r) && is_apart(b, other)
                  && path_eq(&other->r->wire.v[0], &u->r->wire.v[0]);
    if (before)
        return arena_printf(e->a, "%s_%s_%u", b->name, member, before + 1).p;
    return arena_printf(e->a, "%s_%s", b->name, member).p;
}

static void
emit_takers(struct emit *e, const struct body *b)
{
    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct row_use *u = &b->uses.v[i];
        if (!row_reads(u->r) || u->r->wire.n == 0 || !is_apart(b, u))
            continue;
        em(e, "static void\ntake_%s(struct xd *x, uint32_t v, %s *m)\n{\n", row_name(e, b, u),
           ctx_c(e->a, &b->ctx));
        em(e, "    XD_SEEN(seen_read, %d);\n", u->number);
        emit_read_value(e, b, u, "v", "    ");
        em(e, "}\n\n");
    }
}

/* `adds`: to what another row read. */
static void
read_addition(struct emit *e, const struct body *b, const struct row_use *u, const char *v)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_READ, e->diags);

    if (t.ok && (t.type.kind != TYPE_INT || t.type.list || u->r->arrow != ARROW_READ))
        diag_help(
            diag_error(e->diags, u->r->pos, "adds is for a value of type int that is only read"),
            "count -> input adds");
    else if (t.ok)
        em(e,
           "        struct ir_int more = { 0, false };\n        xd_read_int(x, %s, &more);\n        xd_add(&%s, &more);\n",
           v, t.lvalue);
}

void
emit_read_rows(struct emit *e, const struct body *b)
{
    unsigned group = 0;

    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct row_use *u = &b->uses.v[i];
        if (!row_reads(u->r) || u->r->wire.n == 0)
            continue;
        const char *v = row_expr(e, u);
        em(e, "    %sif (%s%s%s) {\n", u->group && u->group == group ? "else " : "",
           u->group ? "xd_some(x, " : "", v, u->group ? ")" : "");
        if (is_apart(b, u)) {
            em(e, "        take_%s(x, %s, m);\n", row_name(e, b, u), v);
        } else {
            em(e, "        XD_SEEN(seen_read, %d);\n", u->number);
            if (row_has_flag(u->r, "adds"))
                read_addition(e, b, u, v);
            else
                emit_read_value(e, b, u, v, "        ");
        }
        if (u->r->with.n)
            read_row_with(e, b, u, "        ");
        em(e, "    }");
        read_missing(e, b, u);
        group = u->group;
    }
    read_sums(e, b);
}

/* `with mode = named` */
static void
read_with(struct emit *e, const struct body *b, const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++) {
        if (rows->v[i].kind != ROW_WITH)
            continue;
        struct target t = target_resolve(e->a, e->ir, &b->ctx, &rows->v[i].model.v[0], DIR_READ,
                                         e->diags);
        if (t.ok && (t.type.kind != TYPE_ENUM || t.type.list))
            diag_error(e->diags, rows->v[i].model.v[0].pos,
                       "with is for an enum, this is a value of type %s", types_name(&t.type));
        else if (t.ok && want_value(t.type.en, rows->v[i].constant.text, e->diags) >= 0)
            em(e, "    %s = IR_%s_%s;\n", t.lvalue, types_upper(e->a, t.type.en->name.s),
               types_upper(e->a, rows->v[i].constant.text.s));
    }
}

void
emit_read_body(struct emit *e, const struct body *b)
{
    emit_takers(e, b);
    em(e, "static void\nread_%s(struct xd *x, uint32_t at, %s *m)\n{\n", b->name,
       ctx_c(e->a, &b->ctx));
    em(e, "    uint32_t v[%u];\n\n", b->slots ? b->slots : 1);
    em(e, "    if (!xd_scan(x, at, &%s_shape, v, %s))\n        return;\n", b->shape,
       b->rest == REST_KEEP ? "&m->rest" : "NULL");
    if (b->ctx.kind == CTX_CASE)
        em(e, "    m->kind = %s;\n", case_constant(e->a, b->ctx.un, b->ctx.ucase));
    else if (b->ctx.kind == CTX_RECORD)
        em(e, "    m->set = true;\n");
    if (b->rows)
        read_with(e, b, b->rows);
    emit_read_rows(e, b);
    em(e, "}\n\n");
}
