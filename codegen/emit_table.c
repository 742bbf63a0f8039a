/* Tables: words and enum values, or pairs of strings. */
#include "codegen/emit.h"

static void
emit_word(struct emit *e, const struct ast_table_row *r, struct word wire, const struct ir_enum *en,
          bool writes)
{
    em(e, "    { STR_INIT(%s), IR_%s_%s, %.*s, %d, %d, %d },\n", c_string(e->a, wire.s),
       types_upper(e->a, en->name.s), types_upper(e->a, r->model.s),
       r->status.s.n ? (int)r->status.s.n : 1, r->status.s.n ? r->status.s.p : "0",
       r->arrow != ARROW_WRITE, writes, emit_number(e, r->pos, r->arrow, false));
}

static void
emit_enum_table(struct emit *e, const struct ast_decl *decl, const struct ir_enum *en,
                const char *name)
{
    const char *other = "-1";
    int other_row = -1;

    em(e, "static const struct xd_word %s_table_v[] = {\n", name);
    for (unsigned i = 0; i < decl->table.n; i++) {
        const struct ast_table_row *r = &decl->table.v[i];
        if (want_value(en, r->model, e->diags) < 0)
            continue;
        if (r->any) {
            other = arena_printf(e->a, "IR_%s_%s", types_upper(e->a, en->name.s),
                                 types_upper(e->a, r->model.s))
                        .p;
            other_row = emit_number(e, r->pos, r->arrow, false);
        }
        for (unsigned k = 0; !r->any && k < r->wire.n; k++)
            emit_word(e, r, r->wire.v[k], en, r->arrow != ARROW_READ && k == 0);
    }
    em(e,
       "};\nstatic const struct xd_table %s_table = {\n    \"%.*s\", %s_table_v, sizeof %s_table_v / sizeof *%s_table_v, %s, %d,\n};\n\n",
       name, STR_ARG(decl->name.s), name, name, name, other, other_row);
}

static void
emit_pair_table(struct emit *e, const struct ast_decl *decl, const char *name)
{
    em(e, "static const struct xd_pair %s_table_v[] = {\n", name);
    for (unsigned i = 0; i < decl->table.n; i++) {
        const struct ast_table_row *r = &decl->table.v[i];
        for (unsigned k = 0; k < r->wire.n; k++)
            em(e, "    { STR_INIT(%s), STR_INIT(%s), %d, %d, %d },\n",
               c_string(e->a, r->wire.v[k].s), c_string(e->a, r->model.s), r->arrow != ARROW_WRITE,
               r->arrow != ARROW_READ && k == 0, emit_number(e, r->pos, r->arrow, false));
    }
    em(e,
       "};\nstatic const struct xd_pairs %s_table = {\n    \"%.*s\", %s_table_v, sizeof %s_table_v / sizeof *%s_table_v,\n};\n\n",
       name, STR_ARG(decl->name.s), name, name, name);
}

void
emit_table(struct emit *e, const struct ast_decl *decl)
{
    struct str model = decl->model.n ? decl->model.v[0].name.s : (struct str){ NULL, 0 };
    const struct ir_enum *en = types_enum(e->ir, model);
    const char *name = decl_name(e, decl);

    em(e, "/* %s */\n", pos_text(e->a, decl->pos));
    if (en)
        emit_enum_table(e, decl, en, name);
    else if (str_is(model, "string"))
        emit_pair_table(e, decl, name);
    else
        diag_error(e->diags, decl->model.pos, "there is no enum '%.*s'", STR_ARG(model));
}
