/* How blocks grow, in events and without a name of the block in them. */
#include "codegen/emit_growth.h"

const struct ast_decl *
growth_union(struct emit *e, const struct ir_union *u)
{
    for (unsigned i = 0; i < e->d->decls.n; i++) {
        const struct ast_decl *decl = &e->d->decls.v[i];
        if (decl->kind != DECL_UNION || !decl->model.n
            || !str_eq(decl->model.v[0].name.s, u->name.s))
            continue;
        for (unsigned k = 0; k < decl->tag_cases.n; k++)
            for (unsigned r = 0; r < decl->tag_cases.v[k].rows.n; r++)
                if (decl->tag_cases.v[k].rows.v[r].grows.n)
                    return decl;
    }
    return NULL;
}

struct growths
growths_find(struct emit *e, const struct ast_decl *decl, const struct ir_union *u)
{
    struct growths out = { NULL, 0, 0, decl->by_member };

    for (unsigned k = 0; k < decl->tag_cases.n; k++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[k];
        int n = c->model.n ? types_case(u, c->model.v[0].v[0].name.s) : -1;
        for (unsigned r = 0; n >= 0 && r < c->rows.n; r++) {
            const struct ast_row *row = &c->rows.v[r];
            if (!row->grows.n || !row->model.n)
                continue;
            if (row->grows.n != 2 && !decl->by_member)
                diag_error(e->diags, row->grows.pos,
                           "grows names the delta's tag and its member: grows text_delta.text");
            struct growth *g = arena_push(e->a, (void **)&out.v, &out.n, &out.cap, sizeof *g);
            *g = (struct growth){ c, row, n,
                                  types_field(&u->cases.v[n].fields, row->model.v[0].v[0].name.s) };
        }
    }
    return out;
}

/* Told apart by the tag; by the whole path where the delta's members are. */
static bool
first_with_tag(const struct growths *l, unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (l->by_member ? path_eq(&l->v[k].r->grows, &l->v[i].r->grows)
                         : str_eq(l->v[k].r->grows.v[0].name.s, l->v[i].r->grows.v[0].name.s))
            return false;
    return true;
}

static struct str
form_decl_name(const struct ast_row *r)
{
    return r->forms.n ? r->forms.v[0].name.s : (struct str){ NULL, 0 };
}

/* Is each piece base64 of its own? */
static bool
in_base64(const struct growth *g)
{
    return str_is(form_decl_name(g->r), "base64_text");
}

static void
read_growth(struct emit *e, const struct growth *g, const struct ir_union *u, unsigned i,
            bool by_member)
{
    const char *lv =
        arena_printf(e->a, "m->%s.%s", u->cases.v[g->ucase].name.s.p, g->field->name.s.p).p;

    em(e, "    case %u:\n        m->kind = %s;\n", i, case_constant(e->a, u, g->ucase));
    if (by_member)
        em(e, "        v = xd_member_at(x, at, STR(%s));\n        if (v) {\n",
           c_string(e->a, path_text(e->a, &g->r->grows)));
    else
        em(e, "        v = json_member(&x->doc, at, STR(%s));\n        if (v) {\n",
           c_string(e->a, g->r->grows.v[1].name.s));
    if (g->field->type.list) {
        const struct ast_decl *item = dialect_decl(e->d, form_decl_name(g->r));
        em(e, "            struct ir_%s *item = XD_PUSH(x, &%s);\n", g->field->type.un->c, lv);
        em(e, "            if (item && !%s(x, v, item))\n                %s.n--;\n",
           item ? own_reader(e, item) : "?", lv);
    } else {
        em(e, "            xd_read_%s(x, v, &%s);\n", in_base64(g) ? "base64_text" : "part", lv);
    }
    em(e, "        }\n        return true;\n");
}

/* How deltas are told apart: by their tag, or by the member that is there. */
static void
emit_grow_tags(struct emit *e, const struct growths *l, struct word by, const char *name)
{
    unsigned n = 0;

    if (l->by_member) {
        em(e, "static const struct xd_member %s_grow_members_v[] = {\n", name);
        for (unsigned i = 0; i < l->n; i++)
            if (first_with_tag(l, i) && ++n)
                em(e, "    { STR_INIT(%s), { NULL, 0 }, XD_IF_THERE, { NULL, 0 }, %u },\n",
                   c_string(e->a, path_text(e->a, &l->v[i].r->grows)), i);
        em(e, "};\nstatic const struct xd_members %s_grow_members = {\n    %s_grow_members_v,\n",
           name, name);
        em(e, "    %u, -1, %s,\n};\n\n", n, dialect_names_camel(e->d) ? "true" : "false");
        return;
    }
    em(e, "static const struct xd_tag %s_grow_tags_v[] = {\n", name);
    for (unsigned i = 0; i < l->n; i++)
        if (first_with_tag(l, i))
            em(e, "    { STR_INIT(%s), %u },\n", c_string(e->a, l->v[i].r->grows.v[0].name.s), i);
    em(e, "};\nstatic const struct xd_tags %s_grow_tags = {\n    STR_INIT(%s), %s_grow_tags_v,\n",
       name, c_string(e->a, by.s), name);
    em(e, "    sizeof %s_grow_tags_v / sizeof *%s_grow_tags_v, -1,\n};\n\n", name, name);
}

void
growths_emit_reader(struct emit *e, const struct ast_decl *decl, const struct ir_union *u,
                    const struct growths *l, struct word by, const char *name)
{
    emit_grow_tags(e, l, by, name);
    em(e, "/* A delta of the open block: %s */\n", pos_text(e->a, decl->pos));
    em(e,
       "static bool\nread_%s_grow(struct xd *x, uint32_t at, unsigned index, struct ir_%s *m)\n{\n    uint32_t v;\n\n",
       name, u->c);
    em(e, "    if (xd_flow_open_kind(x, 0, index) == IR_%s_FOREIGN) {\n",
       types_upper(e->a, u->name.s));
    em(e, "        m->kind = IR_%s_FOREIGN;\n        m->foreign.dialect = STR_FAMILY;\n",
       types_upper(e->a, u->name.s));
    em(e, "        xd_read_json(x, at, &m->foreign.body);\n        return true;\n    }\n");
    em(e, "    switch (xd_%s(x, at, &%s_grow_%s)) {\n", l->by_member ? "member" : "tag", name,
       l->by_member ? "members" : "tags");
    for (unsigned i = 0; i < l->n; i++)
        if (first_with_tag(l, i) && l->v[i].field)
            read_growth(e, &l->v[i], u, i, l->by_member);
    em(e, "    }\n    return false;\n}\n\n");
}

/* The objects around the member by which a delta is known. */
static void
enter_growth(struct emit *e, const struct ast_path *p, bool by_member, const char *indent)
{
    for (unsigned i = 0; by_member && i + 1 < p->n; i++)
        em(e, "%sjw_key(&x->w, STR(%s));\n%sjw_object(&x->w);\n", indent,
           c_string(e->a, p->v[i].name.s), indent);
}

static void
write_growth(struct emit *e, const struct growth *g, const struct ir_union *u, const char *name,
             bool by_member)
{
    const struct ast_path *p = &g->r->grows;
    const char *tag = by_member ? "\"\"" : c_string(e->a, p->v[0].name.s);
    const char *member = c_string(e->a, p->v[p->n - 1].name.s);
    const char *in = "            ";
    const char *lv =
        arena_printf(e->a, "e->block->%s.%s", u->cases.v[g->ucase].name.s.p, g->field->name.s.p).p;

    if (g->field->type.list) {
        const struct ast_decl *item = dialect_decl(e->d, form_decl_name(g->r));
        em(e, "        for (unsigned i = 0; i < %s.n; i++) {\n", lv);
        em(e, "%sopen_%s(x, e, STR(%s));\n", in, name, tag);
        enter_growth(e, p, by_member, in);
        em(e, "%sjw_key(&x->w, STR(%s));\n", in, member);
        em(e, "            if (!%s(x, &%s.v[i]))\n                xd_no_value(x);\n",
           item ? own_writer(e, item) : "?", lv);
    } else {
        em(e, "        if (%s.%s) {\n%sopen_%s(x, e, STR(%s));\n", lv, by_member ? "n" : "p", in,
           name, tag);
        enter_growth(e, p, by_member, in);
        em(e, "%sxd_put_%s(x, STR(%s), %s);\n", in, in_base64(g) ? "base64_text" : "str", member,
           lv);
    }
    for (unsigned i = 1; by_member && i < p->n; i++)
        em(e, "%sjw_close(&x->w);\n", in);
    em(e, "            close_%s(x);\n        }\n", name);
}

/* One frame for each field of the fragment. */
void
growths_emit_writer(struct emit *e, const struct ir_union *u, const struct growths *l,
                    const char *name, const struct row_use *row)
{
    const char *key = c_string(e->a, row->r->wire.v[0].v[0].name.s);

    em(e,
       "static void\nwrite_%s(struct xd *x, const struct ir_event *e)\n{\n    XD_SEEN(seen_written, %d);\n",
       name, row->number);
    em(e, "    switch (e->block->kind) {\n");
    for (int n = 0; n < (int)u->cases.n; n++) {
        em(e, "    case %s:\n", case_constant(e->a, u, n));
        if (str_is(u->cases.v[n].name.s, "foreign")) {
            em(e, "        if (str_eq(e->block->foreign.dialect, STR_FAMILY)) {\n");
            em(e,
               "            open_%s(x, e, (struct str){ NULL, 0 });\n            jw_key(&x->w, STR(%s));\n",
               name, key);
            em(e,
               "            jw_raw(&x->w, e->block->foreign.body);\n            jw_close(&x->w);\n            xd_frame_close(x);\n        }\n");
        }
        for (unsigned i = 0; i < l->n; i++)
            if (l->v[i].ucase == n && l->v[i].field && l->v[i].c->arrow != ARROW_READ)
                write_growth(e, &l->v[i], u, name, l->by_member);
        em(e, "        break;\n");
    }
    em(e, "    case IR_%s_UNSET:\n        break;\n    }\n}\n\n", types_upper(e->a, u->name.s));
}
