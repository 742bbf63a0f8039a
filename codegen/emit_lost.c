/* What a body gives up in writing: it is noted by name. */
#include "codegen/emit.h"

/* drop blocks.thinking.signature: of each block of this case */
static void
write_field_drop(struct emit *e, const struct target *t)
{
    const char *ucase = t->un->cases.v[t->ucase].name.s.p;
    const char *lv = arena_printf(e->a, "%s.v[i].%s.%s", t->list, ucase, t->field->name.s.p).p;

    em(e, "    for (unsigned i = 0; %s%si < %s.n; i++)\n", t->guard ? t->guard : "",
       t->guard ? " && " : "", t->list);
    em(e, "        if (%s.v[i].kind == %s && %s)\n", t->list, case_constant(e->a, t->un, t->ucase),
       types_present(e->a, &t->field->type, lv));
    em(e, "            xd_lose(x, \"%s.%s\");\n", ucase, t->field->name.s.p);
}

static void
write_drop(struct emit *e, const struct body *b, const struct ast_path *p)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, p, DIR_WRITE, e->diags);

    if (t.ok && t.gather && t.field)
        write_field_drop(e, &t);
    if (!t.ok || t.gather || t.self)
        return;
    if (t.guard && t.type.kind == TYPE_UNION && t.un == t.type.un)
        em(e, "    if (%s)\n", t.guard); /* a case of a union */
    else
        em(e, "    if (%s%s%s)\n", t.guard ? t.guard : "", t.guard ? " && " : "",
           types_present(e->a, &t.type, t.lvalue));
    em(e, "        xd_lose(x, %s);\n", c_string(e->a, str_from(emit_loss_name(e, &b->ctx, p))));
}

/* `drop`, not `omit` */
static bool
is_loss(const struct ast_row *r)
{
    return r->kind == ROW_DROP && !r->word.s.n;
}

static void
write_drops(struct emit *e, const struct body *b)
{
    for (unsigned i = 0; b->rows && i < b->rows->n; i++)
        for (unsigned k = 0; is_loss(&b->rows->v[i]) && k < b->rows->v[i].model.n; k++)
            write_drop(e, b, &b->rows->v[i].model.v[k]);
    /* Those of the whole union name common fields, or cases. */
    for (unsigned i = 0; b->common && i < b->common->n; i++)
        for (unsigned k = 0; is_loss(&b->common->v[i]) && k < b->common->v[i].model.n; k++)
            if (types_field(&b->ctx.un->common, b->common->v[i].model.v[k].v[0].name.s))
                write_drop(e, b, &b->common->v[i].model.v[k]);
}

struct own_cases
written_blocks(struct emit *e, const struct body *b, const char **list, const char **guard)
{
    struct own_cases all = { 0, NULL };

    *list = *guard = NULL;
    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct row_use *u = &b->uses.v[i];
        if (u->r->kind != ROW_MAP || u->r->arrow == ARROW_READ || u->r->model.n != 1)
            continue;
        struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_WRITE,
                                         e->diags);
        if (t.ok && t.self && u->r->forms.n == 1 && str_is(u->r->forms.v[0].name.s, "outcome"))
            all.fixed |= 1u << (types_case(t.type.un, STR("text")) + 1);
        if (!t.ok || !(t.gather || (t.type.kind == TYPE_UNION && t.type.list)))
            continue;
        if (strcmp(t.gather ? t.un->c : t.type.un->c, "block") != 0)
            continue;
        *guard = t.guard;
        *list = t.gather ? t.list : t.lvalue;
        struct own_cases m = own_row_cases(e, b, u);
        all.fixed |= m.fixed;
        if (m.own)
            all.own = all.own ? arena_printf(e->a, "%s | %s", all.own, m.own).p : m.own;
    }
    return all;
}

/* Blocks of kinds that no row of this object writes. */
static void
write_lost_blocks(struct emit *e, const struct body *b)
{
    const char *list, *guard;
    struct own_cases cases = written_blocks(e, b, &list, &guard);
    const char *mask = own_cases_text(e, &cases);

    if (list && guard)
        em(e, "    if (%s)\n        xd_lose_blocks(x, &%s, %s);\n", guard, list, mask);
    else if (list)
        em(e, "    xd_lose_blocks(x, &%s, %s);\n", list, mask);
}

/* A value of an enum for which there is no `{} as`. */
static void
write_lost_values(struct emit *e, const struct body *b)
{
    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct ast_row *r = b->uses.v[i].r;
        bool last = r->forms.n == 1 && r->forms.v[0].kind == FORM_EMPTY_AS;
        for (unsigned k = i + 1; last && k < b->uses.n; k++)
            last = !path_eq(&r->model.v[0], &b->uses.v[k].r->model.v[0])
                   || b->uses.v[k].r->forms.v[0].kind != FORM_EMPTY_AS;
        if (!last)
            continue;
        struct target t = target_resolve(e->a, e->ir, &b->ctx, &r->model.v[0], DIR_WRITE, e->diags);
        if (!t.ok || t.type.kind != TYPE_ENUM)
            continue;
        em(e, "    if (%s%s%s", t.guard ? t.guard : "", t.guard ? " && " : "", t.lvalue);
        for (unsigned k = 0; k <= i; k++) {
            const struct ast_row *s = b->uses.v[k].r;
            if (s->forms.n == 1 && s->forms.v[0].kind == FORM_EMPTY_AS
                && path_eq(&s->model.v[0], &r->model.v[0]))
                em(e, " && %s != %s", t.lvalue,
                   enum_constant(e->a, t.type.en, s->forms.v[0].name.s));
        }
        em(e, ")\n        xd_lose(x, %s);\n",
           c_string(e->a, str_from(emit_loss_name(e, &b->ctx, &r->model.v[0]))));
    }
}

void
emit_write_lost(struct emit *e, const struct body *b)
{
    write_drops(e, b);
    write_lost_values(e, b);
    write_lost_blocks(e, b);
}
