/* Resolving specs/ir.spec. */
#include "codegen/types.h"

#include <ctype.h>

static const struct { const char *name; enum type_kind kind; } scalars[] = {
    { "string", TYPE_STRING }, { "text", TYPE_TEXT }, { "opaque", TYPE_OPAQUE }, { "json", TYPE_JSON },
    { "real", TYPE_REAL },     { "int", TYPE_INT },   { "bool", TYPE_BOOL },
    { "index", TYPE_INDEX },  { "flag", TYPE_BOOL },
};

static const char *const c_keywords[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
    "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
    "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "bool",
    "true", "false",
};

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
        return t->en->name.s.p;     /* names are NUL-terminated copies, see keep_word */
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
check_name(struct diags *d, struct word w)
{
    for (size_t i = 0; i < sizeof c_keywords / sizeof *c_keywords; i++)
        if (str_is(w.s, c_keywords[i])) {
            struct diag *e = diag_error(d, w.pos, "'%s' is a keyword of C and cannot name a field or a case", c_keywords[i]);
            diag_help(e, "choose another name, such as '%s_'", c_keywords[i]);
        }
}

static void
declare(struct arena *a, struct ir_model *m, const struct ast_decl *decl)
{
    struct word name = keep_word(a, decl->name);
    const char *c = types_snake(a, name.s);

    switch (decl->kind) {
    case DECL_ENUM: {
        struct ir_enum *e = arena_push(a, (void **)&m->enums.v, &m->enums.n, &m->enums.cap, sizeof *e);
        *e = (struct ir_enum){ name, c, decl->values };
        break;
    }
    case DECL_RECORD: {
        struct ir_record *r = arena_push(a, (void **)&m->records.v, &m->records.n, &m->records.cap, sizeof *r);
        *r = (struct ir_record){ .name = name, .c = c };
        break;
    }
    case DECL_MODEL_UNION: {
        struct ir_union *u = arena_push(a, (void **)&m->unions.v, &m->unions.n, &m->unions.cap, sizeof *u);
        *u = (struct ir_union){ .name = name, .c = c };
        break;
    }
    case DECL_EVENTS:
        m->events = decl;
        break;
    default:
        break;
    }
}

static struct type
resolve_type(struct ir_model *m, struct diags *d, const struct ast_type *t)
{
    struct type out = { .list = t->list, .always = t->always, .served = str_is(t->name.s, "flag") };

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
        diag_help(e, "use string, text, opaque, json, int, real, bool, or a record, union or enum of this file");
    } else if (out.list && (out.kind == TYPE_INT || out.kind == TYPE_BOOL || out.kind == TYPE_ENUM)) {
        diag_error(d, t->name.pos, "a list of %s is not supported", types_name(&out));
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
            struct diag *e = diag_error(d, in->v[i].name.pos, "field '%.*s' is declared twice", STR_ARG(in->v[i].name.s));
            diag_note(e, old->name.pos, "first here");
            continue;
        }
        check_name(d, in->v[i].name);
        struct ir_field *f = arena_push(a, (void **)&out.v, &out.n, &out.cap, sizeof *f);
        *f = (struct ir_field){ keep_word(a, in->v[i].name), resolve_type(m, d, &in->v[i].type) };
    }
    return out;
}

static void
resolve_union(struct arena *a, struct ir_model *m, struct diags *d, struct ir_union *u, const struct ast_decl *decl)
{
    u->common = resolve_fields(a, m, d, &decl->fields);
    for (unsigned i = 0; i < decl->cases.n; i++) {
        const struct ast_case *c = &decl->cases.v[i];
        if (types_case(u, c->name.s) >= 0) {
            diag_error(d, c->name.pos, "case '%.*s' is declared twice", STR_ARG(c->name.s));
            continue;
        }
        check_name(d, c->name);
        struct ir_fields fields = resolve_fields(a, m, d, &c->fields);
        struct ir_ucase *k = arena_push(a, (void **)&u->cases.v, &u->cases.n, &u->cases.cap, sizeof *k);
        *k = (struct ir_ucase){ keep_word(a, c->name), fields };
    }
    if (u->cases.n > 31)
        diag_error(d, decl->pos, "a union has at most 31 cases, '%.*s' has %u", STR_ARG(decl->name.s), u->cases.n);
}

static void
check_repeated(struct diags *d, const struct ast_decls *decls)
{
    for (unsigned i = 0; i < decls->n; i++)
        for (unsigned k = 0; k < i; k++)
            if (decls->v[i].kind != DECL_EVENTS && decls->v[k].kind != DECL_EVENTS
                && str_eq(decls->v[i].name.s, decls->v[k].name.s)) {
                struct diag *e = diag_error(d, decls->v[i].name.pos, "'%.*s' is declared twice", STR_ARG(decls->v[i].name.s));
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
        declare(a, m, &file->decls.v[i]);
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
