/* See operation.h. */
#include "codegen/operation.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What there is to do, and the records that the runtime gives and takes. */
static const struct {
    const char *name, *request, *reply;
} kinds[] = {
    { "chat", "Request", "Reply" },
};

static const char *
kind_phrase(enum ast_decl_kind kind)
{
    return kind == DECL_STREAM ? "stream" : "object";
}

static void
want(const struct dialect *d, const struct ast_operation *op, const char *member, struct word name,
     enum ast_decl_kind kind, const char *model, struct diags *diags)
{
    if (!name.s.n) {
        diag_help(diag_error(diags, op->pos, "operation '%.*s' does not say what it %s",
                             STR_ARG(op->name.s), member),
                  "%s NAME, where an %s NAME <-> %s { ... } is declared", member, kind_phrase(kind),
                  model);
        return;
    }
    const struct ast_decl *decl = dialect_want(d, name, diags);
    if (!decl)
        return;
    if (decl->kind == kind && decl->model.n == 1 && str_is(decl->model.v[0].name.s, model))
        return;
    struct diag *e = diag_error(diags, name.pos, "'%s' needs %s %s over %s", member,
                                kind == DECL_OBJECT ? "an" : "a", kind_phrase(kind), model);
    diag_note(e, decl->pos, "this is what it names");
}

static void
check_headers(const struct ast_operation *op, struct diags *diags)
{
    for (unsigned i = 0; i < op->headers.n; i++)
        if (op->headers.v[i].constant.kind != CONST_STRING)
            diag_help(diag_error(diags, op->headers.v[i].pos,
                                 "a header of an operation is a constant string"),
                      "header \"%.*s\" = \"value\"", STR_ARG(op->headers.v[i].header.s));
}

static void
check_operation(const struct dialect *d, const struct ast_operation *op, struct diags *diags)
{
    size_t i = 0;

    while (i < COUNT(kinds) && !str_is(op->name.s, kinds[i].name))
        i++;
    if (i == COUNT(kinds)) {
        diag_help(
            diag_error(diags, op->name.pos, "there is no operation '%.*s'", STR_ARG(op->name.s)),
            "the operations are: chat");
        return;
    }
    if (!str_starts(op->path.s, STR("/")))
        diag_help(diag_error(diags, op->path.pos, "a path begins with /"), "post \"/%.*s\"",
                  STR_ARG(op->path.s));
    want(d, op, "sends", op->sends, DECL_OBJECT, kinds[i].request, diags);
    want(d, op, "returns", op->returns, DECL_OBJECT, kinds[i].reply, diags);
    want(d, op, "fails", op->fails, DECL_OBJECT, "Error", diags);
    if (op->streams.s.n)
        want(d, op, "streams", op->streams, DECL_STREAM, kinds[i].reply, diags);
    check_headers(op, diags);
}

void
operation_check(const struct dialect *d, struct diags *diags)
{
    const struct ast_operations *l = &d->operations;

    if (l->n == 0)
        diag_help(diag_error(diags, d->file->name.pos, "'%s' has no operation", d->name.p),
                  "post \"/chat\" { sends request; returns reply; streams events; fails error }");
    for (unsigned i = 0; i < l->n; i++) {
        for (unsigned k = 0; k < i; k++)
            if (str_eq(l->v[k].name.s, l->v[i].name.s))
                diag_note(diag_error(diags, l->v[i].pos, "operation '%.*s' is given twice",
                                     STR_ARG(l->v[i].name.s)),
                          l->v[k].pos, "first here");
        check_operation(d, &l->v[i], diags);
    }
}
