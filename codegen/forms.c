/* What a row's value looks like on the wire: the forms behind ':'. */
#include "codegen/emit.h"

#include "runtime/json/doc.h"

#define KIND(k) (1u << JSON_##k)

static const struct {
    const char *name;
    enum type_kind type;
    const char *record;
    unsigned kinds;
    bool list;
} codecs[] = {
    { "media_url", TYPE_UNION, "Source", KIND(STRING), false },
    { "data_url", TYPE_UNION, "Source", KIND(STRING), false },
    { "json_object", TYPE_JSON, NULL, KIND(OBJECT), false },
    { "seconds", TYPE_INT, NULL, KIND(NUMBER) | KIND(STRING), false },
    { "json_text", TYPE_TEXT, NULL, ~0u, false },
    { "base64_text", TYPE_OPAQUE, NULL, KIND(STRING), false },
    { "text_parts", TYPE_TEXT, NULL, KIND(STRING) | KIND(ARRAY), false },
    { "texts", TYPE_TEXT, NULL, KIND(STRING) | KIND(ARRAY), false },
    { "not", TYPE_BOOL, NULL, KIND(TRUE) | KIND(FALSE), false },
    { "texts_or_tokens", TYPE_UNION, "Input", KIND(STRING) | KIND(ARRAY), true },
    { "vector", TYPE_UNION, "Numbers", KIND(STRING) | KIND(ARRAY), false },
    { "one_vector", TYPE_RECORD, "Vector", KIND(STRING) | KIND(ARRAY), true },
    { "packed_ints", TYPE_UNION, "Numbers", KIND(STRING), false },
    { "float_vectors", TYPE_RECORD, "Vector", KIND(ARRAY), true },
    { "packed_vectors", TYPE_RECORD, "Vector", KIND(ARRAY), true },
    { "int8_vectors", TYPE_RECORD, "Vector", KIND(ARRAY), true },
    { "uint8_vectors", TYPE_RECORD, "Vector", KIND(ARRAY), true },
    { "binary_vectors", TYPE_RECORD, "Vector", KIND(ARRAY), true },
    { "ubinary_vectors", TYPE_RECORD, "Vector", KIND(ARRAY), true },
    { "base64", TYPE_OPAQUE, NULL, KIND(STRING), false },
    { "duration", TYPE_INT, NULL, KIND(STRING), false },
    { "alone", TYPE_STRING, NULL, KIND(ARRAY), false },
    { "budget", TYPE_RECORD, "Reasoning", KIND(NUMBER), false },
    { "outcome", TYPE_UNION, "Block", KIND(OBJECT), false },
    { "prompt", TYPE_RECORD, "Request", KIND(STRING) | KIND(ARRAY), false },
    { "prompt_beside", TYPE_RECORD, "Request", KIND(STRING), false },
    { "prompt_images", TYPE_RECORD, "Request", KIND(ARRAY), false },
};

uint32_t
codec_cases(const struct ir_union *u, struct str codec)
{
    static const struct {
        const char *codec, *ucase;
    } writes[] = {
        { "media_url", "bytes" },    { "media_url", "url" },        { "data_url", "bytes" },
        { "data_url", "plain" },     { "texts_or_tokens", "text" }, { "texts_or_tokens", "tokens" },
        { "vector", "floats" },      { "vector", "packed" },        { "vector", "ints" },
        { "packed_ints", "floats" }, { "packed_ints", "ints" },
    };
    uint32_t mask = 0;

    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        int c = str_is(codec, writes[i].codec) ? types_case(u, str_from(writes[i].ucase)) : -1;
        if (c >= 0)
            mask |= 1u << c;
    }
    return mask;
}

/* "[Turn]" */
static const char *
type_text(struct emit *e, const struct type *t)
{
    return arena_printf(e->a, t->list ? "[%s]" : "%s", types_name(t)).p;
}

static bool
codec_form(struct emit *e, const struct ast_form *f, const struct type *t, struct form *out)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (!str_is(f->name.s, codecs[i].name))
            continue;
        out->is = FORM_IS_CODEC;
        out->codec = codecs[i].name;
        out->kinds = codecs[i].kinds;
        out->listed = codecs[i].list;
        if (t->kind != codecs[i].type || t->list != codecs[i].list
            || (codecs[i].record && strcmp(codecs[i].record, types_name(t)) != 0)) {
            struct type want = { .kind = codecs[i].type };
            diag_error(e->diags, f->name.pos, "'%s' is for a value of type %s, here stands %s",
                       codecs[i].name, codecs[i].record ? codecs[i].record : types_name(&want),
                       type_text(e, t));
            out->is = FORM_IS_BAD;
        }
        return true;
    }
    return false;
}

static bool
maps_type(const struct ast_decl *decl, const struct type *t)
{
    struct str want = decl->model.v[0].name.s;

    if (decl->kind == DECL_LIST && str_is(want, "Turn"))
        return t->kind == TYPE_UNION && str_is(t->un->name.s, "Block");
    if (t->list)
        return false;
    if (str_eq(want, str_from(types_name(t))))
        return true;
    if (decl->kind != DECL_TABLE)
        return false;
    if (str_is(want, "string"))
        return types_is_stringlike(t);
    for (unsigned i = 0; t->kind == TYPE_RECORD && i < t->rec->fields.n; i++)
        if (str_eq(want, str_from(types_name(&t->rec->fields.v[i].type))))
            return true; /* a record stands for its field of that enum */
    return false;
}

/* Does the declaration map onto what the row names? */
static bool
check_model(struct emit *e, const struct ast_form *f, const struct ast_decl *decl,
            const struct type *t)
{
    if (maps_type(decl, t))
        return true;
    struct diag *d = diag_error(
        e->diags, f->name.pos, "'%.*s' maps a value of type %s, here stands %s", STR_ARG(f->name.s),
        path_text(e->a, &decl->model).p, type_text(e, t));
    diag_note(d, decl->name.pos, "declared here");
    struct type element = *t;
    element.list = false;
    if (t->list && maps_type(decl, &element))
        diag_help(d, "for each element of a list: [%.*s]", STR_ARG(f->name.s));
    return false;
}

/* The kinds of the words of a table: strings, and what stands without quotes. */
static unsigned
table_kinds(const struct ast_decl *decl)
{
    unsigned kinds = 0;

    for (unsigned i = 0; i < decl->table.n; i++) {
        const struct ast_table_row *r = &decl->table.v[i];
        for (unsigned k = 0; r->arrow != ARROW_WRITE && k < r->wire.n; k++) {
            struct word w = r->wire.v[k];
            bool quoted = w.pos.src->text.p[w.pos.at] == '"' || r->any;
            kinds |= quoted                 ? KIND(STRING)
                     : str_is(w.s, "true")  ? KIND(TRUE)
                     : str_is(w.s, "false") ? KIND(FALSE)
                                            : KIND(NUMBER);
        }
    }
    return kinds ? kinds : KIND(STRING);
}

static void
decl_form(struct emit *e, const struct ast_form *f, const struct type *t, struct form *out)
{
    out->decl = find_decl(e, f->name);
    out->is = FORM_IS_BAD;
    if (!out->decl || (out->decl->kind != DECL_STREAM && !check_model(e, f, out->decl, t)))
        return;
    switch (out->decl->kind) {
    case DECL_TABLE:
        out->is = str_is(out->decl->model.v[0].name.s, "string") ? FORM_IS_PAIRS : FORM_IS_TABLE;
        out->kinds = table_kinds(out->decl);
        break;
    case DECL_OBJECT:
        out->is = FORM_IS_OBJECT;
        out->kinds = KIND(OBJECT);
        out->un = types_union(e->ir, out->decl->model.v[0].name.s);
        out->ucase = out->un && out->decl->model.n > 1
                         ? types_case(out->un, out->decl->model.v[1].name.s)
                         : -1;
        break;
    case DECL_UNION:
        out->is = FORM_IS_UNION;
        out->kinds = KIND(OBJECT);
        out->un = types_union(e->ir, out->decl->model.v[0].name.s);
        break;
    case DECL_LIST:
        out->is = FORM_IS_ROUTES;
        out->kinds = KIND(ARRAY);
        out->un = routes_of_blocks(out->decl) ? types_union(e->ir, STR("Block")) : NULL;
        break;
    default:
        diag_error(e->diags, f->name.pos, "'%.*s' cannot be the form of a value",
                   STR_ARG(f->name.s));
    }
}

/* `string`: one of a list of strings */
static void
one_string_form(struct emit *e, const struct ast_form *f, const struct type *t, struct form *out)
{
    out->is = FORM_IS_STRING;
    out->kinds = KIND(STRING);
    if (t->kind == TYPE_STRING && t->list)
        return;
    out->is = FORM_IS_BAD;
    diag_error(e->diags, f->name.pos, "'string' is for one value of type [string], here stands %s",
               type_text(e, t));
}

static bool string_field(struct emit *e, struct word name, const struct ir_record *r);
static int string_case(struct emit *e, struct word name, const struct ir_union *u);

/* `[string as text]`, `[string as text | part]` */
static bool
list_as_form(struct emit *e, const struct ast_form *f, const struct type *t, struct form *out)
{
    out->word = f->as.s;
    if (t->kind == TYPE_UNION)
        return (out->ucase = string_case(e, f->as, t->un)) >= 0;
    if (t->kind == TYPE_RECORD)
        return string_field(e, f->as, t->rec);
    diag_error(e->diags, f->as.pos, "'[string as %.*s]' is for a list of records or of a union",
               STR_ARG(f->as.s));
    return false;
}

/* `[string]`, `[json]`, `[part]` */
static void
list_form(struct emit *e, const struct ast_form *f, const struct type *t, struct form *out)
{
    struct type element = *t;
    bool plain = !f->as.s.n && (str_is(f->name.s, "string") || str_is(f->name.s, "json"));

    element.list = false;
    /* A list whose elements each say a part of the record. */
    bool parts = !plain && !f->as.s.n && !t->list && t->kind == TYPE_RECORD;
    if ((!t->list && !parts) || (plain && !str_eq(f->name.s, str_from(types_name(t))))) {
        struct word head = f->as.s.n ? f->as : f->name;
        diag_error(e->diags, head.pos, "'[%s%.*s]' is for a list%s%.*s, here stands %s",
                   f->as.s.n ? "string as " : "", STR_ARG(head.s), plain ? " of " : "",
                   plain ? (int)f->name.s.n : 0, f->name.s.p, type_text(e, t));
        return;
    }
    if (f->name.s.n && !plain)
        decl_form(e, f, &element, out);
    if (out->is == FORM_IS_PAIRS && t->list && t->kind == TYPE_STRING) {
        out->is = FORM_IS_LIST;
        out->kinds = KIND(ARRAY);
        return;
    }
    if (f->name.s.n && !plain && out->is != FORM_IS_OBJECT && out->is != FORM_IS_UNION) {
        if (out->is != FORM_IS_BAD)
            diag_error(e->diags, f->name.pos,
                       "the elements of a list are objects or unions, '%.*s' is a %s",
                       STR_ARG(f->name.s), out->is == FORM_IS_ROUTES ? "list" : "table");
        out->is = FORM_IS_BAD;
        return;
    }
    out->is = f->as.s.n && !list_as_form(e, f, &element, out) ? FORM_IS_BAD : FORM_IS_LIST;
    out->kinds = KIND(ARRAY);
}

/* The case whose first field a string becomes; -1 with an error. */
static int
string_case(struct emit *e, struct word name, const struct ir_union *u)
{
    int c = want_case(u, name, e->diags);

    if (c < 0)
        return -1;
    if (u->cases.v[c].fields.n && types_is_stringlike(&u->cases.v[c].fields.v[0].type))
        return c;
    diag_error(e->diags, name.pos, "the first field of '%.*s' is no string", STR_ARG(name.s));
    return -1;
}

/* A string may stand for a conversation of one turn. */
static bool
is_turns(const struct ir_field *f)
{
    return f && f->type.list && f->type.kind == TYPE_RECORD && str_is(f->type.rec->name.s, "Turn");
}

static bool
string_field(struct emit *e, struct word name, const struct ir_record *r)
{
    const struct ir_field *field = types_field(&r->fields, name.s);

    if ((field && types_is_stringlike(&field->type)) || is_turns(field))
        return true;
    struct diag *d = diag_error(e->diags, name.pos,
                                field ? "field '%s.%.*s' is no string" : "'%s' has no field '%.*s'",
                                r->name.s.p, STR_ARG(name.s));
    if (!field)
        suggest_field(d, &r->fields, name.s);
    return false;
}

/* `string as text` onto blocks or a record, `string joins text` onto blocks. */
static void
string_form(struct emit *e, const struct ast_form *f, const struct type *t, struct form *out)
{
    bool joins = f->kind == FORM_STRING_JOINS, fits = false;

    out->word = f->name.s;
    out->kinds = KIND(STRING);
    if (t->kind == TYPE_UNION && t->list) {
        out->un = t->un;
        out->ucase = string_case(e, f->name, t->un);
        fits = out->ucase >= 0;
    } else if (t->kind == TYPE_RECORD && !t->list && !joins) {
        fits = string_field(e, f->name, t->rec);
    } else {
        diag_error(e->diags, f->name.pos, "'string %s' is for %s, here stands %s",
                   joins ? "joins" : "as",
                   joins ? "a list of blocks" : "a list of blocks or a record", type_text(e, t));
    }
    out->is = !fits ? FORM_IS_BAD : joins ? FORM_IS_JOIN : FORM_IS_STRING;
}

/* `json as schema` onto a record */
static void
json_form(struct emit *e, const struct ast_form *f, const struct type *t, struct form *out)
{
    bool record = t->kind == TYPE_RECORD && !t->list;
    const struct ir_field *field = record ? types_field(&t->rec->fields, f->name.s) : NULL;

    out->kinds = KIND(OBJECT);
    out->word = f->name.s;
    if (!record)
        diag_error(e->diags, f->name.pos, "'json as' is for a record, here stands %s",
                   type_text(e, t));
    else if (!field || field->type.kind != TYPE_JSON || field->type.list)
        diag_error(e->diags, f->name.pos, "'%s' has no field '%.*s' of type json", t->rec->name.s.p,
                   STR_ARG(f->name.s));
    else
        out->is = FORM_IS_JSON;
}

struct form
form_resolve(struct emit *e, const struct ast_form *f, const struct type *t)
{
    struct form out = { .is = FORM_IS_BAD, .ucase = -1 };

    switch (f->kind) {
    case FORM_NAME:
        if (str_is(f->name.s, "string"))
            one_string_form(e, f, t, &out);
        else if (!codec_form(e, f, t, &out))
            decl_form(e, f, t, &out);
        break;
    case FORM_LIST:
        list_form(e, f, t, &out);
        break;
    case FORM_STRING_AS:
    case FORM_STRING_JOINS:
        string_form(e, f, t, &out);
        break;
    case FORM_OBJECT_AS:
        string_form(e, f, t, &out);
        out.kinds = KIND(OBJECT);
        break;
    case FORM_BEHIND:
        out.is = t->kind == TYPE_STRING && !t->list ? FORM_IS_BEHIND : FORM_IS_BAD;
        out.word = f->name.s;
        out.kinds = KIND(STRING);
        if (out.is == FORM_IS_BAD)
            diag_error(e->diags, f->name.pos,
                       "'behind' is for a value of type string, here stands %s", type_text(e, t));
        break;
    case FORM_JSON_IN_STRING:
        out.is = FORM_IS_CODEC;
        out.codec = "json_in_string";
        out.kinds = KIND(STRING);
        if (t->kind != TYPE_JSON || t->list)
            diag_error(e->diags, f->name.pos,
                       "'json in string' is for a value of type json, here stands %s",
                       type_text(e, t));
        break;
    case FORM_TEXT_IN:
        out.is = FORM_IS_TEXT_IN;
        out.word = f->name.s;
        out.kinds = KIND(ARRAY);
        if (t->kind != TYPE_TEXT || t->list)
            diag_error(e->diags, f->name.pos,
                       "'text in %.*s' is for a value of type text, here stands %s",
                       STR_ARG(f->name.s), type_text(e, t));
        break;
    case FORM_JSON_AS:
        json_form(e, f, t, &out);
        break;
    case FORM_EMPTY_AS:
        out.kinds = KIND(OBJECT);
        out.word = f->name.s;
        if (t->kind != TYPE_ENUM || t->list)
            diag_error(e->diags, f->name.pos, "'{} as' is for an enum, here stands %s",
                       type_text(e, t));
        else if (want_value(t->en, f->name, e->diags) >= 0)
            out.is = FORM_IS_EMPTY;
        break;
    case FORM_GROWS:
        out.is = FORM_IS_GROWS;
        out.kinds = KIND(OBJECT);
        break;
    }
    return out;
}

bool
gathers_bytes(const struct ast_row *r)
{
    return r->forms.n == 1 && r->forms.v[0].kind == FORM_LIST
           && str_is(r->forms.v[0].name.s, "bytes");
}

/* Cases that a union declaration maps in this direction. */
static uint32_t
union_mask(const struct ast_decl *decl, const struct ir_union *un, enum dir dir)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[i];
        if (c->arrow == (dir == DIR_READ ? ARROW_WRITE : ARROW_READ))
            continue;
        for (unsigned k = 0; k < c->model.n; k++) {
            int n = types_case(un, c->model.v[k].v[0].name.s);
            if (n >= 0)
                mask |= 1u << (n + 1);
        }
    }
    return mask;
}

uint32_t
form_mask(struct emit *e, const struct form *f, enum dir dir)
{
    if (f->is == FORM_IS_ROUTES && f->un)
        return routes_mask(e, f->decl);
    if (f->decl && f->decl->kind == DECL_UNION && f->un)
        return union_mask(f->decl, f->un, dir);
    if (f->ucase >= 0)
        return 1u << (f->ucase + 1);
    return 0;
}

/* The case that a row names in its path, or by an object on one case. */
static uint32_t
row_claim(struct emit *e, const struct body *b, const struct row_use *u)
{
    if (u->r->kind != ROW_MAP || u->r->model.n != 1 || u->r->arrow == ARROW_READ)
        return 0;
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_WRITE, e->diags);
    if (!t.ok)
        return 0;
    if (t.gather) /* a list beside the text (citations) leaves the block to others */
        return t.field && t.field->type.list ? 0 : 1u << (t.ucase + 1);
    if (t.type.kind != TYPE_UNION || !t.type.list || u->r->forms.n != 1)
        return 0;
    struct form f = form_resolve(e, &u->r->forms.v[0], &t.type);
    return f.decl && f.decl->kind == DECL_OBJECT ? form_mask(e, &f, DIR_WRITE) : 0;
}

uint32_t
body_claims(struct emit *e, const struct body *b, const struct row_use *not_me)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < b->uses.n; i++)
        if (&b->uses.v[i] != not_me && (!not_me->group || b->uses.v[i].group != not_me->group))
            mask |= row_claim(e, b, &b->uses.v[i]);
    return mask;
}

uint32_t
row_mask(struct emit *e, const struct body *b, const struct row_use *u, enum dir dir)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], dir, e->diags);
    uint32_t mask = 0;

    if (t.gather)
        return 1u << (t.ucase + 1);
    if (!t.ok || t.type.kind != TYPE_UNION || !t.type.list)
        return 0;
    for (unsigned i = 0; i < u->r->forms.n; i++) {
        struct form f = form_resolve(e, &u->r->forms.v[i], &t.type);
        mask |= form_mask(e, &f, dir);
    }
    return row_claim(e, b, u) ? mask : mask & ~body_claims(e, b, u);
}
