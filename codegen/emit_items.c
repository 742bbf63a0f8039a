/* Lists whose elements are blocks: an element may hold several of them, and each block is written as
 * an element of its own, so that a reply has the same elements whole and streamed. */
#include "codegen/emit_routes.h"

static void
emit_reader(struct emit *e, const struct routes *rs)
{
    em(e,
       "static void\nread_%s_element(struct xd *x, uint32_t at, struct ir_turn *m)\n{\n    switch (%s) {\n",
       rs->name, routes_tag(e, rs));
    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct route *r = &rs->list.v[i];
        if (r->c->arrow == ARROW_WRITE)
            continue;
        em(e, "    case %u: {\n        XD_SEEN(seen_read, %d);\n", i, route_number(e, r));
        if (r->ucase < 0) {
            em(e, "        read_%s(x, at, m);\n", r->name);
        } else {
            em(e, "        struct ir_block *b = XD_PUSH(x, &m->blocks);\n        if (b) {\n");
            read_routed(e, rs, r, "            ");
            em(e, "        }\n");
        }
        em(e, "        break;\n    }\n");
    }
    em(e, "    }\n}\n\n");
    em(e, "static void\nread_%s(struct xd *x, uint32_t at, struct ir_blocks *m)\n{\n", rs->name);
    em(e, "    struct ir_turn t = { .blocks = *m };\n\n");
    em(e,
       "    if (xd_want(x, at, JSON_ARRAY))\n        XD_EACH(x, i, at)\n            read_%s_element(x, i, &t);\n",
       rs->name);
    em(e, "    xd_lose_rest(x, &t.rest);\n    *m = t.blocks;\n}\n\n");
}

/* The kinds that the rows of a route write, of those that no route before it writes; bits 1u << (case + 1). */
static uint32_t
route_mask(struct emit *e, const struct routes *rs, const struct route *r)
{
    uint32_t mask = 0;

    if (r->c->arrow == ARROW_READ)
        return 0;
    if (r->ucase >= 0)
        return route_cases(r);
    const struct body *b = route_body(e, rs, r);
    for (unsigned i = 0; i < b->uses.n; i++)
        if (b->uses.v[i].r->kind == ROW_MAP && row_writes(b->uses.v[i].r)
            && b->uses.v[i].r->model.n == 1)
            mask |= row_mask(e, b, &b->uses.v[i], DIR_WRITE);
    return mask;
}

uint32_t
routes_mask(struct emit *e, const struct ast_decl *decl)
{
    struct routes rs = routes_make(e, decl);
    uint32_t mask = 0;

    for (unsigned i = 0; i < rs.list.n; i++)
        mask |= route_mask(e, &rs, &rs.list.v[i]);
    return mask;
}

static void
write_route(struct emit *e, const struct routes *rs, const struct route *r)
{
    em(e, "        XD_SEEN(seen_written, %d);\n", route_number(e, r));
    if (r->verbatim) {
        em(e, "        if (!str_eq(m->foreign.dialect, STR_FAMILY))\n            break;\n");
        em(e, "        jw_raw(&x->w, m->foreign.body);\n");
    } else if (r->other >= 0) {
        em(e, "        {\n");
        write_other(e, rs, r, "*m", "            ");
        em(e, "        }\n");
    } else if (r->ucase >= 0) {
        em(e, "        write_%s(x, m);\n", r->name);
    } else {
        em(e, "        one = *m;\n        write_%s(x, &turn);\n", r->name);
    }
    em(e, "        return true;\n");
}

static bool
has_runs(const struct routes *rs)
{
    for (unsigned i = 0; i < rs->list.n; i++)
        if (rs->list.v[i].ucase < 0 && rs->list.v[i].c->arrow != ARROW_READ)
            return true;
    return false;
}

static void
emit_writer(struct emit *e, const struct routes *rs)
{
    em(e, "static bool\nwrite_%s_element(struct xd *x, const struct ir_block *m)\n{\n", rs->name);
    if (has_runs(rs))
        em(e,
           "    struct ir_block one;\n    const struct ir_turn turn = { .blocks = { &one, 1, 1 } };\n\n");
    em(e, "    switch (m->kind) {\n");
    uint32_t done = 0;
    for (unsigned i = 0; i < rs->list.n; i++) {
        uint32_t mask = route_mask(e, rs, &rs->list.v[i]) & ~done;
        done |= mask;
        for (int n = 0; n < (int)rs->blocks->cases.n; n++)
            if (mask >> (n + 1) & 1)
                em(e, "    case %s:\n", case_constant(e->a, rs->blocks, n));
        if (mask)
            write_route(e, rs, &rs->list.v[i]);
    }
    for (int n = 0; n < (int)rs->blocks->cases.n; n++)
        if (!(done >> (n + 1) & 1))
            em(e, "    case %s:\n", case_constant(e->a, rs->blocks, n));
    em(e,
       "    case IR_BLOCK_UNSET:\n        break;\n    }\n    xd_lose_block(x, m->kind);\n    xd_no_key(x);\n    return false;\n}\n\n");
    em(e,
       "static void\nwrite_%s(struct xd *x, const struct ir_blocks *m)\n{\n    jw_array(&x->w);\n",
       rs->name);
    em(e,
       "    x->made = 0;\n    for (unsigned i = 0; i < m->n; i++)\n        x->made += write_%s_element(x, &m->v[i]);\n    jw_close(&x->w);\n}\n\n",
       rs->name);
}

void
emit_items(struct emit *e, const struct routes *rs)
{
    if (emit_needs(e, rs->decl, DIR_READ))
        emit_reader(e, rs);
    if (emit_needs(e, rs->decl, DIR_WRITE))
        emit_writer(e, rs);
}
