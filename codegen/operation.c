/* See operation.h. */
#include "codegen/operation.h"

#include "codegen/setting.h"
#include "codegen/template.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What there is to do, and the records that the runtime gives and takes; those without records only
 * pass. */
static const struct {
    const char *name, *request, *reply;
} kinds[] = {
    { "chat", "Request", "Reply" },
    { "embeddings", "EmbedRequest", "EmbedReply" },
    { "rerank", "RerankRequest", "RerankReply" },
    { "count_tokens", "Request", "CountReply" },
    { "moderations", NULL, NULL },
    { "images", NULL, NULL },
    { "image_edits", NULL, NULL },
    { "image_variations", NULL, NULL },
    { "speech", NULL, NULL },
    { "transcriptions", NULL, NULL },
    { "translations", NULL, NULL },
    { "stored", NULL, NULL },
    { "stored_items", NULL, NULL },
    { "stored_cancel", NULL, NULL },
    { "stored_delete", NULL, NULL },
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

/* The names of all kinds, separated by commas. */
static const char *
kind_names(struct arena *a)
{
    struct str out = { NULL, 0 };

    for (size_t i = 0; i < COUNT(kinds); i++) {
        arena_append(a, &out, i ? STR(", ") : STR(""));
        arena_append(a, &out, str_from(kinds[i].name));
    }
    return arena_printf(a, "%.*s", STR_ARG(out)).p;
}

/* An operation that passes says nothing about bodies. */
static void
check_passes(const struct ast_operation *op, struct diags *diags)
{
    const struct word *said[] = { &op->sends, &op->returns, &op->streams, &op->fails };

    for (size_t i = 0; i < COUNT(said); i++)
        if (said[i]->s.n)
            diag_note(diag_error(diags, said[i]->pos, "an operation that passes looks at no body"),
                      op->passes.pos, "it passes here");
}

/* Of what passes, two things may be known: what it costs, and the model that is meant by none. */
static void
check_known(const struct dialect *d, const struct ast_operation *op, struct diags *diags)
{
    if (op->costs.s.n)
        want(d, op, "costs", op->costs, DECL_OBJECT, "Usage", diags);
    const struct word *said = op->costs.s.n ? &op->costs : &op->usual;
    if (said->s.n && !op->passes.s.n)
        diag_help(diag_error(diags, said->pos, "this is for operations that pass"),
                  "the rows of '%.*s' and '%.*s' say it", STR_ARG(op->sends.s),
                  STR_ARG(op->returns.s));
}

/* What has no body has nothing to be read. */
static void
check_method(const struct ast_operation *op, struct diags *diags)
{
    if (!str_is(op->method.s, "post") && !op->passes.s.n)
        diag_help(diag_error(diags, op->pos, "a request of this method has no body"),
                  "%.*s %.*s \"%.*s\" { passes }", STR_ARG(op->method.s), STR_ARG(op->name.s),
                  STR_ARG(op->path.s));
}

static void
check_path(struct word path, struct diags *diags)
{
    if (!str_starts(path.s, STR("/")))
        diag_help(diag_error(diags, path.pos, "a path begins with /"), "\"/%.*s\"",
                  STR_ARG(path.s));
    template_check(path, TEMPLATE_PATH, diags);
}

/* "frame.member" */
static void
check_wrapped(const struct ast_operation *op, struct diags *diags)
{
    struct str s = op->wrapped.s;
    const char *dot = s.p ? memchr(s.p, '.', s.n) : NULL;

    if (s.p && (!dot || dot == s.p || dot + 1 == s.p + s.n))
        diag_help(diag_error(diags, op->wrapped.pos, "this names a frame and its member"),
                  "streams %.*s in \"chunk.bytes\"", STR_ARG(op->streams.s));
}

/* Whole replies and streams are told apart by their paths, or not at all. */
static void
check_streamed(const struct ast_operation *op, struct diags *diags)
{
    bool model = template_has(op->path.s, "model");

    if (op->streamed.n && !op->streams.s.n)
        diag_help(diag_error(diags, op->streamed.v[0].path.pos,
                             "a path for streams, but the operation has none"),
                  "streams NAME");
    for (unsigned i = 0; i < op->streamed.n; i++) {
        const struct ast_streamed *s = &op->streamed.v[i];
        check_path(s->path, diags);
        if (s->framing.s.n)
            setting_check_framing(s->framing, diags);
        if (template_has(s->path.s, "model") != model)
            diag_note(diag_error(diags, s->path.pos, "both paths have the model, or none has"),
                      op->path.pos, "the path of whole replies");
    }
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
            "the operations are: %s", kind_names(diags->arena));
        return;
    }
    check_path(op->path, diags);
    check_wrapped(op, diags);
    check_streamed(op, diags);
    check_headers(op, diags);
    check_known(d, op, diags);
    check_method(op, diags);
    if (op->passes.s.n) {
        check_passes(op, diags);
        return;
    }
    if (!kinds[i].request) {
        diag_help(diag_error(diags, op->pos, "the model has no records for '%s'", kinds[i].name),
                  "post %s \"%.*s\" { passes }", kinds[i].name, STR_ARG(op->path.s));
        return;
    }
    want(d, op, "sends", op->sends, DECL_OBJECT, kinds[i].request, diags);
    want(d, op, "returns", op->returns, DECL_OBJECT, kinds[i].reply, diags);
    want(d, op, "fails", op->fails, DECL_OBJECT, "Error", diags);
    if (op->streams.s.n)
        want(d, op, "streams", op->streams, DECL_STREAM, kinds[i].reply, diags);
}

/* lists "/models", model_list, model_entry: what the names of models look like when they are asked
 * for, all of them or one. */
static void
check_listing(const struct dialect *d, struct diags *diags)
{
    static const char *const over[] = { NULL, "ModelList", "ModelEntry" };
    const struct ast_setting *s = dialect_setting(d, "lists");

    if (s && s->values.n)
        check_path(s->values.v[0], diags);
    for (unsigned i = 1; s && i < s->values.n && i < COUNT(over); i++) {
        const struct ast_decl *decl = dialect_want(d, s->values.v[i], diags);
        if (!decl
            || (decl->kind == DECL_OBJECT && decl->model.n == 1
                && str_is(decl->model.v[0].name.s, over[i])))
            continue;
        diag_note(diag_error(diags, s->values.v[i].pos, "'lists' needs an object over %s", over[i]),
                  decl->pos, "this is what it names");
    }
}

/* A dialect says its errors in one way. */
static void
check_fails(const struct ast_operations *l, struct diags *diags)
{
    const struct ast_operation *first = NULL;

    for (unsigned i = 0; i < l->n; i++) {
        if (!l->v[i].fails.s.n)
            continue;
        if (first && !str_eq(first->fails.s, l->v[i].fails.s))
            diag_note(diag_error(diags, l->v[i].fails.pos,
                                 "all operations of a dialect fail in the same way"),
                      first->fails.pos, "this one says another");
        first = first ? first : &l->v[i];
    }
}

/* The first of a name is asked, and all are answered; conversations are asked for in one way. */
static bool
are_same(const struct ast_operation *a, const struct ast_operation *b)
{
    return str_eq(a->name.s, b->name.s)
           && (str_eq(a->path.s, b->path.s) || str_is(a->name.s, kinds[0].name));
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
            if (are_same(&l->v[k], &l->v[i]))
                diag_note(diag_error(diags, l->v[i].pos, "operation '%.*s' is given twice",
                                     STR_ARG(l->v[i].name.s)),
                          l->v[k].pos, "first here");
        check_operation(d, &l->v[i], diags);
    }
    check_fails(l, diags);
    check_listing(d, diags);
}
