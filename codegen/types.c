/* Resolving specs/ir.spec. */
#include "codegen/types.h"

#include <ctype.h>

static const struct {
    const char *name;
    enum type_kind kind;
} scalars[] = {
    { "string", TYPE_STRING }, { "text", TYPE_TEXT },   { "opaque", TYPE_OPAQUE },
    { "json", TYPE_JSON },     { "real", TYPE_REAL },   { "int", TYPE_INT },
    { "bool", TYPE_BOOL },     { "index", TYPE_INDEX }, { "flag", TYPE_BOOL },
    { "seal", TYPE_OPAQUE },   { "hint", TYPE_STRING },
};

/* What the runtime serves or carries elsewhere where a dialect has no member for it. */
static bool
is_served(struct str name)
{
    return str_is(name, "flag") || str_is(name, "seal") || str_is(name, "hint");
}

const char *
types_snake(struct arena *a, struct str name)
{
    char *out = arena_alloc(a, 2 * name.n + 1);
    size_t n = 0;

    for (size_t i = 0; out && i < name.n; i++) {
        if (i && isupper((unsigned char)name.p[i]))
            out[n++] = '_';
        out[n++] = (char)tolower((unsigned char)name.p[i]);
    }
    return out;
}

const char *
types_upper(struct arena *a, struct str name)
{
    char *out = (char *)types_snake(a, name);

    for (char *p = out; p && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return out;
}

const struct ir_enum *
types_enum(const struct ir_model *m, struct str name)
{
    for (unsigned i = 0; i < m->enums.n; i++)
        if (str_eq(m->enums.v[i].name.s, name))
            return &m->enums.v[i];
    return NULL;
}

const struct ir_enum *
types_words(const struct ir_model *m, struct str name)
{
    static struct ast_enum_value values[] = {
        { .name = { STR_INIT("false"), { NULL, 0, 0 } } },
        { .name = { STR_INIT("true"), { NULL, 0, 0 } } },
    };
    static const struct ir_enum boolean = { { STR_INIT("bool"), { NULL, 0, 0 } },
                                            "bool",
                                            { values, 2, 2 } };

    return str_is(name, "bool") ? &boolean : types_enum(m, name);
}

const struct ir_record *
types_record(const struct ir_model *m, struct str name)
{
    for (unsigned i = 0; i < m->records.n; i++)
        if (str_eq(m->records.v[i].name.s, name))
            return &m->records.v[i];
    return NULL;
}

const struct ir_union *
types_union(const struct ir_model *m, struct str name)
{
    for (unsigned i = 0; i < m->unions.n; i++)
        if (str_eq(m->unions.v[i].name.s, name))
            return &m->unions.v[i];
    return NULL;
}

const struct ir_field *
types_field(const struct ir_fields *f, struct str name)
{
    for (unsigned i = 0; i < f->n; i++)
        if (str_eq(f->v[i].name.s, name))
            return &f->v[i];
    return NULL;
}

int
types_case(const struct ir_union *u, struct str name)
{
    for (unsigned i = 0; i < u->cases.n; i++)
        if (str_eq(u->cases.v[i].name.s, name))
            return (int)i;
    return -1;
}

int
types_value(const struct ir_enum *e, struct str name)
{
    for (unsigned i = 0; i < e->values.n; i++)
        if (str_eq(e->values.v[i].name.s, name))
            return (int)i;
    return -1;
}

const struct policy *
types_policy(const struct ir_model *m, struct str name)
{
    for (unsigned i = 0; i < m->policies.n; i++)
        if (str_eq(m->policies.v[i].name.s, name))
            return &m->policies.v[i];
    return NULL;
}

bool
types_is_stringlike(const struct type *t)
{
    return !t->list && t->kind >= TYPE_STRING && t->kind <= TYPE_REAL;
}

const char *
types_c(struct arena *a, const struct type *t)
{
    switch (t->kind) {
    case TYPE_NONE:
        return "void";
    case TYPE_STRING:
    case TYPE_TEXT:
    case TYPE_OPAQUE:
    case TYPE_JSON:
    case TYPE_REAL:
        return t->list ? "struct ir_strs" : "struct str";
    case TYPE_INT:
        return "struct ir_int";
    case TYPE_BOOL:
        return "enum ir_bool";
    case TYPE_INDEX:
        return "unsigned";
    case TYPE_ENUM:
        return arena_printf(a, "enum ir_%s", t->en->c).p;
    case TYPE_RECORD:
        return arena_printf(a, "struct ir_%s%s", t->rec->c, t->list ? "s" : "").p;
    case TYPE_UNION:
        return arena_printf(a, "struct ir_%s%s", t->un->c, t->list ? "s" : "").p;
    }
    return "void";
}

const char *
types_present(struct arena *a, const struct type *t, const char *lvalue)
{
    if (t->list)
        return arena_printf(a, "%s.n", lvalue).p;
    switch (t->kind) {
    case TYPE_STRING:
    case TYPE_TEXT:
    case TYPE_OPAQUE:
    case TYPE_JSON:
    case TYPE_REAL:
        return arena_printf(a, "%s.p", lvalue).p;
    case TYPE_INT:
    case TYPE_RECORD:
        return arena_printf(a, "%s.set", lvalue).p;
    case TYPE_UNION:
        return arena_printf(a, "%s.kind", lvalue).p;
    case TYPE_BOOL:
    case TYPE_ENUM:
        return lvalue;
    case TYPE_NONE:
    case TYPE_INDEX:
        break;
    }
    return "true";
}

const char *
types_name(const struct type *t)
{
    switch (t->kind) {
    case TYPE_ENUM:
        return t->en->name.s.p; /* names are NUL-terminated copies, see keep_word */
    case TYPE_RECORD:
        return t->rec->name.s.p;
    case TYPE_UNION:
        return t->un->name.s.p;
    case TYPE_NONE:
        return "nothing";
    case TYPE_INDEX:
        return "index";
    default:
        for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
            if (scalars[i].kind == t->kind)
                return scalars[i].name;
    }
    return "?";
}

/* A word whose string is NUL-terminated, so that it can be printed with %s. */
static struct word
keep_word(struct arena *a, struct word w)
{
    w.s = arena_printf(a, "%.*s", STR_ARG(w.s));
    return w;
}

static void
check_values(const struct ast_enum_values *values, struct diags *d)
{
    for (unsigned i = 0; i < values->n; i++)
        for (unsigned k = 0; k < i; k++)
            if (str_eq(values->v[i].name.s, values->v[k].name.s)) {
                struct diag *e = diag_error(d, values->v[i].name.pos,
                                            "value '%.*s' is declared twice",
                                            STR_ARG(values->v[i].name.s));
                diag_note(e, values->v[k].name.pos, "first here");
            }
}

static enum policy_takes
resolve_takes(const struct ast_decl *decl, struct diags *d)
{
    if (!decl->takes.s.n)
        return POLICY_TAKES_WORDS;
    if (str_is(decl->takes.s, "number"))
        return POLICY_TAKES_NUMBER;
    if (!str_is(decl->takes.s, "class"))
        diag_help(
            diag_error(d, decl->takes.pos, "a policy cannot take a '%.*s'", STR_ARG(decl->takes.s)),
            "besides its words a policy takes a number or a class (of characters), or nothing");
    return POLICY_TAKES_CLASS;
}

static void
declare_policy(struct arena *a, struct ir_model *m, const struct ast_decl *decl, struct diags *d)
{
    struct policy *p = arena_push(a, (void **)&m->policies.v, &m->policies.n, &m->policies.cap,
                                  sizeof *p);

    *p = (struct policy){ keep_word(a, decl->name), resolve_takes(decl, d), decl->values };
    check_values(&decl->values, d);
    if (decl->values.n == 0)
        diag_help(diag_error(d, decl->pos, "policy '%.*s' has no values", STR_ARG(decl->name.s)),
                  "the first one is the default, which changes nothing: policy %.*s { keep }",
                  STR_ARG(decl->name.s));
    for (unsigned i = 0; i < decl->values.n; i++)
        if (decl->values.v[i].flags.n)
            diag_error(d, decl->values.v[i].flags.v[0].pos, "the values of a policy have no flags");
}

static void
declare(struct arena *a, struct ir_model *m, const struct ast_decl *decl, struct diags *d)
{
    struct word name = keep_word(a, decl->name);
    const char *c = types_snake(a, name.s);

    switch (decl->kind) {
    case DECL_ENUM: {
        check_values(&decl->values, d);
        struct ir_enum *e = arena_push(a, (void **)&m->enums.v, &m->enums.n, &m->enums.cap,
                                       sizeof *e);
        *e = (struct ir_enum){ name, c, decl->values };
        break;
    }
    case DECL_RECORD: {
        struct ir_record *r = arena_push(a, (void **)&m->records.v, &m->records.n, &m->records.cap,
                                         sizeof *r);
        *r = (struct ir_record){ .name = name, .c = c };
        break;
    }
    case DECL_MODEL_UNION: {
        struct ir_union *u = arena_push(a, (void **)&m->unions.v, &m->unions.n, &m->unions.cap,
                                        sizeof *u);
        *u = (struct ir_union){ .name = name, .c = c };
        break;
    }
    case DECL_EVENTS:
        if (m->events)
            diag_note(diag_error(d, decl->pos, "the events of a reply are declared twice"),
                      m->events->pos, "first here");
        m->events = decl;
        break;
    case DECL_POLICY:
        declare_policy(a, m, decl, d);
        break;
    default:
        break;
    }
}

static void
suggest_type(struct diag *e, const struct ir_model *m, struct str name)
{
    struct suggestion s = suggestion_for(name);

    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        suggestion_consider(&s, str_from(scalars[i].name));
    for (unsigned i = 0; i < m->file->decls.n; i++)
        if (m->file->decls.v[i].kind != DECL_EVENTS && m->file->decls.v[i].kind != DECL_POLICY)
            suggestion_consider(&s, m->file->decls.v[i].name.s);
    if (!diag_suggest(e, &s))
        diag_help(
            e,
            "use string, text, opaque, json, int, real, bool, flag, seal, hint, index, or a record, union or enum of this file");
}

static struct type
resolve_type(struct ir_model *m, struct diags *d, const struct ast_type *t)
{
    struct type out = { .list = t->list, .always = t->always, .served = is_served(t->name.s) };

    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (str_is(t->name.s, scalars[i].name))
            out.kind = scalars[i].kind;
    if ((out.en = types_enum(m, t->name.s)))
        out.kind = TYPE_ENUM;
    if ((out.rec = types_record(m, t->name.s))) {
        out.kind = TYPE_RECORD;
        ((struct ir_record *)out.rec)->listed |= t->list;
    }
    if ((out.un = types_union(m, t->name.s))) {
        out.kind = TYPE_UNION;
        ((struct ir_union *)out.un)->listed |= t->list;
    }
    if (out.kind == TYPE_NONE) {
        struct diag *e = diag_error(d, t->name.pos, "there is no type '%.*s'", STR_ARG(t->name.s));
        suggest_type(e, m, t->name.s);
    } else if (out.list
               && (out.kind == TYPE_INT || out.kind == TYPE_BOOL || out.kind == TYPE_ENUM)) {
        diag_error(d, t->name.pos, "there are no lists of %s", types_name(&out));
    }
    return out;
}

static struct ir_fields
resolve_fields(struct arena *a, struct ir_model *m, struct diags *d, const struct ast_fields *in)
{
    struct ir_fields out = { NULL, 0, 0 };

    for (unsigned i = 0; i < in->n; i++) {
        const struct ir_field *old = types_field(&out, in->v[i].name.s);
        if (old) {
            struct diag *e = diag_error(d, in->v[i].name.pos, "field '%.*s' is declared twice",
                                        STR_ARG(in->v[i].name.s));
            diag_note(e, old->name.pos, "first here");
            continue;
        }
        struct ir_field *f = arena_push(a, (void **)&out.v, &out.n, &out.cap, sizeof *f);
        *f = (struct ir_field){ keep_word(a, in->v[i].name), resolve_type(m, d, &in->v[i].type) };
    }
    return out;
}

static void
resolve_union(struct arena *a, struct ir_model *m, struct diags *d, struct ir_union *u,
              const struct ast_decl *decl)
{
    u->common = resolve_fields(a, m, d, &decl->fields);
    for (unsigned i = 0; i < decl->cases.n; i++) {
        const struct ast_case *c = &decl->cases.v[i];
        if (types_case(u, c->name.s) >= 0) {
            struct diag *e = diag_error(d, c->name.pos, "case '%.*s' is declared twice",
                                        STR_ARG(c->name.s));
            diag_note(e, u->cases.v[types_case(u, c->name.s)].name.pos, "first here");
            continue;
        }
        struct ir_fields fields = resolve_fields(a, m, d, &c->fields);
        struct ir_ucase *k = arena_push(a, (void **)&u->cases.v, &u->cases.n, &u->cases.cap,
                                        sizeof *k);
        *k = (struct ir_ucase){ keep_word(a, c->name), fields };
    }
    if (u->cases.n > 31)
        diag_error(d, decl->pos, "a union has at most 31 cases, '%.*s' has %u",
                   STR_ARG(decl->name.s), u->cases.n);
}

static void
check_repeated(struct diags *d, const struct ast_decls *decls)
{
    for (unsigned i = 0; i < decls->n; i++)
        for (unsigned k = 0; k < i; k++)
            if (decls->v[i].kind != DECL_EVENTS && decls->v[k].kind != DECL_EVENTS
                && str_eq(decls->v[i].name.s, decls->v[k].name.s)) {
                struct diag *e = diag_error(d, decls->v[i].name.pos, "'%.*s' is declared twice",
                                            STR_ARG(decls->v[i].name.s));
                diag_note(e, decls->v[k].name.pos, "first here");
                break;
            }
}

struct ir_model *
types_resolve(struct arena *a, const struct ast_file *file, struct diags *d)
{
    struct ir_model *m = arena_alloc(a, sizeof *m);

    m->file = file;
    check_repeated(d, &file->decls);
    for (unsigned i = 0; i < file->decls.n; i++)
        declare(a, m, &file->decls.v[i], d);
    for (unsigned i = 0; i < file->decls.n; i++) {
        const struct ast_decl *decl = &file->decls.v[i];
        struct ir_record *r = (struct ir_record *)types_record(m, decl->name.s);
        struct ir_union *u = (struct ir_union *)types_union(m, decl->name.s);
        if (decl->kind == DECL_RECORD)
            r->fields = resolve_fields(a, m, d, &decl->fields);
        else if (decl->kind == DECL_MODEL_UNION)
            resolve_union(a, m, d, u, decl);
    }
    return m;
}
