/* See head.h. */
#include "codegen/head.h"

#include "codegen/target.h"

enum head_is { HEAD_RECORD, HEAD_UNION, HEAD_ENUM };

static void
consider_all(struct suggestion *s, const struct ir_model *ir, enum head_is is)
{
    for (unsigned i = 0; is == HEAD_RECORD && i < ir->records.n; i++)
        suggestion_consider(s, ir->records.v[i].name.s);
    for (unsigned i = 0; is == HEAD_UNION && i < ir->unions.n; i++)
        suggestion_consider(s, ir->unions.v[i].name.s);
    for (unsigned i = 0; is == HEAD_ENUM && i < ir->enums.n; i++)
        suggestion_consider(s, ir->enums.v[i].name.s);
}

static void
no_such(const struct ir_model *ir, struct word name, const char *what, enum head_is is,
        struct diags *diags)
{
    struct diag *e = diag_error(diags, name.pos, "there is no %s '%.*s'", what, STR_ARG(name.s));
    struct suggestion s = suggestion_for(name.s);

    consider_all(&s, ir, is);
    (void)diag_suggest(e, &s);
}

static void
too_long(const struct ast_path *p, unsigned most, struct diags *diags)
{
    if (p->n > most)
        diag_error(diags, p->v[most].name.pos, "the head names a %s",
                   most > 1 ? "record, or a union and its case" : "type, and nothing inside it");
}

/* Turn, or Block.call */
static void
check_object(const struct ir_model *ir, const struct ast_decl *decl, struct diags *diags)
{
    struct word name = decl->model.v[0].name;
    const struct ir_union *u = types_union(ir, name.s);

    if (!u && !types_record(ir, name.s)) {
        no_such(ir, name, "record", HEAD_RECORD, diags);
        return;
    }
    too_long(&decl->model, u ? 2 : 1, diags);
    if (u && decl->model.n > 1)
        (void)want_case(u, decl->model.v[1].name, diags);
    else if (u)
        diag_help(diag_error(diags, decl->model.pos,
                             "'%.*s' is a union, and an object maps one case", STR_ARG(name.s)),
                  "name the case: object %.*s <-> %.*s.%s { ... }\n"
                  "or map them all: union %.*s <-> %.*s by type { ... }",
                  STR_ARG(decl->name.s), STR_ARG(name.s),
                  u->cases.n ? u->cases.v[0].name.s.p : "case", STR_ARG(decl->name.s),
                  STR_ARG(name.s));
}

static void
check_table(const struct ir_model *ir, const struct ast_decl *decl, struct diags *diags)
{
    struct word name = decl->model.v[0].name;

    too_long(&decl->model, 1, diags);
    if (types_words(ir, name.s) || str_is(name.s, "string"))
        return;
    no_such(ir, name, "enum", HEAD_ENUM, diags);
}

/* A list and a stream are what the runtime knows by name. */
static void
check_named(const struct ir_model *ir, const struct ast_decl *decl, const char *record,
            const char *const *others, struct diags *diags)
{
    struct word name = decl->model.v[0].name;
    const char *kind = decl->kind == DECL_LIST ? "list" : "stream";

    too_long(&decl->model, 1, diags);
    if (!str_is(name.s, record)) {
        diag_help(diag_error(diags, name.pos, "a %s maps the %s, not '%.*s'", kind, record,
                             STR_ARG(name.s)),
                  "%s %.*s <-> %s ...", kind, STR_ARG(decl->name.s), record);
        return;
    }
    for (; *others; others++)
        if (!types_record(ir, str_from(*others)) && !types_union(ir, str_from(*others))
            && !types_enum(ir, str_from(*others)))
            diag_error(diags, name.pos, "a %s needs '%s' in the model", kind, *others);
    if (decl->kind == DECL_STREAM && !ir->events)
        diag_error(diags, name.pos, "a stream needs events in the model");
}

static void
check_head(const struct ir_model *ir, const struct ast_decl *decl, struct diags *diags)
{
    static const char *const list[] = { "Request", "Turn", "Role", "Block", NULL };
    static const char *const stream[] = { "Reply", "Choice", "Error", "Block", "Usage", NULL };

    switch (decl->kind) {
    case DECL_OBJECT:
        check_object(ir, decl, diags);
        break;
    case DECL_UNION:
        too_long(&decl->model, 1, diags);
        if (!types_union(ir, decl->model.v[0].name.s))
            no_such(ir, decl->model.v[0].name, "union", HEAD_UNION, diags);
        break;
    case DECL_TABLE:
        check_table(ir, decl, diags);
        break;
    case DECL_LIST:
        if (!str_is(decl->model.v[0].name.s, "Turn"))
            check_named(ir, decl, "Request", list, diags);
        break;
    case DECL_STREAM:
        check_named(ir, decl, "Reply", stream, diags);
        break;
    case DECL_ENUM:
    case DECL_RECORD:
    case DECL_MODEL_UNION:
    case DECL_EVENTS:
    case DECL_POLICY:
    case DECL_AMEND:
        break;
    }
}

void
head_check(const struct ir_model *ir, const struct dialect *d, struct diags *diags)
{
    for (unsigned i = 0; i < d->decls.n; i++)
        if (dialect_changed(d, &d->decls.v[i]))
            check_head(ir, &d->decls.v[i], diags);
}
