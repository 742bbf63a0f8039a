/* The value of a row into writing code: by its forms. */
#include "codegen/emit.h"

const char *
address_of(struct emit *e, const char *lv)
{
    return strcmp(lv, "(*m)") == 0 ? "m" : arena_printf(e->a, "&%s", lv).p;
}

static void
write_scalar(struct emit *e, const struct row_use *u, const struct type *t, const char *lv,
             const char *key, const char *indent)
{
    bool grows = u->r->grows.n > 0;

    switch (t->kind) {
    case TYPE_STRING:
    case TYPE_TEXT:
    case TYPE_OPAQUE:
        if (t->list)
            em(e, "%sxd_put_strs(x, STR(%s), &%s);\n", indent, key, lv);
        else
            em(e, "%sxd_put_%s(x, STR(%s), %s);\n", indent, grows ? "growing" : "str", key, lv);
        break;
    case TYPE_JSON:
        if (t->list)
            em(e, "%sxd_put_jsons(x, STR(%s), &%s);\n", indent, key, lv);
        else
            em(e, "%sxd_put_json(x, STR(%s), %s);\n", indent, key, lv);
        break;
    case TYPE_REAL:
        if (u->r->max.s.n)
            em(e, "%sxd_put_real_max(x, STR(%s), %s, \"%.*s\");\n", indent, key, lv,
               STR_ARG(u->r->max.s));
        else
            em(e, "%sxd_put_real(x, STR(%s), %s);\n", indent, key, lv);
        break;
    case TYPE_INT:
        if (u->r->min.s.n)
            em(e, "%sxd_put_int_min(x, STR(%s), %s, %.*s);\n", indent, key, lv,
               STR_ARG(u->r->min.s));
        else
            em(e, "%sxd_put_int(x, STR(%s), %s);\n", indent, key, lv);
        break;
    case TYPE_BOOL:
        em(e, "%sxd_put_bool(x, STR(%s), %s);\n", indent, key, lv);
        break;
    case TYPE_INDEX:
        em(e, "%sxd_put_index(x, STR(%s), %s);\n", indent, key, lv);
        break;
    case TYPE_NONE:
    case TYPE_ENUM:
    case TYPE_RECORD:
    case TYPE_UNION:
        break; /* reported by the reader */
    }
}

/* A table on a record stands for the record's field of that enum. */
const char *
emit_table_value(struct emit *e, const struct form *f, const struct type *t, const char *lv)
{
    struct str want = f->decl->model.v[0].name.s;

    for (unsigned i = 0; t->kind == TYPE_RECORD && i < t->rec->fields.n; i++)
        if (str_eq(want, str_from(types_name(&t->rec->fields.v[i].type))))
            return arena_printf(e->a, "%s.%s", lv, t->rec->fields.v[i].name.s.p).p;
    return lv;
}

const char *
row_mask_text(struct emit *e, const struct body *b, const struct row_use *u)
{
    struct own_cases m = own_row_cases(e, b, u);

    return own_cases_text(e, &m);
}

/* `[string as case]`, `[string as case | object]`: elements are known by their place, so one that
 * has no form makes the list impossible. */
static void
write_string_elements(struct emit *e, const struct form *f, const struct type *t, const char *lv,
                      const char *key, const char *indent)
{
    const char *field = t->kind == TYPE_UNION
                            ? arena_printf(e->a, "%s.%s", t->un->cases.v[f->ucase].name.s.p,
                                           t->un->cases.v[f->ucase].fields.v[0].name.s.p)
                                  .p
                            : arena_printf(e->a, "%.*s", STR_ARG(f->word)).p;
    const char *when =
        t->kind == TYPE_UNION
            ? arena_printf(e->a, "%s.v[i].kind == %s", lv, case_constant(e->a, t->un, f->ucase)).p
            : arena_printf(e->a, "%s.v[i].%s.p && !%s.v[i].rest.n", lv, field, lv).p;

    em(e, "%sjw_key(&x->w, STR(%s));\n%sjw_array(&x->w);\n", indent, key, indent);
    em(e, "%sfor (unsigned i = 0; i < %s.n; i++) {\n", indent, lv);
    em(e,
       "%s    if (%s)\n%s        xd_put_str(x, (struct str){ NULL, 0 }, %s.v[i].%s);\n%s    else\n",
       indent, when, indent, lv, field, indent);
    if (f->decl)
        em(e, "%s        %s(x, &%s.v[i]);\n", indent, own_writer(e, f->decl), lv);
    else
        em(e, "%s        xd_no_element(x, STR(%s));\n", indent, key);
    em(e, "%s    }\n%sjw_close(&x->w);\n", indent, indent);
}

/* Is anything there that the rows of this object write, besides constants? */
static const char *
says_something(struct emit *e, const struct ast_decl *decl, const struct type *t)
{
    struct ctx ctx = { .kind = CTX_RECORD, .rec = t->rec, .ucase = -1 };
    const char *any = "false";

    for (unsigned i = 0; i < decl->rows.n; i++) {
        const struct ast_row *r = &decl->rows.v[i];
        if (r->kind != ROW_MAP || r->arrow == ARROW_READ || r->model.n != 1)
            continue;
        struct target to = target_resolve(e->a, e->ir, &ctx, &r->model.v[0], DIR_WRITE, e->diags);
        if (to.ok)
            any = arena_printf(e->a, "%s%s%s", strcmp(any, "false") ? any : "",
                               strcmp(any, "false") ? " || " : "",
                               types_present(e->a, &to.type, to.lvalue))
                      .p;
    }
    return any;
}

/* `string as case` of a list whose elements are no blocks: there must be one, and of this case. */
static void
write_only_string(struct emit *e, const struct form *f, const struct type *t, const char *lv,
                  const char *key, const char *indent)
{
    const struct ir_ucase *c = &t->un->cases.v[f->ucase];

    em(e, "%sif (%s.n == 1 && %s.v[0].kind == %s)\n", indent, lv, lv,
       case_constant(e->a, t->un, f->ucase));
    em(e,
       "%s    xd_put_str(x, STR(%s), %s.v[0].%s.%s);\n%selse\n%s    xd_no_element(x, STR(%s));\n",
       indent, key, lv, c->name.s.p, c->fields.v[0].name.s.p, indent, indent, key);
}

/* Elements that no row takes are named by write_lost_blocks; a list of another union leaves that to its
 * writer. */
static void
write_elements(struct emit *e, const struct body *b, const struct row_use *u, const struct form *f,
               const struct type *t, const char *lv, const char *key, const char *indent)
{
    em(e, "%sjw_key(&x->w, STR(%s));\n%sjw_array(&x->w);\n", indent, key, indent);
    em(e, "%sfor (unsigned i = 0; %si < %s.n; i++)\n", indent,
       b->opens_empty ? "!x->skeleton && " : "", lv);
    if (t->kind == TYPE_UNION && strcmp(t->un->c, "block") == 0)
        em(e, "%s    if ((%s >> %s.v[i].kind) & 1)\n    ", indent, row_mask_text(e, b, u), lv);
    if (apart_row(f->decl))
        em(e, "%s    if (%s(x, &%s.v[i]))\n%s        write_%s_apart(x, &%s.v[i]);\n", indent,
           own_writer(e, f->decl), lv, indent, decl_name(e, f->decl), lv);
    else if (t->kind == TYPE_UNION && strcmp(t->un->c, "input") == 0) /* known by their place */
        em(e, "%s    if (!%s(x, &%s.v[i]))\n%s        xd_no_element(x, STR(%s));\n", indent,
           own_writer(e, f->decl), lv, indent, key);
    else
        em(e, "%s    %s(x, &%s.v[i]);\n", indent, own_writer(e, f->decl), lv);
    em(e, "%sjw_close(&x->w);\n", indent);
}

static void
write_list(struct emit *e, const struct body *b, const struct row_use *u, const struct form *f,
           const struct type *t, const char *lv, const char *key, const char *indent)
{
    if (f->word.p) {
        write_string_elements(e, f, t, lv, key, indent);
        return;
    }
    if (!f->decl) {
        em(e, "%sxd_put_%ss(x, STR(%s), &%s);\n", indent, t->kind == TYPE_JSON ? "json" : "str",
           key, lv);
        return;
    }
    if (f->decl && f->decl->kind == DECL_TABLE) {
        em(e, "%sxd_put_pairs(x, STR(%s), %s, &%s);\n", indent, key, own_table(e, f->decl), lv);
        return;
    }
    if (!t->list) { /* parts of one record */
        em(e, "%sif (%s) {\n", indent, says_something(e, f->decl, t));
        em(e, "%s    jw_key(&x->w, STR(%s));\n%s    jw_array(&x->w);\n", indent, key, indent);
        em(e, "%s    %s(x, %s);\n%s    jw_close(&x->w);\n%s}\n", indent, own_writer(e, f->decl),
           address_of(e, lv), indent, indent);
        return;
    }
    if (f->decl && union_spread(f->decl)) {
        em(e, "%sjw_key(&x->w, STR(%s));\n%swrite_%s_many(x, &%s);\n", indent, key, indent,
           decl_name(e, f->decl), lv);
        return;
    }
    write_elements(e, b, u, f, t, lv, key, indent);
}

/* How the rest of the world calls what a path of this body means: that of a record which stands in
 * one place of the model begins there ("format.strict"), that of a case with the case. */
const char *
emit_loss_name(struct emit *e, const struct ctx *ctx, const struct ast_path *path)
{
    const char *name = path_text(e->a, path).p, *field = NULL;
    unsigned places = 0;

    if (ctx->kind == CTX_CASE)
        return arena_printf(e->a, "%s.%s", ctx->un->cases.v[ctx->ucase].name.s.p, name).p;
    for (unsigned i = 0; ctx->kind == CTX_RECORD && i < e->ir->records.n; i++) {
        const struct ir_fields *l = &e->ir->records.v[i].fields;
        for (unsigned k = 0; k < l->n; k++)
            if (l->v[k].type.rec == ctx->rec && l->v[k].type.kind == TYPE_RECORD
                && !l->v[k].type.list) {
                field = l->v[k].name.s.p;
                places++;
            }
    }
    return places == 1 ? arena_printf(e->a, "%s.%s", field, name).p : name;
}

static void
write_join(struct emit *e, const struct form *f, const char *lv, const char *key,
           const char *indent)
{
    const struct ir_ucase *c = &f->un->cases.v[f->ucase];

    em(e, "%sjw_key(&x->w, STR(%s));\n%sjw_begin_string(&x->w);\n", indent, key, indent);
    em(e, "%sfor (unsigned i = 0; i < %s.n; i++)\n", indent, lv);
    em(e, "%s    if (%s.v[i].kind == %s)\n", indent, lv, case_constant(e->a, f->un, f->ucase));
    em(e, "%s        xd_escape(x, %s.v[i].%s.%s);\n", indent, lv, c->name.s.p,
       c->fields.v[0].name.s.p);
    em(e, "%sjw_end_string(&x->w);\n", indent);
}

static void
write_table(struct emit *e, const struct body *b, const struct row_use *u, const struct form *f,
            const struct type *t, const char *lv, const char *key, const char *indent)
{
    em(e,
       row_has_flag(u->r, "try") ? "%s(void)xd_put_word(x, STR(%s), %s, (int)%s);\n"
                                 : "%sif (!xd_put_word(x, STR(%s), %s, (int)%s))\n",
       indent, key, own_table(e, f->decl), emit_table_value(e, f, t, lv));
    if (row_has_flag(u->r, "try"))
        return;
    em(e, "%s    xd_lose(x, %s);\n", indent,
       c_string(e->a, str_from(emit_loss_name(e, &b->ctx, &u->r->model.v[0]))));
}

static void
write_string(struct emit *e, const struct form *f, const struct type *t, const char *lv,
             const char *key, const char *indent)
{
    if (t->kind == TYPE_UNION && f->ucase >= 0 && strcmp(t->un->c, "block") != 0)
        write_only_string(e, f, t, lv, key, indent);
    else if (t->kind == TYPE_UNION && f->ucase >= 0)
        em(e, "%sxd_put_str(x, STR(%s), xd_first_block(&%s, 0x%xu)->%s.%s);\n", indent, key, lv,
           1u << (f->ucase + 1), t->un->cases.v[f->ucase].name.s.p,
           t->un->cases.v[f->ucase].fields.v[0].name.s.p);
    else if (t->kind == TYPE_RECORD)
        em(e, "%sxd_put_str(x, STR(%s), %s.%.*s);\n", indent, key, lv, STR_ARG(f->word));
    else
        em(e, "%sxd_put_str(x, STR(%s), %s.v[0]);\n", indent, key, lv);
}

static void
write_codec(struct emit *e, const struct row_use *u, const struct form *f, const struct type *t,
            const char *lv, const char *key, const char *indent)
{
    if (strcmp(f->codec, "json_text") == 0)
        em(e, "%sxd_put_str(x, STR(%s), %s);\n", indent, key, lv); /* read alone */
    else if (strcmp(f->codec, "json_object") == 0 && u->r->grows.n)
        em(e, "%sxd_put_growing_object(x, STR(%s), %s);\n", indent, key, lv);
    else if (f->listed)
        em(e, "%sxd_put_%s(x, STR(%s), &%s);\n", indent, f->codec, key, lv);
    else if (t->kind == TYPE_UNION || t->kind == TYPE_RECORD)
        em(e, "%s(void)xd_put_%s(x, STR(%s), %s);\n", indent, f->codec, key, address_of(e, lv));
    else
        em(e, "%sxd_put_%s(x, STR(%s), %s);\n", indent, f->codec, key, lv);
}

/* Through the writer of the object, the union or the list that is named. */
static void
write_declared(struct emit *e, const struct form *f, const struct type *t, const char *lv,
               const char *key, const char *indent)
{
    em(e, "%sjw_key(&x->w, STR(%s));\n", indent, key);
    if (f->is == FORM_IS_OBJECT)
        em(e, "%s%s(x, %s);\n", indent, own_writer(e, f->decl), address_of(e, lv));
    else if (f->is == FORM_IS_UNION)
        em(e, "%sif (!%s(x, %s))\n%s    xd_no_value(x);\n", indent, own_writer(e, f->decl),
           address_of(e, lv), indent);
    else if (f->un && !t->list) /* an element alone */
        em(e, "%s(void)write_%s_element(x, %s);\n", indent, decl_name(e, f->decl),
           address_of(e, lv));
    else
        em(e, "%s%s(x, %s);\n", indent, own_writer(e, f->decl), f->un ? address_of(e, lv) : "m");
}

static void
write_empty_object(struct emit *e, const struct form *f, const struct type *t, const char *lv,
                   const char *key, const char *indent)
{
    em(e, "%sif (%s == %s) {\n%s    jw_key(&x->w, STR(%s));\n", indent, lv,
       enum_constant(e->a, t->en, f->word), indent, key);
    em(e, "%s    jw_raw(&x->w, STR(\"{}\"));\n%s}\n", indent, indent);
}

/* One form, known to fit. */
static void
write_form(struct emit *e, const struct body *b, const struct row_use *u, const struct form *f,
           const struct type *t, const char *lv, const char *key, const char *indent)
{
    switch (f->is) {
    case FORM_IS_GROWS: /* see emit_growth.c */
    case FORM_IS_BAD:
        break;
    case FORM_IS_TABLE:
        write_table(e, b, u, f, t, lv, key, indent);
        break;
    case FORM_IS_PAIRS:
        em(e, "%sxd_put_pair(x, STR(%s), %s, %s);\n", indent, key, own_table(e, f->decl), lv);
        break;
    case FORM_IS_OBJECT:
    case FORM_IS_UNION:
    case FORM_IS_ROUTES:
        write_declared(e, f, t, lv, key, indent);
        break;
    case FORM_IS_TEXT_IN:
        em(e, "%sxd_put_text_in(x, STR(%s), STR(%s), %s);\n", indent, key, c_string(e->a, f->word),
           lv);
        break;
    case FORM_IS_LIST:
        write_list(e, b, u, f, t, lv, key, indent);
        break;
    case FORM_IS_STRING:
        write_string(e, f, t, lv, key, indent);
        break;
    case FORM_IS_JOIN:
        write_join(e, f, lv, key, indent);
        break;
    case FORM_IS_BEHIND:
        em(e, "%sxd_put_behind(x, STR(%s), STR(%s), %s);\n", indent, key, c_string(e->a, f->word),
           lv);
        break;
    case FORM_IS_CODEC:
        write_codec(e, u, f, t, lv, key, indent);
        break;
    case FORM_IS_JSON:
        em(e, "%sxd_put_json(x, STR(%s), %s.%.*s);\n", indent, key, lv, STR_ARG(f->word));
        break;
    case FORM_IS_EMPTY:
        write_empty_object(e, f, t, lv, key, indent);
        break;
    }
}

/* `with mode = named` of an object: the condition under which it can stand for the record. */
static const char *
with_condition(struct emit *e, const struct form *f, const char *lv)
{
    for (unsigned i = 0; f->decl && i < f->decl->rows.n; i++) {
        const struct ast_row *r = &f->decl->rows.v[i];
        const struct ir_record *rec = types_record(e->ir, f->decl->model.v[0].name.s);
        const struct ir_field *field =
            rec ? types_field(&rec->fields, r->model.n ? r->model.v[0].v[0].name.s : STR(""))
                : NULL;
        if (r->kind == ROW_WITH && field && field->type.kind == TYPE_ENUM)
            return arena_printf(e->a, "%s.%s == IR_%s_%s", lv, field->name.s.p,
                                types_upper(e->a, field->type.en->name.s),
                                types_upper(e->a, r->constant.text.s))
                .p;
    }
    return NULL;
}

/* The condition under which a form can carry the value; NULL: always. */
static const char *
fits(struct emit *e, const struct body *b, const struct row_use *u, const struct form *f,
     const struct type *t, const char *lv)
{
    const char *mask = t->kind == TYPE_UNION && t->list ? row_mask_text(e, b, u) : "0";

    switch (f->is) {
    case FORM_IS_STRING:
        if (t->kind == TYPE_UNION && strcmp(t->un->c, "block") != 0)
            return arena_printf(e->a, "%s.n == 1 && %s.v[0].kind == %s", lv, lv,
                                case_constant(e->a, t->un, f->ucase))
                .p;
        if (t->kind == TYPE_UNION)
            return arena_printf(e->a, "xd_single_text(&%s, %s, %s)", lv, mask,
                                case_constant(e->a, t->un, f->ucase))
                .p;
        if (t->kind == TYPE_RECORD)
            return arena_printf(e->a, "%s.%.*s.p", lv, STR_ARG(f->word)).p;
        return arena_printf(e->a, "%s.n == 1", lv).p;
    case FORM_IS_JOIN:
        return arena_printf(e->a, "xd_count_blocks(&%s, %s) == xd_count_blocks(&%s, 0x%xu)", lv,
                            mask, lv, 1u << (f->ucase + 1))
            .p;
    case FORM_IS_TABLE:
        return arena_printf(e->a, "xd_word_of(%s, (int)%s).p", own_table(e, f->decl),
                            emit_table_value(e, f, t, lv))
            .p;
    case FORM_IS_JSON:
        return arena_printf(e->a, "%s.%.*s.n", lv, STR_ARG(f->word)).p;
    case FORM_IS_OBJECT:
        return with_condition(e, f, lv);
    default:
        return NULL;
    }
}

static void
write_forms(struct emit *e, const struct body *b, const struct row_use *u, const struct type *t,
            const char *lv, const char *key, const char *indent)
{
    const char *inner = arena_printf(e->a, "%s    ", indent).p;
    bool open = false;

    if (u->r->forms.n == 0) {
        write_scalar(e, u, t, lv, key, indent);
        return;
    }
    if (u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], t);
        write_form(e, b, u, &f, t, lv, key, indent);
        return;
    }
    for (unsigned i = 0; i < u->r->forms.n; i++) {
        struct form f = form_resolve(e, &u->r->forms.v[i], t);
        const char *when = fits(e, b, u, &f, t, lv);
        if (when)
            em(e, "%s%sif (%s) {\n", open ? " else " : indent, "", when);
        else
            em(e, "%s{\n", open ? " else " : indent);
        write_form(e, b, u, &f, t, lv, key, inner);
        em(e, "%s}", indent);
        open = true;
        if (!when)
            break;
        if (i + 1 == u->r->forms.n && t->kind == TYPE_RECORD && f.is == FORM_IS_OBJECT) {
            struct form first = form_resolve(e, &u->r->forms.v[0], t);
            if (first.is == FORM_IS_TABLE)
                em(e, " else if (%s) {\n%sxd_lose(x, %s);\n%s}", emit_table_value(e, &first, t, lv),
                   inner, c_string(e->a, path_text(e->a, &u->r->model.v[0])), indent);
        }
    }
    em(e, "\n");
}

/* The texts of all blocks of one kind as one string; or the first block through its object; or
 * their lists as one. */
static void
write_gather(struct emit *e, const struct body *b, const struct row_use *u, const struct target *t,
             const char *key, const char *indent)
{
    const char *kind = case_constant(e->a, t->un, t->ucase);
    const char *ucase = t->un->cases.v[t->ucase].name.s.p;

    if (gathers_bytes(u->r)) {
        em(e, "%sxd_put_bytes(x, STR(%s), &%s, %s);\n", indent, key, t->list, kind);
    } else if (t->field && t->field->type.list && u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], &t->field->type);
        em(e, "%sjw_key(&x->w, STR(%s));\n%sjw_enter_array(&x->w);\n", indent, key, indent);
        em(e, "%sfor (unsigned i = 0; i < %s.n; i++)\n", indent, t->list);
        em(e, "%s    for (unsigned k = 0; %s.v[i].kind == %s && k < %s.v[i].%s.%s.n; k++)\n",
           indent, t->list, kind, t->list, ucase, t->field->name.s.p);
        em(e, "%s        %s(x, &%s.v[i].%s.%s.v[k]);\n", indent,
           f.decl ? own_writer(e, f.decl) : "?", t->list, ucase, t->field->name.s.p);
        em(e, "%sjw_close(&x->w);\n", indent);
    } else if (t->field && types_is_stringlike(&t->field->type)) {
        em(e, "%sjw_key(&x->w, STR(%s));\n%sjw_begin_string(&x->w);\n", indent, key, indent);
        em(e, "%sfor (unsigned i = 0; i < %s.n; i++)\n", indent, t->list);
        em(e, "%s    if (%s.v[i].kind == %s)\n", indent, t->list, kind);
        em(e, "%s        xd_escape(x, %s.v[i].%s.%s);\n", indent, t->list, ucase,
           t->field->name.s.p);
        em(e, "%sjw_end_string(&x->w);\n", indent);
    } else if (!t->field && u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], &t->type);
        em(e, "%sjw_key(&x->w, STR(%s));\n", indent, key);
        em(e, "%s%s(x, xd_first_block(&%s, 0x%xu));\n", indent,
           f.decl ? own_writer(e, f.decl) : "?", t->list, 1u << (t->ucase + 1));
        em(e, "%sif (xd_count_blocks(&%s, 0x%xu) > 1)\n%s    xd_lose(x, %s);\n", indent, t->list,
           1u << (t->ucase + 1), indent, c_string(e->a, path_text(e->a, &u->r->model.v[0])));
    } else {
        diag_error(e->diags, u->r->pos, "this field of many blocks cannot be written as one value");
    }
    (void)b;
}

void
emit_write_value(struct emit *e, const struct body *b, const struct row_use *u, const char *key,
                 const char *indent)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_WRITE, e->diags);

    if (!t.ok)
        return;
    if (t.gather)
        write_gather(e, b, u, &t, key, indent);
    else
        write_forms(e, b, u, &t.type, t.lvalue, key, indent);
}
