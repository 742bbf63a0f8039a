/* Events of a typed stream that are for some kinds of blocks:
 *
 *   "text-start" <-> open.text | open.thinking { ... }
 *   "call-start" <-> open.call { ... }
 *
 * In writing, the kind of the block chooses among the events that mean the same, and `index` counts
 * the blocks of these kinds alone. */
#include "codegen/emit.h"

uint32_t
event_kinds(const struct ir_model *ir, const struct ast_tag_case *c, struct diags *d)
{
    const struct ir_union *u = types_union(ir, STR("Block"));
    uint32_t mask = 0;

    for (unsigned i = 0; u && i < c->model.n; i++) {
        if (c->model.v[i].n < 2)
            continue;
        int n = want_case(u, c->model.v[i].v[1].name, d);
        if (n >= 0)
            mask |= 1u << (n + 1);
    }
    return mask;
}

bool
event_is_loose(const struct ast_tag_case *c)
{
    if (!c->model.n || !str_is(c->model.v[0].v[0].name.s, "grow"))
        return false;
    for (unsigned i = 0; i < c->rows.n; i++)
        for (unsigned k = 0; k < c->rows.v[i].model.n; k++)
            if (c->rows.v[i].model.v[k].n == 1
                && str_is(c->rows.v[i].model.v[k].v[0].name.s, "index"))
                return false;
    return true;
}

bool
event_writes(const struct ast_tag_case *c, struct str event)
{
    return c->arrow != ARROW_READ && c->model.n && c->tags.n
           && str_eq(c->model.v[0].v[0].name.s, event);
}

bool
stream_writes(const struct ast_decl *stream, struct str event)
{
    for (unsigned i = 0; i < stream->tag_cases.n; i++)
        if (event_writes(&stream->tag_cases.v[i], event))
            return true;
    return false;
}

bool
stream_has_kinds(struct emit *e, const struct ast_decl *stream, struct str event)
{
    for (unsigned i = 0; i < stream->tag_cases.n; i++)
        if (event_writes(&stream->tag_cases.v[i], event)
            && event_kinds(e->ir, &stream->tag_cases.v[i], e->diags))
            return true;
    return false;
}

/* Does any event say how this field of a block grows? */
static bool
field_grows(const struct ast_decl *stream, const struct ir_ucase *c, const struct ir_field *f)
{
    for (unsigned i = 0; i < stream->tag_cases.n; i++) {
        const struct ast_rows *rows = &stream->tag_cases.v[i].rows;
        for (unsigned k = 0; event_writes(&stream->tag_cases.v[i], STR("grow")) && k < rows->n;
             k++) {
            const struct ast_path *p = rows->v[k].model.n ? &rows->v[k].model.v[0] : NULL;
            if (p && p->n == 3 && str_eq(p->v[1].name.s, c->name.s)
                && str_eq(p->v[2].name.s, f->name.s))
                return true;
        }
    }
    return false;
}

/* A fragment may have what no event of its kind says. */
static void
emit_lost_fields(struct emit *e, const struct ast_decl *stream, uint32_t kinds)
{
    const struct ir_union *u = types_union(e->ir, STR("Block"));

    for (unsigned n = 0; u && n < u->cases.n; n++) {
        const struct ir_ucase *c = &u->cases.v[n];
        for (unsigned i = 0; (kinds >> (n + 1)) & 1 && i < c->fields.n; i++) {
            const struct ir_field *f = &c->fields.v[i];
            bool grows = f->type.list || f->type.kind == TYPE_TEXT || f->type.kind == TYPE_OPAQUE;
            if (!grows || field_grows(stream, c, f))
                continue;
            const char *lv = arena_printf(e->a, "e->block->%s.%s", c->name.s.p, f->name.s.p).p;
            em(e, "        if (e->block->kind == %s && %s)\n", case_constant(e->a, u, (int)n),
               types_present(e->a, &f->type, lv));
            em(e, "            xd_lose(x, \"%s.%s\");\n", c->name.s.p, f->name.s.p);
        }
    }
}

void
emit_event_by_kind(struct emit *e, const struct ast_decl *stream, struct str event)
{
    uint32_t all = 0;
    const char *kind = str_is(event, "close") ? "x->open_kind" : "e->block->kind";

    for (unsigned i = 0; i < stream->tag_cases.n; i++) {
        const struct ast_tag_case *c = &stream->tag_cases.v[i];
        uint32_t mask = event_writes(c, event) ? event_kinds(e->ir, c, e->diags) : 0;
        if (!mask)
            continue;
        em(e, "        if ((0x%xu >> %s) & 1) {\n", mask, kind);
        em(e, "            XD_SEEN(seen_written, %d);\n", emit_number(e, c->pos, c->arrow, false));
        em(e, "            write_%s(x, e);\n        }\n", event_c(e, stream, c));
        all |= mask;
    }
    if (str_is(event, "grow"))
        emit_lost_fields(e, stream, all);
    if (str_is(event, "open"))
        em(e,
           "        if (!((0x%xu >> e->block->kind) & 1))\n            xd_lose_block(x, e->block->kind);\n",
           all);
}
