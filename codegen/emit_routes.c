/* Routed lists: one wire list whose elements go to several places of the model, by a member's
 * value.
 *
 *   over Request    turns.ROLE, turns.ROLE.CASE, instructions | turns.ROLE
 *   over Turn       blocks, blocks.CASE: emit_items.c */
#include "codegen/emit_routes.h"

const char *
decl_model_c(struct emit *e, const struct ast_decl *decl)
{
    struct str model = decl->model.v[0].name.s;
    const struct ir_record *rec = types_record(e->ir, model);
    const struct ir_union *un = types_union(e->ir, model);

    if (decl->kind == DECL_LIST && routes_of_blocks(decl))
        return "blocks";
    return rec ? rec->c : un ? un->c : NULL;
}

bool
routes_of_blocks(const struct ast_decl *decl)
{
    return decl->model.n && str_is(decl->model.v[0].name.s, "Turn");
}

static void
bad_route(struct emit *e, const struct ast_decl *decl, const struct ast_path *p)
{
    if (routes_of_blocks(decl))
        diag_help(diag_error(e->diags, p->pos, "an element of this list is blocks or blocks.CASE"),
                  "\"message\" <-> blocks { ... }   \"call\" <-> blocks.call { ... }");
    else
        diag_help(
            diag_error(e->diags, p->pos,
                       "a route goes to turns.ROLE or turns.ROLE.CASE, and to instructions"),
            "\"user\" <-> turns.user { ... }   \"system\" <-> instructions | turns.system { ... }");
}

/* The last row's field of the route's own case; NULL with an error when there is none. */
static const struct ir_field *
last_field(const struct routes *rs, const struct route *r)
{
    const struct ir_fields *fields = &rs->blocks->cases.v[r->ucase].fields;

    for (unsigned i = r->c->rows.n; i > 0; i--)
        if (r->c->rows.v[i - 1].kind == ROW_MAP && r->c->rows.v[i - 1].model.n == 1)
            return types_field(fields, r->c->rows.v[i - 1].model.v[0].v[0].name.s);
    return NULL;
}

static bool
check_other(struct emit *e, const struct routes *rs, const struct route *r,
            const struct ast_path *p)
{
    const struct ir_field *f = last_field(rs, r);
    const struct ir_fields *other = &rs->blocks->cases.v[r->other].fields;

    if (f && other->n == 1 && types_is_stringlike(&f->type)
        && types_is_stringlike(&other->v[0].type))
        return true;
    diag_help(
        diag_error(e->diags, p->pos,
                   "the other case has one field, which stands for that of the last row"),
        "\"kind\" <-> turns.assistant.thinking | turns.assistant.sealed { ...; data <-> signature }");
    return false;
}

/* An element that said nothing but its last row is the other case. */
static void
read_other(struct emit *e, const struct routes *rs, const struct route *r, const char *indent)
{
    const struct ir_ucase *c = &rs->blocks->cases.v[r->ucase];
    const struct ir_ucase *other = &rs->blocks->cases.v[r->other];
    const struct ir_field *last = last_field(rs, r);

    em(e, "%sif (b->%s.%s.p", indent, c->name.s.p, last->name.s.p);
    for (unsigned i = 0; i < c->fields.n; i++)
        if (&c->fields.v[i] != last)
            em(e, " && !(%s)",
               types_present(
                   e->a, &c->fields.v[i].type,
                   arena_printf(e->a, "b->%s.%s", c->name.s.p, c->fields.v[i].name.s.p).p));
    em(e, ") {\n%s    struct str last = b->%s.%s;\n", indent, c->name.s.p, last->name.s.p);
    em(e, "%s    b->kind = %s;\n%s    b->%s.%s = last;\n%s}\n", indent,
       case_constant(e->a, rs->blocks, r->other), indent, other->name.s.p,
       other->fields.v[0].name.s.p, indent);
}

void
read_routed(struct emit *e, const struct routes *rs, const struct route *r, const char *indent)
{
    if (r->verbatim)
        read_verbatim(e, "b", indent);
    else
        em(e, "%sread_%s(x, at, b);\n", indent, r->name);
    if (r->verbatim && r->c->rows.n && r->c->tags.n)
        em(e, "%sb->foreign.vital = STR(%s);\n", indent, c_string(e->a, r->c->tags.v[0].s));
    if (r->other >= 0)
        read_other(e, rs, r, indent);
}

void
write_other(struct emit *e, const struct routes *rs, const struct route *r, const char *block,
            const char *indent)
{
    const struct ir_ucase *c = &rs->blocks->cases.v[r->ucase];
    const struct ir_ucase *other = &rs->blocks->cases.v[r->other];

    em(e, "%sconst struct ir_block *b = &%s;\n%sstruct ir_block own = *b;\n", indent, block,
       indent);
    em(e, "%sif (b->kind == %s) {\n%s    own = (struct ir_block){ .kind = %s, .rest = b->rest",
       indent, case_constant(e->a, rs->blocks, r->other), indent,
       case_constant(e->a, rs->blocks, r->ucase));
    for (unsigned i = 0; i < rs->blocks->common.n; i++)
        em(e, ", .%s = b->%s", rs->blocks->common.v[i].name.s.p, rs->blocks->common.v[i].name.s.p);
    em(e, " };\n%s    own.%s.%s = b->%s.%s;\n%s}\n", indent, c->name.s.p,
       last_field(rs, r)->name.s.p, other->name.s.p, other->fields.v[0].name.s.p, indent);
    em(e, "%swrite_%s(x, &own);\n", indent, r->name);
}

uint32_t
route_cases(const struct route *r)
{
    return (r->ucase >= 0 ? 1u << (r->ucase + 1) : 0) | (r->other >= 0 ? 1u << (r->other + 1) : 0);
}

/* turns.user.result, blocks.call: where the path goes. */
static bool
take_path(struct emit *e, const struct routes *rs, struct route *r, const struct ast_path *p)
{
    bool items = routes_of_blocks(rs->decl);
    unsigned behind = items ? 1 : 2; /* the case stands here */

    if (!items && p->n == 1 && str_is(p->v[0].name.s, "instructions")) {
        r->instructions = true;
        return true;
    }
    bool other = r->role >= 0 && r->ucase >= 0 && r->other < 0 && p->n == behind + 1
                 && (items || r->role == types_value(rs->roles, p->v[1].name.s));
    if ((r->role >= 0 && !other) || p->n < behind || p->n > behind + 1
        || !str_is(p->v[0].name.s, items ? "blocks" : "turns")) {
        bad_route(e, rs->decl, p);
        return false;
    }
    if (other) {
        r->other = want_case(rs->blocks, p->v[behind].name, e->diags);
        return r->other >= 0 && check_other(e, rs, r, p);
    }
    r->role = items ? 0 : want_value(rs->roles, p->v[1].name, e->diags);
    r->ucase = p->n > behind ? want_case(rs->blocks, p->v[behind].name, e->diags) : -1;
    return r->role >= 0;
}

/* A case without rows, or with one that says that it may not get lost, takes the element as it is. */
static bool
is_verbatim(const struct routes *rs, const struct route *r)
{
    return r->ucase >= 0 && ast_rows_refuse(&r->c->rows)
           && str_is(rs->blocks->cases.v[r->ucase].name.s, "foreign");
}

static bool
is_other_member(const struct ast_decl *decl, const struct ast_tag_case *c)
{
    return decl->or_by.s.n && str_eq(c->member.s, decl->or_by.s);
}

static bool
make_route(struct emit *e, struct routes *rs, const struct ast_tag_case *c)
{
    struct route r = { .c = c, .role = -1, .ucase = -1, .other = -1 };

    for (unsigned i = 0; i < c->model.n; i++)
        if (!take_path(e, rs, &r, &c->model.v[i]))
            return false;
    if (r.role < 0) {
        struct diag *d = diag_error(
            e->diags, c->pos, "a route to instructions alone has no place for what comes later");
        diag_help(d, "say where it goes behind the first turn: instructions | turns.system");
        return false;
    }
    if (c->member.s.n && !str_eq(c->member.s, rs->decl->by.s) && !is_other_member(rs->decl, c)) {
        diag_help(diag_error(e->diags, c->member.pos, "no tag of this list stands in '%.*s'",
                             STR_ARG(c->member.s)),
                  "name the members behind by: list ... by %.*s, %.*s", STR_ARG(rs->decl->by.s),
                  STR_ARG(c->member.s));
        return false;
    }
    r.verbatim = is_verbatim(rs, &r);
    r.name = arena_printf(e->a, "%s_%s", rs->name, c_word(e->a, c->tags.v[0].s)).p;
    *(struct route *)arena_push(e->a, (void **)&rs->list.v, &rs->list.n, &rs->list.cap,
                                sizeof r) = r;
    return true;
}

struct body *
route_body(struct emit *e, const struct routes *rs, const struct route *r)
{
    struct ctx turn = { .kind = CTX_RECORD, .rec = types_record(e->ir, STR("Turn")), .ucase = -1 };
    struct ctx block = { .kind = CTX_CASE, .un = rs->blocks, .ucase = r->ucase };
    const char *object =
        arena_printf(e->a, "%.*s_%.*s", STR_ARG(rs->decl->name.s), STR_ARG(r->c->tags.v[0].s)).p;
    struct body *b = body_make(e, r->ucase >= 0 ? &block : &turn, r->name, object, &r->c->rows,
                               NULL);

    body_know_name(e, b, rs->decl->by.s);
    b->split = own_splits(e, rs->decl, b);
    b->tag = is_other_member(rs->decl, r->c) ? rs->decl->or_by.s : rs->decl->by.s;
    body_know_name(e, b, b->tag);
    b->tag_wire = r->c->tags.v[0].s;
    b->opens_empty = routes_of_blocks(rs->decl);
    return b;
}

static void
emit_route_body(struct emit *e, const struct routes *rs, const struct route *r)
{
    if (r->verbatim)
        return;
    struct body *b = route_body(e, rs, r);
    em(e, "/* %s: \"%.*s\" */\n", pos_text(e->a, r->c->pos), STR_ARG(r->c->tags.v[0].s));
    emit_shape(e, b);
    if (r->c->arrow != ARROW_WRITE && emit_needs(e, rs->decl, DIR_READ))
        emit_read_body(e, b);
    if (r->c->arrow != ARROW_READ && emit_needs(e, rs->decl, DIR_WRITE))
        emit_write_body(e, b);
}

const char *
role_constant(struct emit *e, const struct routes *rs, int role)
{
    return arena_printf(e->a, "IR_%s_%s", types_upper(e->a, rs->roles->name.s),
                        types_upper(e->a, rs->roles->values.v[role].name.s))
        .p;
}

static void
emit_member_tags(struct emit *e, const struct routes *rs, bool other)
{
    const char *name = arena_printf(e->a, "%s%s", rs->name, other ? "_or" : "").p;
    int any = -1;

    em(e, "static const struct xd_tag %s_tags_v[] = {\n", name);
    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct ast_tag_case *c = rs->list.v[i].c;
        if (c->arrow == ARROW_WRITE || is_other_member(rs->decl, c) != other)
            continue;
        if (c->any)
            any = (int)i;
        for (unsigned k = 0; !c->any && k < c->tags.n; k++)
            em(e, "    { STR_INIT(%s), %u },\n", c_string(e->a, c->tags.v[k].s), i);
    }
    em(e,
       "};\nstatic const struct xd_tags %s_tags = {\n    STR_INIT(%s), %s_tags_v, sizeof %s_tags_v / sizeof *%s_tags_v, %d,\n};\n\n",
       name, c_string(e->a, other ? rs->decl->or_by.s : rs->decl->by.s), name, name, name, any);
}

static void
emit_tags(struct emit *e, const struct routes *rs)
{
    emit_member_tags(e, rs, false);
    if (rs->decl->or_by.s.n)
        emit_member_tags(e, rs, true);
}

const char *
routes_tag(struct emit *e, const struct routes *rs)
{
    if (!rs->decl->or_by.s.n)
        return arena_printf(e->a, "xd_tag(x, at, &%s_tags)", rs->name).p;
    return arena_printf(e->a, "xd_tag_or(x, at, &%s_tags, &%s_or_tags)", rs->name, rs->name).p;
}

void
read_verbatim(struct emit *e, const char *block, const char *indent)
{
    em(e, "%s%s->kind = IR_BLOCK_FOREIGN;\n", indent, block);
    em(e, "%s%s->foreign.dialect = STR_FAMILY;\n", indent, block);
    em(e, "%sxd_read_json(x, at, &%s->foreign.body);\n", indent, block);
}

void
write_verbatim(struct emit *e, const char *block, const char *indent)
{
    em(e, "%sif (str_eq(%s->foreign.dialect, STR_FAMILY))\n", indent, block);
    em(e, "%s    jw_raw(&x->w, %s->foreign.body);\n", indent, block);
    em(e, "%selse\n%s    xd_lose(x, \"blocks.foreign\");\n", indent, indent);
}

static void
read_instructions(struct emit *e, const struct route *r, const char *role)
{
    em(e,
       "        if (m->turns.n == 0) {\n            struct ir_turn first = { .role = %s, .blocks = m->instructions };\n",
       role);
    em(e, "            read_%s(x, at, &first);\n            m->instructions = first.blocks;\n",
       r->name);
    em(e, "            xd_lose_rest(x, &first.rest);\n            break;\n        }\n");
}

static void
emit_reader(struct emit *e, const struct routes *rs)
{
    em(e,
       "static void\nread_%s_element(struct xd *x, uint32_t at, struct ir_request *m)\n{\n    switch (%s) {\n",
       rs->name, routes_tag(e, rs));
    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct route *r = &rs->list.v[i];
        if (r->c->arrow == ARROW_WRITE)
            continue;
        const char *role = role_constant(e, rs, r->role);
        em(e, "    case %u: {\n        XD_SEEN(seen_read, %d);\n", i,
           emit_number(e, r->c->pos, r->c->arrow, false));
        if (r->instructions)
            read_instructions(e, r, role);
        em(e, "        struct ir_turn *t = xd_turn(x, m, %s);\n", role);
        if (r->ucase >= 0)
            em(e, "        struct ir_block *b = t ? XD_PUSH(x, &t->blocks) : NULL;\n");
        em(e, "        if (%s) {\n", r->ucase >= 0 ? "b" : "t");
        if (r->ucase >= 0)
            read_routed(e, rs, r, "            ");
        else
            em(e, "            read_%s(x, at, t);\n", r->name);
        em(e, "        }\n        break;\n    }\n");
    }
    em(e, "    }\n}\n\n");
    em(e, "static void\nread_%s(struct xd *x, uint32_t at, struct ir_request *m)\n{\n", rs->name);
    em(e,
       "    if (xd_want(x, at, JSON_ARRAY))\n        XD_EACH(x, i, at)\n            read_%s_element(x, i, m);\n}\n\n",
       rs->name);
}

int
route_number(struct emit *e, const struct route *r)
{
    return emit_number(e, r->c->pos, r->c->arrow, false);
}

static void
write_routed(struct emit *e, const struct routes *rs, const struct route *r)
{
    em(e,
       "            if ((0x%xu >> m->blocks.v[i].kind) & 1) {\n                XD_SEEN(seen_written, %d);\n",
       route_cases(r), route_number(e, r));
    if (r->other >= 0) {
        write_other(e, rs, r, "m->blocks.v[i++]", "                ");
    } else if (r->verbatim) {
        em(e, "                const struct ir_block *b = &m->blocks.v[i++];\n");
        write_verbatim(e, "b", "                ");
    } else {
        em(e, "                write_%s(x, &m->blocks.v[i++]);\n", r->name);
    }
    em(e, "                continue;\n            }\n");
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
            routed |= route_cases(r);
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
           route_number(e, whole), whole->name);
        return;
    }
    em(e, "        for (unsigned i = 0; i < m->blocks.n;) {\n");
    for (unsigned i = 0; i < rs->list.n; i++) {
        const struct route *r = &rs->list.v[i];
        if (r->role == role && r->ucase >= 0 && r->c->arrow != ARROW_READ)
            write_routed(e, rs, r);
    }
    em(e, "            struct ir_turn run = *m;\n            run.blocks.v += i;\n");
    em(e, "            run.blocks.n = xd_run_blocks(&m->blocks, i, 0x%xu);\n", ~routed);
    em(e, "            i += run.blocks.n;\n");
    if (whole)
        em(e, "            XD_SEEN(seen_written, %d);\n            write_%s(x, &run);\n",
           route_number(e, whole), whole->name);
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

struct routes
routes_make(struct emit *e, const struct ast_decl *decl)
{
    struct routes rs = { .decl = decl,
                         .roles = types_enum(e->ir, STR("Role")),
                         .blocks = types_union(e->ir, STR("Block")) };

    rs.name = decl_name(e, decl);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        make_route(e, &rs, &decl->tag_cases.v[i]);
    return rs;
}

void
emit_routes(struct emit *e, const struct ast_decl *decl)
{
    struct routes rs = routes_make(e, decl);

    for (unsigned i = 0; i < rs.list.n; i++)
        emit_route_body(e, &rs, &rs.list.v[i]);
    emit_tags(e, &rs);
    if (routes_of_blocks(decl)) {
        emit_items(e, &rs);
        return;
    }
    emit_reader(e, &rs);
    emit_writer(e, &rs);
}
