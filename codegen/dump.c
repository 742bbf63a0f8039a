/* See dump.h.
 *
 * A node's line begins with its kind.  Strings and names of the spec stand in double quotes or bare
 * as they were written there; absent parts are left out. */
#include "codegen/dump.h"

#include "codegen/print.h"

struct dump {
    struct buf *out;
    unsigned depth;
};

static void
line(struct dump *d, const char *kind)
{
    buf_printf(d->out, "%*s%s", (int)d->depth * 2, "", kind);
}

static void
end_line(struct dump *d)
{
    buf_putc(d->out, '\n');
}

/* ` name word`, if there is a word */
static void
put_named(struct dump *d, const char *name, struct word w)
{
    if (!w.s.p)
        return;
    buf_printf(d->out, " %s ", name);
    print_word(d->out, w);
}

static void
put_words(struct dump *d, const char *before, const struct words *words, const char *between)
{
    if (words->n)
        buf_puts(d->out, str_from(before));
    print_words(d->out, words, between);
}

static void
put_paths(struct dump *d, const char *before, const struct ast_paths *paths, const char *between)
{
    if (paths->n)
        buf_puts(d->out, str_from(before));
    print_paths(d->out, paths, between);
}

static void
put_arrow(struct dump *d, enum arrow arrow)
{
    static const char *const arrows[] = {
        [ARROW_BOTH] = " <->",
        [ARROW_READ] = " ->",
        [ARROW_WRITE] = " <-",
    };
    buf_puts(d->out, str_from(arrows[arrow]));
}

static void
put_const(struct dump *d, const char *before, const struct ast_const *c)
{
    if (c->kind == CONST_NONE)
        return;
    buf_puts(d->out, str_from(before));
    print_const(d->out, c);
}

static void
put_form(struct dump *d, const struct ast_form *form)
{
    const char *before = "", *behind = "";
    switch (form->kind) {
    case FORM_NAME:
        break;
    case FORM_LIST:
        before = "[", behind = "]";
        break;
    case FORM_STRING_AS:
        before = "string as ";
        break;
    case FORM_OBJECT_AS:
        before = "object as ";
        break;
    case FORM_STRING_JOINS:
        before = "string joins ";
        break;
    case FORM_BEHIND:
        before = "behind \"", behind = "\"";
        break;
    case FORM_JSON_IN_STRING:
        behind = " in string";
        break;
    case FORM_TEXT_IN:
        before = "text in ";
        break;
    case FORM_JSON_AS:
        before = "json as ";
        break;
    case FORM_EMPTY_AS:
        before = "{} as ";
        break;
    case FORM_GROWS:
        before = "grows by ";
        break;
    }
    buf_puts(d->out, str_from(before));
    if (form->as.s.n)
        buf_printf(d->out, "string as %.*s%s", STR_ARG(form->as.s), form->name.s.n ? " | " : "");
    buf_printf(d->out, "%.*s%s", STR_ARG(form->name.s), behind);
}

static void
put_fields(struct dump *d, const struct ast_fields *fields)
{
    for (unsigned i = 0; i < fields->n; i++) {
        const struct ast_type *type = &fields->v[i].type;
        line(d, "field ");
        print_word(d->out, fields->v[i].name);
        buf_printf(d->out, " : %s%.*s%s%s", type->list ? "[" : "", STR_ARG(type->name.s),
                   type->list ? "]" : "", type->always ? "!" : "");
        end_line(d);
    }
}

static void
put_model(struct dump *d, const struct ast_decl *decl)
{
    for (unsigned i = 0; i < decl->values.n; i++) {
        line(d, "value ");
        print_word(d->out, decl->values.v[i].name);
        put_words(d, " flags ", &decl->values.v[i].flags, " ");
        end_line(d);
    }
    put_fields(d, &decl->fields);
    for (unsigned i = 0; i < decl->cases.n; i++) {
        line(d, "case ");
        print_word(d->out, decl->cases.v[i].name);
        end_line(d);
        d->depth++;
        put_fields(d, &decl->cases.v[i].fields);
        d->depth--;
    }
    for (unsigned i = 0; i < decl->events.n; i++) {
        line(d, "event ");
        print_word(d->out, decl->events.v[i].name);
        put_words(d, " of ", &decl->events.v[i].params, ", ");
        end_line(d);
    }
}

/* Fully bracketed. */
static void
put_regex(struct dump *d, const struct ast_regex *r)
{
    switch (r->kind) {
    case REGEX_NAME:
        print_word(d->out, r->name);
        return;
    case REGEX_SEQ:
    case REGEX_ALT:
        buf_putc(d->out, '(');
        put_regex(d, r->a);
        buf_puts(d->out, str_from(r->kind == REGEX_SEQ ? " " : " | "));
        put_regex(d, r->b);
        buf_putc(d->out, ')');
        return;
    case REGEX_STAR:
    case REGEX_PLUS:
    case REGEX_OPT:
        put_regex(d, r->a);
        buf_putc(d->out, r->kind == REGEX_STAR ? '*' : r->kind == REGEX_PLUS ? '+' : '?');
        return;
    }
}

static void
put_names_line(struct dump *d, const char *kind, const struct words *names)
{
    if (!names->n)
        return;
    line(d, kind);
    put_words(d, " ", names, ", ");
    end_line(d);
}

static void
put_order(struct dump *d, const struct ast_order *order)
{
    if (order->regex) {
        line(d, "order ");
        put_regex(d, order->regex);
        end_line(d);
    }
    put_names_line(d, "anywhere", &order->anywhere);
    put_names_line(d, "final", &order->final);
    put_names_line(d, "skip", &order->skip);
}

static const char *
row_name(enum ast_row_kind kind)
{
    switch (kind) {
    case ROW_MAP:
        return "map";
    case ROW_CONST:
        return "const";
    case ROW_HEADER:
        return "header";
    case ROW_DROP:
        return "drop";
    case ROW_REST:
        return "rest";
    case ROW_WITH:
        return "with";
    case ROW_FIRST:
        return "first";
    case ROW_EACH:
        return "each";
    case ROW_CHOICES:
        return "choices";
    case ROW_FAIL:
        return "fail";
    case ROW_REMOVE:
        return "remove";
    case ROW_REFUSE:
        return "refuse";
    case ROW_IGNORE:
        return "ignore";
    }
    return "?";
}

static bool
has_arrow(const struct ast_row *row)
{
    return (row->wire.n || row->header.s.p) && (row->model.n || row->builtin.s.p);
}

static void
put_modifiers(struct dump *d, const struct ast_row *row)
{
    for (unsigned i = 0; i < row->forms.n; i++) {
        buf_puts(d->out, str_from(i == 0 ? " : " : " | "));
        put_form(d, &row->forms.v[i]);
    }
    put_const(d, " else ", &row->otherwise);
    put_const(d, " = ", &row->constant);
    put_named(d, "max", row->max);
    put_named(d, "min", row->min);
    if (row->grows.n) {
        buf_puts(d->out, STR(" grows "));
        print_path(d->out, &row->grows);
    }
    if (row->with.n) {
        buf_puts(d->out, STR(" with "));
        print_path(d->out, &row->with);
        put_const(d, " = ", &row->is);
    }
    put_named(d, "by", row->by);
    put_words(d, " flags ", &row->flags, " ");
}

static void
put_row(struct dump *d, const struct ast_row *row)
{
    line(d, row_name(row->kind));
    if (row->header.s.p) {
        buf_putc(d->out, ' ');
        print_string(d->out, row->header.s);
    }
    put_paths(d, " ", &row->wire, ", ");
    if (has_arrow(row))
        put_arrow(d, row->arrow);
    put_paths(d, " ", &row->model, row->kind == ROW_DROP ? ", " : row->minus ? " - " : " + ");
    put_named(d, "builtin", row->builtin);
    put_modifiers(d, row);
    if (row->word.s.p) {
        buf_putc(d->out, ' ');
        print_word(d->out, row->word);
    }
    end_line(d);
}

/* The depth is bounded by the parser's. */
static void
put_rows(struct dump *d, const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++) {
        put_row(d, &rows->v[i]);
        d->depth++;
        if (rows->v[i].rows)
            put_rows(d, rows->v[i].rows);
        d->depth--;
    }
}

static void
put_tag_cases(struct dump *d, const struct ast_tag_cases *cases)
{
    for (unsigned i = 0; i < cases->n; i++) {
        const struct ast_tag_case *c = &cases->v[i];
        line(d, "case");
        put_words(d, " ", &c->tags, ", ");
        if (c->when.n) {
            buf_puts(d->out, STR(" with "));
            print_path(d->out, &c->when);
            put_const(d, " = ", &c->is);
        }
        put_arrow(d, c->arrow);
        put_paths(d, " ", &c->model, " | ");
        if (c->has.n) {
            buf_puts(d->out, STR(" with "));
            print_path(d->out, &c->has);
        }
        put_named(d, "by", c->by);
        if (c->spread)
            buf_printf(d->out, " : [%.*s]", STR_ARG(c->many.name.s));
        buf_printf(d->out, "%s%s\n", c->none ? " (none)" : "", c->any ? " (any)" : "");
        d->depth++;
        put_rows(d, &c->rows);
        d->depth--;
    }
}

static void
put_table(struct dump *d, const struct ast_table_rows *table)
{
    for (unsigned i = 0; i < table->n; i++) {
        const struct ast_table_row *row = &table->v[i];
        line(d, "row");
        put_words(d, " ", &row->wire, ", ");
        put_named(d, "status", row->status);
        put_arrow(d, row->arrow);
        buf_putc(d->out, ' ');
        print_word(d->out, row->model);
        buf_puts(d->out, row->any ? STR(" (any)\n") : STR("\n"));
    }
}

static const char *
decl_name(enum ast_decl_kind kind)
{
    switch (kind) {
    case DECL_ENUM:
        return "enum ";
    case DECL_RECORD:
        return "record ";
    case DECL_MODEL_UNION:
        return "model-union ";
    case DECL_EVENTS:
        return "events ";
    case DECL_POLICY:
        return "policy ";
    case DECL_OBJECT:
        return "object ";
    case DECL_UNION:
        return "union ";
    case DECL_LIST:
        return "list ";
    case DECL_TABLE:
        return "table ";
    case DECL_STREAM:
        return "stream ";
    case DECL_AMEND:
        return "amend ";
    }
    return "?";
}

static void
put_decl(struct dump *d, const struct ast_decl *decl)
{
    line(d, decl_name(decl->kind));
    print_word(d->out, decl->name);
    if (decl->model.n) {
        buf_puts(d->out, STR(" of "));
        print_path(d->out, &decl->model);
    }
    put_named(d, "by", decl->by);
    if (decl->by_member)
        buf_puts(d->out, STR(" by member"));
    if (decl->by_frame)
        buf_puts(d->out, STR(" by frame"));
    if (decl->patch)
        buf_puts(d->out, STR(" patch"));
    put_named(d, "until", decl->until);
    put_named(d, ":", decl->takes);
    end_line(d);
    d->depth++;
    put_model(d, decl);
    put_rows(d, &decl->rows);
    put_tag_cases(d, &decl->tag_cases);
    put_table(d, &decl->table);
    put_order(d, &decl->order);
    d->depth--;
}

static void
put_operation(struct dump *d, const struct ast_operation *op)
{
    line(d, str_is(op->method.s, "get")    ? "get "
            : str_is(op->method.s, "post") ? "post "
                                           : "delete ");
    print_word(d->out, op->name);
    buf_putc(d->out, ' ');
    print_word(d->out, op->path);
    put_named(d, "sends", op->sends);
    put_named(d, "returns", op->returns);
    put_named(d, "streams", op->streams);
    put_named(d, "in", op->wrapped);
    for (unsigned i = 0; i < op->streamed.n; i++) {
        put_named(d, "streamed", op->streamed.v[i].path);
        put_named(d, "as", op->streamed.v[i].framing);
    }
    put_named(d, "fails", op->fails);
    put_named(d, "by", op->fails_member);
    if (op->passes.s.n)
        buf_puts(d->out, STR(" passes"));
    put_named(d, "costs", op->costs);
    put_named(d, "by", op->costs_member);
    put_named(d, "usual", op->usual);
    end_line(d);
    d->depth++;
    put_rows(d, &op->headers);
    d->depth--;
}

static void
put_head(struct dump *d, const struct ast_file *file)
{
    switch (file->kind) {
    case FILE_IR:
        line(d, "ir ");
        break;
    case FILE_DIALECT:
        line(d, "dialect ");
        break;
    case FILE_EXTENSION:
        line(d, "extend ");
        break;
    case FILE_PROVIDER:
        line(d, "provider ");
        break;
    }
    print_word(d->out, file->name);
    put_named(d, ":", file->parent);
    end_line(d);
}

void
dump_ast(const struct ast_file *file, struct buf *out)
{
    struct dump d = { .out = out };
    put_head(&d, file);
    d.depth++;
    for (unsigned i = 0; i < file->settings.n; i++) {
        const struct ast_setting *s = &file->settings.v[i];
        line(&d, "setting ");
        print_word(d.out, s->name);
        put_words(&d, " ", &s->values, " ");
        put_words(&d, " globs ", &s->globs, ", ");
        end_line(&d);
    }
    if (file->removed.n) {
        line(&d, "");
        put_words(&d, "remove ", &file->removed, ", ");
        end_line(&d);
    }
    for (unsigned i = 0; i < file->operations.n; i++)
        put_operation(&d, &file->operations.v[i]);
    for (unsigned i = 0; i < file->decls.n; i++)
        put_decl(&d, &file->decls.v[i]);
}
