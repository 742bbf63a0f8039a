/* Routed lists: one wire list whose elements go to several places of the model, by a member's
 * value. */
#include "codegen/emit.h"

/* Where the elements of one case go. */
struct route {
    const struct ast_tag_case *c;
    bool instructions; /* also the list before the first turn */
    int role;          /* index of the enum value */
    int ucase;         /* one element for each block of this case, or -1 */
    const char *name;
};

struct routes {
    const struct ast_decl *decl;
    const char *name;
    const struct ir_enum *roles;
    const struct ir_union *blocks;
    struct {
        struct route *v;
        unsigned n, cap;
    } list;
};

static bool
make_route(struct emit *e, struct routes *rs, const struct ast_tag_case *c)
{
    struct route r = { .c = c, .role = -1, .ucase = -1 };

    for (unsigned i = 0; i < c->model.n; i++) {
        const struct ast_path *p = &c->model.v[i];
        if (p->n == 1 && str_is(p->v[0].name.s, "instructions")) {
            r.instructions = true;
        } else if (r.role < 0 && (p->n == 2 || p->n == 3) && str_is(p->v[0].name.s, "turns")) {
            r.role = want_value(rs->roles, p->v[1].name, e->diags);
            r.ucase = p->n > 2 ? want_case(rs->blocks, p->v[2].name, e->diags) : -1;
            if (r.role < 0)
                return false;
        } else {
            struct diag *d = diag_error(
                e->diags, p->pos,
                "a route goes to turns.ROLE or turns.ROLE.CASE, and to instructions");
            diag_help(
                d,
                "\"user\" <-> turns.user { ... }   \"system\" <-> instructions | turns.system { ... }");
            return false;
        }
    }
    if (r.role < 0) {
        struct diag *d = diag_error(
            e->diags, c->pos, "a route to instructions alone has no place for what comes later");
        diag_help(d, "say where it goes behind the first turn: instructions | turns.system");
        return false;
    }
    r.name = arena_printf(e->a, "%s_%s", rs->name, c_word(e->a, c->tags.v[0].s)).p;
    *(struct route *)arena_push(e->a, (void **)&rs->list.v, &rs->list.n, &rs->list.cap,
                                sizeof r) = r;
    return true;
}

static void
emit_route_body(struct emit *e, const struct routes *rs, const struct route *r)
{
    struct ctx turn = { CTX_RECORD, types_record(e->ir, STR("Turn")), NULL, -1, NULL };
    struct ctx block = { CTX_CASE, NULL, rs->blocks, r->ucase, NULL };
    const char *object =
        arena_printf(e->a, "%.*s_%.*s", STR_ARG(rs->decl->name.s), STR_ARG(r->c->tags.v[0].s)).p;
    struct body *b = body_make(e, r->ucase >= 0 ? &block : &turn, r->name, object, &r->c->rows,
                               NULL);

    body_know_name(e, b, rs->decl->by.s);
    b->split = own_splits(e, rs->decl, b);
    b->tag = rs->decl->by.s;
    b->tag_wire = r->c->tags.v[0].s;
    em(e, "/* %s: \"%.*s\" */\n", pos_text(e->a, r->c->pos), STR_ARG(r->c->tags.v[0].s));
    emit_shape(e, b);
    if (r->c->arrow != ARROW_WRITE)
        emit_read_body(e, b);
    if (r->c->arrow != ARROW_READ)
        emit_write_body(e, b);
}

static const char *
role_constant(struct emit *e, const struct routes *rs, int role)
{
    return arena_printf(e->a, "IR_%s_%s", types_upper(e->a, rs->roles->name.s),
                        types_upper(e->a, rs->roles->values.v[role].name.s))
        .p;
}

static void
emit_tags(struct emit *e, const struct routes *rs)
{
    em(e, "static const struct xd_tag %s_tags_v[] = {\n", rs->name);
    for (unsigned i = 0; i < rs->list.n; i++)
        for (unsigned k = 0; rs->list.v[i].c->arrow != ARROW_WRITE && k < rs->list.v[i].c->tags.n;
             k++)
            em(e, "    { STR_INIT(%s), %u },\n", c_string(e->a, rs->list.v[i].c->tags.v[k].s), i);
    em(e,
       "};\nstatic const struct xd_tags %s_tags = {\n    STR_INIT(%s), %s_tags_v, sizeof %s_tags_v / sizeof *%s_tags_v, -1,\n};\n\n",
       rs->name, c_string(e->a, rs->decl->by.s), rs->name, rs->name, rs->name);
}

static void
emit_reader(struct emit *e, const struct routes *rs)
{
    em(e,
       "static void\nread_%s_element(struct xd *x, uint32_t at, struct ir_request *m)\n{\n    switch (xd_tag(x, at, &%s_tags)) {\n",
       rs->name, rs->name);
    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct route *r = &rs->list.v[i];
        if (r->c->arrow == ARROW_WRITE)
            continue;
        const char *role = role_constant(e, rs, r->role);
        em(e, "    case %u: {\n        XD_SEEN(seen_read, %d);\n", i,
           emit_number(e, r->c->pos, r->c->arrow, false));
        if (r->instructions) {
            em(e,
               "        if (m->turns.n == 0) {\n            struct ir_turn first = { .role = %s, .blocks = m->instructions };\n",
               role);
            em(e,
               "            read_%s(x, at, &first);\n            m->instructions = first.blocks;\n",
               r->name);
            em(e, "            xd_lose_rest(x, &first.rest);\n            break;\n        }\n");
        }
        em(e, "        struct ir_turn *t = xd_turn(x, m, %s);\n", role);
        if (r->ucase >= 0)
            em(e,
               "        struct ir_block *b = t ? XD_PUSH(x, &t->blocks) : NULL;\n        if (b)\n            read_%s(x, at, b);\n",
               r->name);
        else
            em(e, "        if (t)\n            read_%s(x, at, t);\n", r->name);
        em(e, "        break;\n    }\n");
    }
    em(e, "    }\n}\n\n");
    em(e, "static void\nread_%s(struct xd *x, uint32_t at, struct ir_request *m)\n{\n", rs->name);
    em(e,
       "    if (xd_want(x, at, JSON_ARRAY))\n        XD_EACH(x, i, at)\n            read_%s_element(x, i, m);\n}\n\n",
       rs->name);
}

static int
number(struct emit *e, const struct route *r)
{
    return emit_number(e, r->c->pos, r->c->arrow, false);
}

/* The blocks of a turn, cut into runs: each block of a routed case by itself, the others
 * together. */
static void
emit_turn_writer(struct emit *e, const struct routes *rs, int role)
{
    const struct route *whole = NULL;
    uint32_t routed = 0;

    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct route *r = &rs->list.v[i];
        if (r->role != role || r->c->arrow == ARROW_READ)
            continue;
        if (r->ucase >= 0)
            routed |= 1u << (r->ucase + 1);
        else if (!whole)
            whole = r;
    }
    em(e, "    case %s:\n", role_constant(e, rs, role));
    if (!whole && !routed) {
        em(e, "        xd_lose(x, \"turns.%.*s\");\n        break;\n",
           STR_ARG(rs->roles->values.v[role].name.s));
        return;
    }
    if (!routed) {
        em(e, "        XD_SEEN(seen_written, %d);\n        write_%s(x, m);\n        break;\n",
           number(e, whole), whole->name);
        return;
    }
    em(e, "        for (unsigned i = 0; i < m->blocks.n;) {\n");
    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct route *r = &rs->list.v[i];
        if (r->role == role && r->ucase >= 0 && r->c->arrow != ARROW_READ)
            em(e,
               "            if (m->blocks.v[i].kind == %s) {\n                XD_SEEN(seen_written, %d);\n                write_%s(x, &m->blocks.v[i++]);\n                continue;\n            }\n",
               case_constant(e->a, rs->blocks, r->ucase), number(e, r), r->name);
    }
    em(e, "            struct ir_turn run = *m;\n            run.blocks.v += i;\n");
    em(e, "            run.blocks.n = xd_run_blocks(&m->blocks, i, 0x%xu);\n", ~routed);
    em(e, "            i += run.blocks.n;\n");
    if (whole)
        em(e, "            XD_SEEN(seen_written, %d);\n            write_%s(x, &run);\n",
           number(e, whole), whole->name);
    else
        em(e, "            xd_lose_blocks(x, &run.blocks, 0);\n");
    em(e, "        }\n        break;\n");
}

static void
emit_writer(struct emit *e, const struct routes *rs)
{
    em(e,
       "static void\nwrite_%s_turn(struct xd *x, const struct ir_turn *m)\n{\n    switch (m->role) {\n",
       rs->name);
    for (int role = 0; role < (int)rs->roles->values.n; role++)
        emit_turn_writer(e, rs, role);
    em(e, "    case IR_%s_UNSET:\n        break;\n    }\n}\n\n",
       types_upper(e->a, rs->roles->name.s));
    em(e,
       "static void\nwrite_%s(struct xd *x, const struct ir_request *m)\n{\n    jw_array(&x->w);\n",
       rs->name);
    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct route *r = &rs->list.v[i];
        if (!r->instructions || r->c->arrow == ARROW_READ)
            continue;
        em(e,
           "    if (m->instructions.n) {\n        const struct ir_turn first = { .role = %s, .blocks = m->instructions };\n",
           role_constant(e, rs, r->role));
        em(e, "        XD_SEEN(seen_written, %d);\n        write_%s(x, &first);\n    }\n",
           emit_number(e, r->c->pos, r->c->arrow, true), r->name);
        break;
    }
    em(e,
       "    for (unsigned i = 0; i < m->turns.n; i++)\n        write_%s_turn(x, &m->turns.v[i]);\n    jw_close(&x->w);\n}\n\n",
       rs->name);
}

void
emit_routes(struct emit *e, const struct ast_decl *decl)
{
    struct routes rs = { .decl = decl,
                         .roles = types_enum(e->ir, STR("Role")),
                         .blocks = types_union(e->ir, STR("Block")) };

    rs.name = decl_name(e, decl);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        make_route(e, &rs, &decl->tag_cases.v[i]);
    for (unsigned i = 0; i < rs.list.n; i++)
        emit_route_body(e, &rs, &rs.list.v[i]);
    emit_tags(e, &rs);
    emit_reader(e, &rs);
    emit_writer(e, &rs);
}
