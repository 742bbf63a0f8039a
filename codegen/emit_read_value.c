/* The value of a row into reading code: by its forms. */
#include "codegen/emit.h"

#include "runtime/json/doc.h"

static const char *const scalar_readers[] = {
    [TYPE_STRING] = "str", [TYPE_TEXT] = "text", [TYPE_OPAQUE] = "str", [TYPE_JSON] = "json",
    [TYPE_REAL] = "real",  [TYPE_INT] = "int",   [TYPE_BOOL] = "bool",  [TYPE_INDEX] = "index",
};

static void
read_scalar(struct emit *e, const struct row_use *u, const struct type *t, const char *lv,
            const char *v, const char *indent)
{
    if (t->list && t->kind == TYPE_JSON) {
        em(e, "%sxd_read_jsons(x, %s, &%s);\n", indent, v, lv);
    } else if (t->list && t->kind == TYPE_STRING) {
        em(e, "%sxd_read_strs(x, %s, &%s);\n", indent, v, lv);
    } else if (t->kind <= TYPE_INDEX && t->kind != TYPE_NONE && !t->list) {
        em(e, "%sxd_read_%s(x, %s, &%s);\n", indent,
           e->fragments && types_is_stringlike(t) ? "part" : scalar_readers[t->kind], v, lv);
    } else {
        struct diag *d = diag_error(e->diags, u->r->pos, "a value of type %s%s%s needs a form",
                                    t->list ? "[" : "", types_name(t), t->list ? "]" : "");
        diag_help(d, "name a table, object or union behind ':'");
    }
}

/* A table's value, into the enum itself or into a record's field of that enum. */
static void
read_table(struct emit *e, const struct row_use *u, const struct form *f, const struct type *t,
           const char *lv, const char *v, const char *indent)
{
    struct str want = f->decl->model.v[0].name.s;
    const char *how = "read";

    for (unsigned i = 0; i < u->r->flags.n; i++)
        if (str_is(u->r->flags.v[i].s, "try"))
            how = "try";
    for (unsigned i = 0; t->kind == TYPE_RECORD && i < t->rec->fields.n; i++)
        if (str_eq(want, str_from(types_name(&t->rec->fields.v[i].type)))) {
            em(e, "%s%s.set = true;\n", indent, lv);
            lv = arena_printf(e->a, "%s.%s", lv, t->rec->fields.v[i].name.s.p).p;
            break;
        }
    em(e, "%sint w = xd_%s_word(x, %s, %s);\n", indent, how, v, own_table(e, f->decl));
    em(e, "%sif (w)\n%s    %s = (enum ir_%s)w;\n", indent, indent, lv, types_words(e->ir, want)->c);
}

/* An element that is a string: `[string as case]`, `[string as field]`. */
static void
read_string_element(struct emit *e, const struct form *f, const struct type *t, const char *indent)
{
    const char *kind = f->decl ? " && json_kind(&x->doc, i) == JSON_STRING" : "";

    em(e, "%s        if (item%s) {\n", indent, kind);
    if (t->kind == TYPE_UNION)
        em(e, "%s            item->kind = %s;\n%s            xd_read_%s(x, i, &item->%s.%s);\n",
           indent, case_constant(e->a, t->un, f->ucase), indent,
           scalar_readers[t->un->cases.v[f->ucase].fields.v[0].type.kind],
           t->un->cases.v[f->ucase].name.s.p, t->un->cases.v[f->ucase].fields.v[0].name.s.p);
    else
        em(e, "%s            item->set = true;\n%s            xd_read_str(x, i, &item->%.*s);\n",
           indent, indent, STR_ARG(f->word));
    em(e, "%s        }\n", indent);
}

static void
read_list(struct emit *e, const struct form *f, const struct type *t, const char *lv, const char *v,
          const char *indent)
{
    if (!f->decl && !f->word.p) {
        em(e, "%sxd_read_%ss(x, %s, &%s);\n", indent, t->kind == TYPE_JSON ? "json" : "str", v, lv);
        return;
    }
    if (f->decl && f->decl->kind == DECL_TABLE) {
        em(e, "%sxd_read_pairs(x, %s, %s, &%s);\n", indent, v, own_table(e, f->decl), lv);
        return;
    }
    bool one = dialect_names_camel(e->d); /* as protocol buffers have it: a list of one may be it */
    em(e, one ? "%sif (xd_want_items(x, %s))\n" : "%sif (xd_want(x, %s, JSON_ARRAY))\n", indent, v);
    em(e, "%s    %s(x, i, %s) {\n", indent, one ? "XD_ITEMS" : "XD_EACH", v);
    if (!t->list) {
        em(e, "%s        %s(x, i, %s);\n%s    }\n", indent, own_reader(e, f->decl),
           address_of(e, lv), indent);
        return;
    }
    if (f->decl && union_spread(f->decl)) {
        em(e, "%s        read_%s_many(x, i, &%s);\n%s    }\n", indent, decl_name(e, f->decl), lv,
           indent);
        return;
    }
    const char *c = t->kind == TYPE_UNION ? t->un->c : t->rec->c;
    if (f->decl && apart_row(f->decl))
        em(e, "%s        if (read_%s_apart(x, i, &%s))\n%s            continue;\n", indent,
           decl_name(e, f->decl), lv, indent);
    em(e, "%s        struct ir_%s *item = XD_PUSH(x, &%s);\n", indent, c, lv);
    if (f->word.p)
        read_string_element(e, f, t, indent);
    if (f->word.p && !f->decl) {
        em(e, "%s    }\n", indent);
        return;
    }
    if (f->word.p)
        em(e, "%s        else\n", indent);
    if (f->decl->kind == DECL_UNION)
        em(e, "%s        if (item && !%s(x, i, item))\n%s            %s.n--;\n", indent,
           own_reader(e, f->decl), indent, lv);
    else
        em(e, "%s        if (item)\n%s            %s(x, i, item);\n", indent, indent,
           own_reader(e, f->decl));
    em(e, "%s    }\n", indent);
}

/* `string as case` onto a list of blocks, `string` onto a list of strings, `string as field` onto a
 * record. */
static void
read_string(struct emit *e, const struct form *f, const struct type *t, const char *lv,
            const char *v, const char *indent)
{
    if (t->kind == TYPE_UNION && f->ucase >= 0) {
        const struct ir_ucase *c = &t->un->cases.v[f->ucase];
        em(e, "%sstruct ir_%s *item = XD_PUSH(x, &%s);\n", indent, t->un->c, lv);
        em(e, "%sif (item) {\n%s    item->kind = %s;\n", indent, indent,
           case_constant(e->a, t->un, f->ucase));
        em(e, "%s    xd_read_%s(x, %s, &item->%s.%s);\n%s}\n", indent,
           f->kinds == 1u << JSON_OBJECT ? "json" : scalar_readers[c->fields.v[0].type.kind], v,
           c->name.s.p, c->fields.v[0].name.s.p, indent);
    } else if (t->kind == TYPE_RECORD && types_field(&t->rec->fields, f->word)->type.list) {
        em(e, "%sxd_read_turn(x, %s, m);\n", indent, v);
    } else if (t->kind == TYPE_RECORD) {
        em(e, "%s%s.set = true;\n", indent, lv);
        em(e, "%sxd_read_str(x, %s, &%s.%.*s);\n", indent, v, lv, STR_ARG(f->word));
    } else {
        em(e, "%sstruct str *item = XD_PUSH(x, &%s);\n", indent, lv);
        em(e, "%sif (item)\n%s    xd_read_str(x, %s, item);\n", indent, indent, v);
    }
}

static void
read_form(struct emit *e, const struct row_use *u, const struct form *f, const struct type *t,
          const char *lv, const char *v, const char *indent)
{
    switch (f->is) {
    case FORM_IS_TABLE:
        read_table(e, u, f, t, lv, v, indent);
        break;
    case FORM_IS_PAIRS:
        em(e, "%sxd_read_pair(x, %s, %s, &%s);\n", indent, v, own_table(e, f->decl), lv);
        break;
    case FORM_IS_OBJECT:
        em(e, "%s%s(x, %s, %s);\n", indent, own_reader(e, f->decl), v, address_of(e, lv));
        break;
    case FORM_IS_UNION:
        em(e, "%s(void)%s(x, %s, %s);\n", indent, own_reader(e, f->decl), v, address_of(e, lv));
        break;
    case FORM_IS_ROUTES:
        if (f->un && !t->list) /* an element alone, into the locals of an event */
            em(e, "%sread_%s_element(x, %s, &turn);\n", indent, decl_name(e, f->decl), v);
        else
            em(e, "%s%s(x, %s, %s);\n", indent, own_reader(e, f->decl), v,
               f->un ? address_of(e, lv) : "m");
        break;
    case FORM_IS_TEXT_IN:
        em(e, "%sxd_read_text_in(x, %s, &%s);\n", indent, v, lv);
        break;
    case FORM_IS_LIST:
        read_list(e, f, t, lv, v, indent);
        break;
    case FORM_IS_STRING:
    case FORM_IS_JOIN:
        read_string(e, f, t, lv, v, indent);
        break;
    case FORM_IS_BEHIND:
        em(e, "%sxd_read_behind(x, %s, STR(%s), &%s);\n", indent, v, c_string(e->a, f->word), lv);
        break;
    case FORM_IS_CODEC:
        em(e, "%sxd_read_%s(x, %s, &%s);\n", indent, f->codec, v, lv);
        break;
    case FORM_IS_JSON:
        em(e, "%s%s.set = true;\n%sxd_read_json(x, %s, &%s.%.*s);\n", indent, lv, indent, v, lv,
           STR_ARG(f->word));
        break;
    case FORM_IS_EMPTY:
        em(e, "%s%s = %s;\n", indent, lv, enum_constant(e->a, t->en, f->word));
        break;
    case FORM_IS_GROWS:
    case FORM_IS_BAD:
        break;
    }
}

static const char *
kind_word(unsigned kinds)
{
    static const char *const names[] = { "",       "null",   "false",  "true",
                                         "number", "string", "object", "array" };

    for (unsigned k = 0; k < 8; k++)
        if (kinds & (1u << k))
            return names[k];
    return "nothing";
}

/* Alternatives are told apart by the JSON kind. */
static void
read_alternatives(struct emit *e, const struct row_use *u, const struct type *t, const char *lv,
                  const char *v, const char *indent)
{
    static const char *const constants[] = { "",
                                             "JSON_NULL",
                                             "JSON_FALSE",
                                             "JSON_TRUE",
                                             "JSON_NUMBER",
                                             "JSON_STRING",
                                             "JSON_OBJECT",
                                             "JSON_ARRAY" };
    struct str want = { NULL, 0 };
    const char *inner = arena_printf(e->a, "%s    ", indent).p;
    unsigned seen = 0;

    em(e, "%sswitch (json_kind(&x->doc, %s)) {\n", indent, v);
    for (unsigned i = 0; i < u->r->forms.n; i++) {
        struct form f = form_resolve(e, &u->r->forms.v[i], t);
        if (f.kinds & seen) {
            struct diag *d = diag_error(e->diags, u->r->forms.v[i].name.pos,
                                        "two alternatives of this row read a JSON %s",
                                        kind_word(f.kinds & seen));
            diag_note(d, u->r->forms.v[0].name.pos, "the other one is among these");
        }
        for (unsigned k = 0; k < 8; k++)
            if (f.kinds & ~seen & (1u << k))
                em(e, "%scase %s:\n", indent, constants[k]);
        em(e, "%s{\n", indent);
        read_form(e, u, &f, t, lv, v, inner);
        em(e, "%s    break;\n%s}\n", indent, indent);
        if (want.p)
            arena_append(e->a, &want, STR(" or "));
        arena_append(e->a, &want, str_from(kind_word(f.kinds)));
        seen |= f.kinds;
    }
    em(e, "%sdefault:\n%s    xd_mismatch(x, %s, \"%.*s\");\n%s}\n", indent, indent, v,
       STR_ARG(want), indent);
}

static void
read_forms(struct emit *e, const struct row_use *u, const struct type *t, const char *lv,
           const char *v, const char *indent)
{
    if (u->r->forms.n == 0) {
        read_scalar(e, u, t, lv, v, indent);
    } else if (u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], t);
        read_form(e, u, &f, t, lv, v, indent);
    } else {
        read_alternatives(e, u, t, lv, v, indent);
    }
}

/* blocks.thinking.text, blocks.audio : audio_ref, blocks.text.citations : [annotation] */
static void
read_gather(struct emit *e, const struct row_use *u, const struct target *t, const char *v,
            const char *indent)
{
    const char *inner = arena_printf(e->a, "%s    ", indent).p;
    const char *kind = case_constant(e->a, t->un, t->ucase);
    const char *item = t->field ? arena_printf(e->a, "item_%s", t->un->c).p : "item";
    bool last = t->field && t->field->type.list;

    if (gathers_bytes(u->r)) {
        em(e, "%sxd_read_bytes(x, %s, &%s, %s);\n", indent, v, t->list, kind);
        return;
    }
    if (last)
        em(e, "%sstruct ir_%s *%s = xd_last_%s(x, &%s, %s);\n", indent, t->un->c, item, t->un->c,
           t->list, kind);
    else
        em(e, "%sstruct ir_%s *%s = XD_PUSH(x, &%s);\n", indent, t->un->c, item, t->list);
    em(e, "%sif (%s) {\n", indent, item);
    em(e, "%s%s->kind = %s;\n", inner, item, kind);
    if (t->field) {
        read_forms(e, u, &t->field->type,
                   arena_printf(e->a, "%s->%s.%s", item, t->un->cases.v[t->ucase].name.s.p,
                                t->field->name.s.p)
                       .p,
                   v, inner);
    } else if (u->r->forms.n == 1) {
        struct form f = form_resolve(e, &u->r->forms.v[0], &t->type);
        if (f.is == FORM_IS_OBJECT)
            em(e, "%s%s(x, %s, item);\n", inner, own_reader(e, f.decl), v);
        else
            diag_error(e->diags, u->r->pos, "this row needs an object as its form");
    } else {
        diag_error(e->diags, u->r->pos, "this row needs one form, an object");
    }
    em(e, "%s}\n", indent);
}

void
emit_read_value(struct emit *e, const struct body *b, const struct row_use *u, const char *v,
                const char *indent)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_READ, e->diags);

    if (!t.ok)
        return;
    if (t.select)
        em(e, "%s%s\n", indent, t.select);
    if (t.gather)
        read_gather(e, u, &t, v, indent);
    else
        read_forms(e, u, &t.type, t.lvalue, v, indent);
}
