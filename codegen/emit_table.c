/* Tables: words and enum values, or pairs of strings. */
#include "codegen/emit.h"

/* A number, true or false: a word that is no string on the wire. */
static bool
is_bare(struct word w)
{
    return w.pos.src && w.pos.src->text.p[w.pos.at] != '"';
}

static void
emit_word(struct emit *e, const struct ast_table_row *r, struct word wire, const struct ir_enum *en,
          bool writes)
{
    em(e, "    { STR_INIT(%s), IR_%s_%s, %.*s, %d, %d, %d, %d },\n", c_string(e->a, wire.s),
       types_upper(e->a, en->name.s), types_upper(e->a, r->model.s),
       r->status.s.n ? (int)r->status.s.n : 1, r->status.s.n ? r->status.s.p : "0",
       r->arrow != ARROW_WRITE, writes, emit_number(e, r->pos, r->arrow, false), is_bare(wire));
}

static bool
has_word(const struct ast_table_rows *rows, unsigned n, struct str word)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; rows->v[i].arrow != ARROW_WRITE && k < rows->v[i].wire.n; k++)
            if (str_eq(rows->v[i].wire.v[k].s, word))
                return true;
    return false;
}

static bool
writes_value(const struct ast_table_rows *rows, unsigned n, struct str value)
{
    for (unsigned i = 0; i < n; i++)
        if (rows->v[i].arrow != ARROW_READ && !rows->v[i].any && str_eq(rows->v[i].model.s, value))
            return true;
    return false;
}

/* Do the first n rows say all that the base's row says? */
static bool
is_hidden(const struct ast_table_rows *rows, unsigned n, const struct ast_table_row *r)
{
    for (unsigned k = 0; r->arrow != ARROW_WRITE && k < r->wire.n; k++)
        if (!has_word(rows, n, r->wire.v[k].s))
            return false;
    return r->arrow == ARROW_READ || writes_value(rows, n, r->model.s);
}

static bool
is_same_row(const struct ast_table_row *a, const struct ast_table_row *b)
{
    return a->pos.src == b->pos.src && a->pos.at == b->pos.at && a->wire.n == b->wire.n;
}

/* The number of rows that come before those of the base, which follow unchanged but for what these say
 * themselves; all of them when it is not so. */
static unsigned
own_rows(const struct ast_decl *decl, const struct ast_decl *base)
{
    const struct ast_table_rows *rows = &decl->table, *inherited = &base->table;
    unsigned n = 0, at;

    while (n < rows->n && rows->v[n].pos.src != base->table.v[0].pos.src && !rows->v[n].any)
        n++;
    at = n;
    for (unsigned i = 0; i < inherited->n; i++) {
        const struct ast_table_row *r = &inherited->v[i];
        bool here = at < rows->n && is_same_row(&rows->v[at], r);
        if (!r->any && !(here && rows->v[at].arrow == r->arrow)
            && !(here ? rows->v[at].arrow == ARROW_READ && writes_value(rows, n, r->model.s)
                      : is_hidden(rows, n, r)))
            return rows->n;
        at += here;
    }
    return at == rows->n ? n : rows->n;
}

/* The table of the dialect that this one was derived from, when it was printed. */
static const struct ast_decl *
base_table(struct emit *e, const struct ast_decl *decl)
{
    struct emit parent = *e;
    const struct ast_decl *base;

    parent.d = e->d->base;
    base = parent.d ? dialect_decl(parent.d, decl->name.s) : NULL;
    if (!base || base->kind != DECL_TABLE || base->table.n == 0)
        return NULL;
    return emit_needs(&parent, base, DIR_READ) || emit_needs(&parent, base, DIR_WRITE) ? base
                                                                                       : NULL;
}

static const char *
base_name(struct emit *e, const struct ast_decl *base)
{
    struct emit parent = *e;

    parent.d = e->d->base;
    return decl_name(&parent, base);
}

static void
emit_enum_table(struct emit *e, const struct ast_decl *decl, const struct ir_enum *en,
                const char *name)
{
    const struct ast_decl *base = base_table(e, decl);
    unsigned own = base ? own_rows(decl, base) : decl->table.n;
    own = own ? own : decl->table.n; /* an array is never empty */
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
        for (unsigned k = 0; !r->any && i < own && k < r->wire.n; k++)
            emit_word(e, r, r->wire.v[k], en, r->arrow != ARROW_READ && k == 0);
    }
    em(e,
       "};\nstatic const struct xd_table %s_table = {\n    \"%.*s\", %s_table_v, sizeof %s_table_v / sizeof *%s_table_v, %s, %d,\n    %s%s%s,\n};\n\n",
       name, STR_ARG(decl->name.s), name, name, name, other, other_row,
       own < decl->table.n ? "&" : "NULL", own < decl->table.n ? base_name(e, base) : "",
       own < decl->table.n ? "_table" : "");
}

static void
emit_pair_table(struct emit *e, const struct ast_decl *decl, const char *name)
{
    em(e, "static const struct xd_pair %s_table_v[] = {\n", name);
    for (unsigned i = 0; i < decl->table.n; i++) {
        const struct ast_table_row *r = &decl->table.v[i];
        for (unsigned k = 0; k < r->wire.n; k++)
            em(e, "    { STR_INIT(%s), STR_INIT(%s), %d, %d, %d, %d },\n",
               c_string(e->a, r->wire.v[k].s), c_string(e->a, r->model.s), r->arrow != ARROW_WRITE,
               r->arrow != ARROW_READ && k == 0, emit_number(e, r->pos, r->arrow, false),
               is_bare(r->wire.v[k]));
    }
    em(e,
       "};\nstatic const struct xd_pairs %s_table = {\n    \"%.*s\", %s_table_v, sizeof %s_table_v / sizeof *%s_table_v,\n};\n\n",
       name, STR_ARG(decl->name.s), name, name, name);
}

void
emit_table(struct emit *e, const struct ast_decl *decl)
{
    struct str model = decl->model.n ? decl->model.v[0].name.s : (struct str){ NULL, 0 };
    const struct ir_enum *en = types_words(e->ir, model);
    const char *name = decl_name(e, decl);

    em(e, "/* %s */\n", pos_text(e->a, decl->pos));
    if (en)
        emit_enum_table(e, decl, en, name);
    else if (str_is(model, "string"))
        emit_pair_table(e, decl, name);
    else
        diag_error(e->diags, decl->model.pos, "there is no enum '%.*s'", STR_ARG(model));
}
