/* Patch streams into code: what they consist of, and reading; see emit_patch.h. */
#include "codegen/emit_patch.h"

#include "runtime/json/doc.h"

static struct body *
reply_body(struct emit *e, const char *name, const struct ast_rows *rows,
           const struct ast_rows *more)
{
    struct ctx ctx = { .kind = CTX_RECORD, .rec = types_record(e->ir, STR("Reply")), .ucase = -1 };

    return body_make(e, &ctx, name, "reply", rows, more);
}

static bool
split_rows(struct emit *e, const struct ast_decl *decl, struct patch *p)
{
    for (unsigned i = 0; i < decl->rows.n; i++) {
        const struct ast_row *r = &decl->rows.v[i];
        if (r->kind == ROW_EACH)
            p->each = r;
        else if (r->kind == ROW_CHOICES)
            p->choices = r;
        else if (r->kind == ROW_FAIL)
            p->fail = r;
        else {
            p->last = p->last || row_has_flag(r, "last");
            *(struct ast_row *)arena_push(e->a, (void **)&p->usage.v, &p->usage.n, &p->usage.cap,
                                          sizeof *p->usage.v) = *r;
        }
    }
    if (!p->each || !p->choices || !p->fail) {
        struct diag *d = diag_error(e->diags, decl->pos,
                                    "a patch stream needs each { }, choices and a row to fail");
        diag_help(
            d,
            "each { id <-> id }   choices choices <-> choice by index { }   error <-> fail : fault_body");
        return false;
    }
    return true;
}

static bool
is_whole(const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        if (r->kind == ROW_MAP && r->model.n == 1 && r->grows.n == 0
            && str_is(r->model.v[0].v[0].name.s, "arguments"))
            return r->forms.n == 0 || r->forms.v[0].kind != FORM_JSON_IN_STRING;
    }
    return false;
}

bool
patch_says_whole_calls(const struct ast_decl *decl)
{
    bool whole = decl->kind == DECL_OBJECT && is_whole(&decl->rows);

    for (unsigned i = 0; decl->kind == DECL_UNION && i < decl->tag_cases.n; i++)
        whole |= is_whole(&decl->tag_cases.v[i].rows);
    return whole;
}

static void
read_elements(struct emit *e, const struct form *f, const char *v, const char *indent)
{
    const char *reader = own_reader(e, f->decl);
    const struct ast_row *key = NULL;

    for (unsigned i = 0; f->decl->kind == DECL_OBJECT && i < f->decl->rows.n; i++)
        if (f->decl->rows.v[i].kind == ROW_MAP && f->decl->rows.v[i].model.n == 1
            && str_is(f->decl->rows.v[i].model.v[0].v[0].name.s, "index"))
            key = &f->decl->rows.v[i];
    em(e,
       dialect_names_camel(e->d) ? "%sif (xd_want_items(x, %s))\n%s    XD_ITEMS(x, i, %s) {\n"
                                 : "%sif (xd_want(x, %s, JSON_ARRAY))\n%s    XD_EACH(x, i, %s) {\n",
       indent, v, indent, v);
    em(e, "%s        struct ir_block frag = { 0 };\n", indent);
    if (f->decl->kind == DECL_UNION)
        em(e, "%s        if (%s(x, i, &frag))\n%s            xd_flow_%s(x, choice, &frag);\n",
           indent, reader, indent, patch_says_whole_calls(f->decl) ? "whole" : "patch");
    else if (key)
        em(e,
           "%s        %s(x, i, &frag);\n%s        xd_flow_patch_keyed(x, choice, xd_key_of(x, i, STR(%s)), &frag);\n",
           indent, reader, indent, c_string(e->a, key->wire.v[0].v[0].name.s));
    else
        em(e, "%s        %s(x, i, &frag);\n%s        xd_flow_%s(x, choice, &frag);\n", indent,
           reader, indent, patch_says_whole_calls(f->decl) ? "whole" : "patch");
    em(e, "%s    }\n", indent);
}

static void
read_fragment(struct emit *e, const struct target *t, const struct row_use *u, const char *v,
              const char *indent)
{
    const char *ucase = t->un->cases.v[t->ucase].name.s.p;

    em(e, "%sstruct ir_block frag = { .kind = %s };\n", indent,
       case_constant(e->a, t->un, t->ucase));
    if (t->field && t->field->type.list && u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], &t->field->type);
        em(e, "%sif (xd_want(x, %s, JSON_ARRAY))\n%s    XD_EACH(x, i, %s) {\n", indent, v, indent,
           v);
        em(e, "%s        struct ir_%s *item = XD_PUSH(x, &frag.%s.%s);\n", indent,
           t->field->type.un ? t->field->type.un->c : "?", ucase, t->field->name.s.p);
        em(e, "%s        if (item && !%s(x, i, item))\n%s            frag.%s.%s.n--;\n%s    }\n",
           indent, f.decl ? own_reader(e, f.decl) : "?", indent, ucase, t->field->name.s.p, indent);
    } else if (t->field && t->field->type.list) {
        em(e, "%sxd_read_jsons(x, %s, &frag.%s.%s);\n", indent, v, ucase, t->field->name.s.p);
    } else if (t->field) {
        em(e, "%sxd_read_part(x, %s, &frag.%s.%s);\n", indent, v, ucase, t->field->name.s.p);
    } else if (u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], &t->type);
        em(e, "%s%s(x, %s, &frag);\n", indent, f.decl ? own_reader(e, f.decl) : "?", v);
    }
    em(e, "%sxd_flow_patch(x, choice, &frag);\n", indent);
}

static void
read_form(struct emit *e, const struct row_use *u, const struct ast_form *form,
          const struct type *t, const char *v, const char *indent)
{
    struct form f = form_resolve(e, form, t);

    if ((f.is == FORM_IS_STRING || f.is == FORM_IS_JOIN) && f.un && f.ucase >= 0) {
        const struct ir_ucase *c = &f.un->cases.v[f.ucase];
        em(e, "%sstruct ir_block frag = { .kind = %s };\n", indent,
           case_constant(e->a, f.un, f.ucase));
        em(e, "%sxd_read_part(x, %s, &frag.%s.%s);\n", indent, v, c->name.s.p,
           c->fields.v[0].name.s.p);
        em(e, "%sxd_flow_patch(x, choice, &frag);\n", indent);
    } else if (f.is == FORM_IS_LIST && f.decl) {
        read_elements(e, &f, v, indent);
    } else if (f.is != FORM_IS_BAD) {
        diag_error(e->diags, u->r->pos, "this form has no place in a patch");
    }
}

static void
read_choice_row(struct emit *e, const struct patch *p, const struct row_use *u, const char *v,
                const char *indent)
{
    struct target t = target_resolve(e->a, e->ir, &p->choice->ctx, &u->r->model.v[0], DIR_READ,
                                     e->diags);

    if (!t.ok)
        return;
    if (t.gather) {
        read_fragment(e, &t, u, v, indent);
    } else if (t.type.kind == TYPE_ENUM && u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], &t.type);
        if (f.decl)
            em(e,
               "%sxd_flow_stop(x, choice, (enum ir_stop)xd_%s_word(x, %s, %s), (struct str){ NULL, 0 });\n",
               indent, row_has_flag(u->r, "try") ? "try" : "read", v, own_table(e, f.decl));
    } else if (t.type.kind == TYPE_UNION && t.type.list && u->r->forms.n == 1) {
        read_form(e, u, &u->r->forms.v[0], &t.type, v, indent);
    } else if (t.type.kind == TYPE_UNION && t.type.list && u->r->forms.n == 2) {
        em(e, "%sif (json_kind(&x->doc, %s) == JSON_STRING) {\n", indent, v);
        read_form(e, u, &u->r->forms.v[0], &t.type, v, arena_printf(e->a, "%s    ", indent).p);
        em(e, "%s} else {\n", indent);
        read_form(e, u, &u->r->forms.v[1], &t.type, v, arena_printf(e->a, "%s    ", indent).p);
        em(e, "%s}\n", indent);
    } else {
        diag_error(e->diags, u->r->pos, "a patch row maps onto blocks or onto stop");
    }
}

static void
emit_choice_reader(struct emit *e, const struct patch *p)
{
    const struct body *b = p->choice;
    unsigned group = 0;

    em(e, "static void\nread_%s(struct xd *x, uint32_t at)\n{\n", b->name);
    em(e, "    uint32_t v[%u];\n    unsigned choice = 0;\n\n", b->slots);
    em(e, "    if (!xd_scan(x, at, &%s_shape, v, NULL))\n        return;\n", b->shape);
    if (!p->alone)
        em(e, "    if (v[%d])\n        xd_read_index(x, v[%d], &choice);\n", p->index_slot,
           p->index_slot);
    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct row_use *u = &b->uses.v[i];
        if (u->r->kind != ROW_MAP || u->r->arrow == ARROW_WRITE)
            continue;
        const char *v = arena_printf(e->a, "v[%d]", u->slots[0]).p;
        em(e, "    %sif (%s%s%s) {\n        XD_SEEN(seen_read, %d);\n",
           u->group && u->group == group ? "else " : "", u->group ? "xd_some(x, " : "", v,
           u->group ? ")" : "", u->number);
        read_choice_row(e, p, u, v, "        ");
        em(e, "    }\n");
        group = u->group;
    }
    em(e, "}\n\n");
}

static void
emit_frame_reader(struct emit *e, const struct patch *p)
{
    struct ctx error = { .kind = CTX_RECORD,
                         .rec = types_record(e->ir, STR("Error")),
                         .ucase = -1 };

    em(e, "static void\nread_%s_error(struct xd *x, uint32_t at)\n{\n", p->name);
    em(e, "    struct ir_error error = { 0 };\n    struct ir_error *m = &error;\n\n");
    struct ast_row row = *p->fail->rows->v;
    struct row_use use = { .r = &row,
                           .number = emit_number(e, p->fail->pos, p->fail->arrow, false) };
    struct body b = { .ctx = error };
    em(e, "    XD_SEEN(seen_read, %d);\n", use.number);
    emit_read_value(e, &b, &use, "at", "    ");
    em(e, "    xd_flow_fail(x, m);\n}\n\n");

    em(e, "static void\nread_%s(struct xd *x, struct str name, uint32_t at)\n{\n", p->name);
    em(e,
       "    struct ir_reply head = { 0 };\n    struct ir_reply *m = &head;\n    uint32_t v[%u];\n\n    (void)name;\n",
       p->head->slots);
    em(e, "    if (!xd_scan(x, at, &%s_shape, v, NULL))\n        return;\n", p->head->shape);
    em(e, "    if (v[%d]) {\n        read_%s_error(x, v[%d]);\n        return;\n    }\n",
       p->fail_slot, p->name, p->fail_slot);
    emit_read_rows(e, p->head);
    em(e, "    xd_flow_begin(x, m);\n");
    if (p->alone)
        em(e, "    read_%s(x, at);\n", p->choice->name);
    else
        em(e,
           "    if (v[%d] && xd_want(x, v[%d], JSON_ARRAY))\n        XD_EACH(x, i, v[%d])\n            read_%s(x, i);\n",
           p->choices_slot, p->choices_slot, p->choices_slot, p->choice->name);
    em(e, "    m->usage.set |= m->usage.input.set || m->usage.output.set;\n");
    em(e, "    if (m->usage.set)\n        xd_flow_usage(x, &m->usage);\n}\n\n");
}

/* `error <-> fail : fault_body` is, for its value, a row onto the error itself. */
static const struct ast_row *
fail_as_this(struct emit *e, const struct ast_row *fail)
{
    struct ast_row *outer = arena_alloc(e->a, sizeof *outer);
    struct ast_rows *rows = arena_alloc(e->a, sizeof *rows);
    struct ast_row *inner = arena_push(e->a, (void **)&rows->v, &rows->n, &rows->cap,
                                       sizeof *inner);
    struct ast_path *path;

    *outer = *fail;
    *inner = *fail;
    inner->kind = ROW_MAP;
    inner->model = (struct ast_paths){ NULL, 0, 0 };
    path = arena_push(e->a, (void **)&inner->model.v, &inner->model.n, &inner->model.cap,
                      sizeof *path);
    struct ast_step *step = arena_push(e->a, (void **)&path->v, &path->n, &path->cap, sizeof *step);
    step->name = (struct word){ STR("this"), fail->pos };
    step->index = STEP_NONE;
    path->pos = fail->pos;
    outer->rows = rows;
    return outer;
}

void
emit_patches(struct emit *e, const struct ast_decl *decl)
{
    struct patch p = { .name = decl_name(e, decl) };
    struct ctx choice = { .kind = CTX_RECORD,
                          .rec = types_record(e->ir, STR("Choice")),
                          .ucase = -1 };

    if (!split_rows(e, decl, &p))
        return;
    p.fail = fail_as_this(e, p.fail);
    p.head = reply_body(e, p.name, p.each->rows, &p.usage);
    p.tail = reply_body(e, arena_printf(e->a, "%s_tail", p.name).p, &p.usage, NULL);
    p.repeat = reply_body(e, arena_printf(e->a, "%s_each", p.name).p, p.each->rows, NULL);
    p.choice = body_make(e, &choice, arena_printf(e->a, "%s_choice", p.name).p, "choice",
                         p.choices->rows, NULL);
    p.alone = p.choices->wire.n == 0;
    if (p.alone) { /* they are one object on the wire: what neither knows is noted once */
        body_know_names_of(e, p.head, p.choice);
        p.choice->rest = REST_IGNORE;
    } else
        p.choices_slot = body_know(e, p.head, &p.choices->wire.v[0], true);
    p.fail_slot = body_know(e, p.head, &p.fail->wire.v[0], true);
    struct ast_step step = { p.choices->by, STEP_NONE };
    struct ast_path by = { &step, 1, 1, p.choices->pos };
    if (!p.alone)
        p.index_slot = body_know(e, p.choice, &by, true);
    em(e, "/* %s: %.*s */\n", pos_text(e->a, decl->pos), STR_ARG(decl->name.s));
    emit_shape(e, p.choice);
    emit_shape(e, p.head);
    emit_choice_reader(e, &p);
    emit_frame_reader(e, &p);
    emit_patch_writers(e, &p, decl);
}
