/* See expand.h.
 *
 * Rows stand in columns: what is on the wire, the arrow, what is in the model, the rest.  The
 * widths are those of the block, up to a limit that longer ones overstep. */
#include "codegen/expand.h"

#include "codegen/emit.h"

#define WIRE_MAX  44 /* columns */
#define MODEL_MAX 28
#define LINE_MAX  100

struct print {
    struct arena *a;
    struct buf *out;
    unsigned depth;
};

static void
start(struct print *p)
{
    buf_printf(p->out, "%*s", (int)p->depth * 4, "");
}

static void
end(struct print *p)
{
    buf_putc(p->out, '\n');
}

static void
open_block(struct print *p)
{
    buf_puts(p->out, STR(" {\n"));
    p->depth++;
}

static void
close_block(struct print *p)
{
    p->depth--;
    start(p);
    buf_puts(p->out, STR("}\n"));
}

/* Bytes since the last line end. */
static unsigned
column(const struct print *p)
{
    size_t n = 0;

    while (n < p->out->n && p->out->p[p->out->n - 1 - n] != '\n')
        n++;
    return (unsigned)n;
}

static void
pad(struct print *p, unsigned to)
{
    unsigned at = column(p);
    buf_printf(p->out, "%*s", at < to ? (int)(to - at) : 0, "");
}

static void
put_string(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n') {
            buf_puts(out, STR("\\n"));
            continue;
        }
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, s.p[i]);
    }
    buf_putc(out, '"');
}

/* As the spec has it: with quotes or without. */
static void
put_word(struct buf *out, struct word w)
{
    if (w.pos.src && w.pos.n && w.pos.src->text.p[w.pos.at] == '"')
        put_string(out, w.s);
    else
        buf_puts(out, w.s);
}

static void
put_words(struct buf *out, const struct words *words, const char *between)
{
    for (unsigned i = 0; i < words->n; i++) {
        if (i)
            buf_puts(out, str_from(between));
        put_word(out, words->v[i]);
    }
}

static void
put_path(struct buf *out, const struct ast_path *path)
{
    for (unsigned i = 0; i < path->n; i++) {
        buf_printf(out, "%s%.*s", i ? "." : "", STR_ARG(path->v[i].name.s));
        if (path->v[i].index == STEP_ALL)
            buf_puts(out, STR("[]"));
        else if (path->v[i].index != STEP_NONE)
            buf_printf(out, "[%d]", path->v[i].index);
    }
}

static void
put_paths(struct buf *out, const struct ast_paths *paths, const char *between)
{
    for (unsigned i = 0; i < paths->n; i++) {
        if (i)
            buf_puts(out, str_from(between));
        put_path(out, &paths->v[i]);
    }
}

static const char *
arrow(enum arrow a)
{
    switch (a) {
    case ARROW_BOTH:
        return "<->";
    case ARROW_READ:
        return " ->";
    case ARROW_WRITE:
        return "<- ";
    }
    return "?";
}

static void
put_const(struct buf *out, const struct ast_const *c)
{
    if (c->kind == CONST_STRING)
        put_string(out, c->text.s);
    else if (c->kind == CONST_EMPTY_OBJECT)
        buf_puts(out, STR("{}"));
    else if (c->kind == CONST_EMPTY_ARRAY)
        buf_puts(out, STR("[]"));
    else
        buf_puts(out, c->text.s);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void
put_form(struct buf *out, const struct ast_form *f)
{
    switch (f->kind) {
    case FORM_NAME:
        buf_puts(out, f->name.s);
        break;
    case FORM_LIST:
        buf_putc(out, '[');
        if (f->as.s.n)
            buf_printf(out, "string as %.*s%s", STR_ARG(f->as.s), f->name.s.n ? " | " : "");
        buf_printf(out, "%.*s]", STR_ARG(f->name.s));
        break;
    case FORM_STRING_AS:
        buf_printf(out, "string as %.*s", STR_ARG(f->name.s));
        break;
    case FORM_OBJECT_AS:
        buf_printf(out, "object as %.*s", STR_ARG(f->name.s));
        break;
    case FORM_STRING_JOINS:
        buf_printf(out, "string joins %.*s", STR_ARG(f->name.s));
        break;
    case FORM_BEHIND:
        buf_puts(out, STR("behind "));
        put_string(out, f->name.s);
        break;
    case FORM_JSON_IN_STRING:
        buf_puts(out, STR("json in string"));
        break;
    case FORM_TEXT_IN:
        buf_printf(out, "text in %.*s", STR_ARG(f->name.s));
        break;
    case FORM_JSON_AS:
        buf_printf(out, "json as %.*s", STR_ARG(f->name.s));
        break;
    case FORM_EMPTY_AS:
        buf_printf(out, "{} as %.*s", STR_ARG(f->name.s));
        break;
    case FORM_GROWS:
        buf_printf(out, "grows by %.*s", STR_ARG(f->name.s));
        break;
    }
}

/* What stands left of the arrow or the '='. */
static void
put_wire(struct buf *out, const struct ast_row *r)
{
    if (r->kind == ROW_HEADER) {
        buf_puts(out, STR("header "));
        put_string(out, r->header.s);
    } else {
        put_paths(out, &r->wire, ", ");
    }
}

static void
put_model(struct buf *out, const struct ast_row *r)
{
    if (r->builtin.s.n)
        buf_puts(out, r->builtin.s);
    else
        put_paths(out, &r->model, r->minus ? " - " : " + ");
}

static bool
has_tail(const struct ast_row *r)
{
    return r->forms.n || r->otherwise.kind != CONST_NONE || r->max.s.n || r->min.s.n || r->grows.n
           || r->flags.n || r->with.n;
}

static void
put_tail(struct buf *out, const struct ast_row *r)
{
    for (unsigned i = 0; i < r->forms.n; i++) {
        buf_puts(out, i ? STR(" | ") : STR(" : "));
        put_form(out, &r->forms.v[i]);
    }
    if (r->otherwise.kind != CONST_NONE) {
        buf_puts(out, STR(" else "));
        put_const(out, &r->otherwise);
    }
    if (r->max.s.n)
        buf_printf(out, " max %.*s", STR_ARG(r->max.s));
    if (r->min.s.n)
        buf_printf(out, " min %.*s", STR_ARG(r->min.s));
    if (r->grows.n) {
        buf_puts(out, STR(" grows "));
        put_path(out, &r->grows);
    }
    if (r->with.n) {
        buf_puts(out, STR(" with "));
        put_path(out, &r->with);
        buf_puts(out, STR(" = "));
        put_const(out, &r->is);
    }
    for (unsigned i = 0; i < r->flags.n; i++)
        buf_printf(out, " %.*s", STR_ARG(r->flags.v[i].s));
}

struct columns {
    unsigned wire, model; /* widths */
};

static bool
in_columns(const struct ast_row *r)
{
    return r->kind == ROW_MAP || r->kind == ROW_CONST || r->kind == ROW_HEADER
           || r->kind == ROW_FAIL;
}

static void
widen(unsigned *width, struct buf *text, unsigned max)
{
    if (text->n > *width && text->n <= max)
        *width = (unsigned)text->n;
    buf_clear(text);
}

static struct columns
columns_of(const struct ast_rows *rows)
{
    struct columns c = { 0, 0 };
    struct buf text;

    buf_init(&text, 65536);
    for (unsigned i = 0; i < rows->n; i++) {
        if (!in_columns(&rows->v[i]))
            continue;
        put_wire(&text, &rows->v[i]);
        widen(&c.wire, &text, WIRE_MAX);
        put_model(&text, &rows->v[i]);
        if (has_tail(&rows->v[i]))
            widen(&c.model, &text, MODEL_MAX);
        buf_clear(&text);
    }
    buf_fini(&text);
    return c;
}

static void
put_mapped(struct print *p, const struct ast_row *r, struct columns c)
{
    unsigned margin = p->depth * 4;

    put_wire(p->out, r);
    pad(p, margin + c.wire);
    if (r->constant.kind != CONST_NONE) {
        buf_puts(p->out, STR(" = "));
        put_const(p->out, &r->constant);
        if (r->otherwise.kind != CONST_NONE)
            buf_puts(p->out, STR(" else "));
        if (r->otherwise.kind != CONST_NONE)
            put_const(p->out, &r->otherwise);
        return;
    }
    buf_printf(p->out, " %s ", arrow(r->arrow));
    put_model(p->out, r);
    if (has_tail(r))
        pad(p, margin + c.wire + 5 + c.model);
    put_tail(p->out, r);
}

/* As many to a line as there is room for. */
static void
put_drop(struct print *p, const struct ast_row *r)
{
    for (unsigned i = 0; i < r->model.n; i++) {
        if (i && column(p) > LINE_MAX - 30) {
            end(p);
            start(p);
        } else if (i) {
            buf_puts(p->out, STR(", "));
        }
        if (i == 0 || column(p) == p->depth * 4)
            buf_puts(p->out, r->word.s.n ? STR("omit ") : STR("drop "));
        put_path(p->out, &r->model.v[i]);
    }
}

static void put_rows(struct print *p, const struct ast_rows *rows);

static void
put_block(struct print *p, const char *keyword, const struct ast_row *r)
{
    buf_puts(p->out, str_from(keyword));
    if (r->kind == ROW_CHOICES && r->wire.n) {
        buf_putc(p->out, ' ');
        put_path(p->out, &r->wire.v[0]);
        buf_printf(p->out, " %s ", arrow(r->arrow));
        put_path(p->out, &r->model.v[0]);
        buf_printf(p->out, " by %.*s", STR_ARG(r->by.s));
    }
    open_block(p);
    put_rows(p, r->rows);
    close_block(p);
}

static void
put_row(struct print *p, const struct ast_row *r, struct columns c)
{
    start(p);
    switch (r->kind) {
    case ROW_MAP:
    case ROW_CONST:
    case ROW_HEADER:
    case ROW_FAIL:
        put_mapped(p, r, c);
        break;
    case ROW_DROP:
        put_drop(p, r);
        break;
    case ROW_REST:
        buf_printf(p->out, "rest %.*s", STR_ARG(r->word.s));
        break;
    case ROW_WITH:
        buf_puts(p->out, STR("with "));
        put_path(p->out, &r->model.v[0]);
        buf_puts(p->out, STR(" = "));
        put_const(p->out, &r->constant);
        break;
    case ROW_FIRST:
        put_block(p, "first", r);
        return;
    case ROW_EACH:
        put_block(p, "each", r);
        return;
    case ROW_CHOICES:
        put_block(p, "choices", r);
        return;
    case ROW_REMOVE:
        buf_puts(p->out, STR("remove "));
        put_paths(p->out, &r->wire, ", ");
        break;
    case ROW_IGNORE:
        buf_puts(p->out, STR("ignore "));
        put_paths(p->out, &r->wire, ", ");
        break;
    case ROW_REFUSE:
        buf_puts(p->out, STR("refuse "));
        put_paths(p->out, &r->wire, ", ");
        if (r->word.s.n) {
            buf_puts(p->out, STR(" as "));
            put_string(p->out, r->word.s);
        }
        break;
    }
    end(p);
}

static void
put_rows(struct print *p, const struct ast_rows *rows)
{
    struct columns c = columns_of(rows);

    for (unsigned i = 0; i < rows->n; i++)
        if (rows->v[i].kind != ROW_DROP || rows->v[i].model.n)
            put_row(p, &rows->v[i], c);
}

/* --- declarations ----------------------------------------------------------------------------- */

static void
put_case(struct print *p, const struct ast_tag_case *c)
{
    start(p);
    if (c->member.s.n)
        buf_printf(p->out, "%.*s ", STR_ARG(c->member.s));
    put_words(p->out, &c->tags, ", ");
    if (c->when.n) {
        buf_puts(p->out, STR(" with "));
        put_path(p->out, &c->when);
        buf_puts(p->out, STR(" = "));
        put_const(p->out, &c->is);
    }
    buf_printf(p->out, " %s ", arrow(c->arrow));
    put_paths(p->out, &c->model, " | ");
    if (c->has.n) {
        buf_puts(p->out, STR(" with "));
        put_path(p->out, &c->has);
    }
    if (c->by.s.n)
        buf_printf(p->out, " by %.*s", STR_ARG(c->by.s));
    if (c->spread)
        buf_printf(p->out, " : [%.*s]", STR_ARG(c->many.name.s));
    if (c->rows.n == 0) {
        end(p);
        return;
    }
    open_block(p);
    put_rows(p, &c->rows);
    close_block(p);
}

static void
put_table(struct print *p, const struct ast_table_rows *rows)
{
    unsigned width = 0;
    struct buf text;

    buf_init(&text, 65536);
    for (unsigned i = 0; i < rows->n; i++) {
        put_words(&text, &rows->v[i].wire, ", ");
        widen(&width, &text, WIRE_MAX);
    }
    buf_fini(&text);
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_table_row *r = &rows->v[i];
        start(p);
        put_words(p->out, &r->wire, ", ");
        pad(p, p->depth * 4 + width);
        if (r->status.s.n)
            buf_printf(p->out, " %.*s", STR_ARG(r->status.s));
        buf_printf(p->out, " %s ", arrow(r->arrow));
        put_word(p->out, r->model);
        end(p);
    }
}

/* The name of an event, in quotes unless it is a name as the spec has them. */
static void
put_event(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '_' && (s.p[i] < 'a' || s.p[i] > 'z')) {
            put_string(out, s);
            return;
        }
    buf_puts(out, s);
}

static void
put_events(struct print *p, const char *keyword, const struct words *names)
{
    if (names->n == 0)
        return;
    start(p);
    buf_printf(p->out, "%-8s ", keyword);
    for (unsigned i = 0; i < names->n; i++) {
        buf_puts(p->out, i ? STR(", ") : STR(""));
        put_event(p->out, names->v[i].s);
    }
    end(p);
}

/* 0: anywhere, 1: in a sequence, 2: before * + or ? */
static void
put_regex(struct buf *out, const struct ast_regex *r, unsigned tight)
{
    unsigned own = r->kind == REGEX_ALT ? 0 : r->kind == REGEX_SEQ ? 1 : 2;

    if (own < tight)
        buf_putc(out, '(');
    switch (r->kind) {
    case REGEX_NAME:
        put_event(out, r->name.s);
        break;
    case REGEX_SEQ:
    case REGEX_ALT:
        put_regex(out, r->a, own);
        buf_puts(out, r->kind == REGEX_SEQ ? STR(" ") : STR(" | "));
        put_regex(out, r->b, own);
        break;
    case REGEX_STAR:
    case REGEX_PLUS:
    case REGEX_OPT:
        put_regex(out, r->a, 2);
        buf_putc(out, r->kind == REGEX_STAR ? '*' : r->kind == REGEX_PLUS ? '+' : '?');
        break;
    }
    if (own < tight)
        buf_putc(out, ')');
}

static void
put_names(struct print *p, const char *keyword, const struct words *names)
{
    if (names->n == 0)
        return;
    start(p);
    buf_printf(p->out, "%-8s ", keyword);
    put_words(p->out, names, ", ");
    end(p);
}

static void
put_order(struct print *p, const struct ast_order *order)
{
    if (order->regex) {
        start(p);
        buf_puts(p->out, STR("order    { "));
        put_regex(p->out, order->regex, 0);
        buf_puts(p->out, STR(" }\n"));
    }
    put_events(p, "anywhere", &order->anywhere);
    put_events(p, "final", &order->final);
    put_events(p, "skip", &order->skip);
}

static const char *
keyword_of(enum ast_decl_kind kind)
{
    switch (kind) {
    case DECL_OBJECT:
        return "object";
    case DECL_UNION:
        return "union";
    case DECL_LIST:
        return "list";
    case DECL_TABLE:
        return "table";
    case DECL_STREAM:
        return "stream";
    case DECL_ENUM:
    case DECL_RECORD:
    case DECL_MODEL_UNION:
    case DECL_EVENTS:
    case DECL_POLICY:
    case DECL_AMEND:
        break;
    }
    return "?";
}

static void
put_decl(struct print *p, const struct ast_decl *decl)
{
    end(p);
    start(p);
    buf_printf(p->out, "%s %.*s <-> ", keyword_of(decl->kind), STR_ARG(decl->name.s));
    put_path(p->out, &decl->model);
    if (decl->patch)
        buf_puts(p->out, STR(" patch"));
    if (decl->items)
        buf_puts(p->out, STR(" items"));
    if (decl->by.s.n)
        buf_printf(p->out, " by %.*s", STR_ARG(decl->by.s));
    if (decl->by_member)
        buf_puts(p->out, STR(" by member"));
    if (decl->or_by.s.n)
        buf_printf(p->out, ", %.*s", STR_ARG(decl->or_by.s));
    if (decl->by_frame)
        buf_puts(p->out, STR(" by frame"));
    if (decl->until.s.p) {
        buf_puts(p->out, STR(" until "));
        put_string(p->out, decl->until.s);
    }
    open_block(p);
    put_rows(p, &decl->rows);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        put_case(p, &decl->tag_cases.v[i]);
    put_table(p, &decl->table);
    put_order(p, &decl->order);
    close_block(p);
}

/* --- the file --------------------------------------------------------------------------------- */

static bool
is_list(struct str setting)
{
    return str_is(setting, "models") || str_is(setting, "operations") || str_is(setting, "framing")
           || str_is(setting, "front") || str_is(setting, "also") || str_is(setting, "lists");
}

static void
put_setting(struct print *p, const struct ast_setting *s)
{
    start(p);
    put_word(p->out, s->name);
    buf_putc(p->out, ' ');
    put_words(p->out, &s->values,
              str_is(s->name.s, "policy") ? " = "
              : is_list(s->name.s)        ? ", "
                                          : " ");
    if (s->globs.n)
        buf_putc(p->out, ' ');
    put_words(p->out, &s->globs, ", ");
    end(p);
}

static void
put_member(struct print *p, const char *keyword, struct word name, struct word by)
{
    if (!name.s.n)
        return;
    start(p);
    buf_printf(p->out, "%-7s %.*s", keyword, STR_ARG(name.s));
    if (by.s.p) {
        buf_puts(p->out, STR(" by "));
        put_string(p->out, by.s);
    }
    end(p);
}

static void
put_streamed(struct print *p, const struct ast_operation *op)
{
    for (unsigned i = 0; i < op->streamed.n; i++) {
        start(p);
        buf_puts(p->out, STR("streamed "));
        put_string(p->out, op->streamed.v[i].path.s);
        if (op->streamed.v[i].framing.s.n)
            buf_printf(p->out, " as %.*s", STR_ARG(op->streamed.v[i].framing.s));
        end(p);
    }
}

static void
put_streams(struct print *p, const struct ast_operation *op)
{
    if (!op->streams.s.n)
        return;
    start(p);
    buf_printf(p->out, "streams %.*s", STR_ARG(op->streams.s));
    if (op->wrapped.s.p) {
        buf_puts(p->out, STR(" in "));
        put_string(p->out, op->wrapped.s);
    }
    end(p);
}

static void
put_operation(struct print *p, const struct ast_operation *op)
{
    static const struct word nothing;

    end(p);
    start(p);
    buf_printf(p->out, "%.*s %.*s ", STR_ARG(op->method.s), STR_ARG(op->name.s));
    put_string(p->out, op->path.s);
    open_block(p);
    put_rows(p, &op->headers);
    put_member(p, "sends", op->sends, nothing);
    put_member(p, "returns", op->returns, nothing);
    put_streams(p, op);
    put_streamed(p, op);
    put_member(p, "fails", op->fails, op->fails_member);
    if (op->passes.s.n) {
        start(p);
        buf_puts(p->out, STR("passes"));
        end(p);
    }
    put_member(p, "costs", op->costs, op->costs_member);
    if (op->usual.s.n) {
        start(p);
        buf_puts(p->out, STR("usual "));
        put_string(p->out, op->usual.s);
        end(p);
    }
    close_block(p);
}

static bool
is_used(struct arena *a, const struct dialect *d, struct str name)
{
    return dialect_needs(a, d, name, DIR_READ) || dialect_needs(a, d, name, DIR_WRITE);
}

/* The operations of the parent that are not inherited. */
static void
put_removed(struct print *p, const struct dialect *d)
{
    struct words removed = { NULL, 0, 0 };
    const struct ast_operations *l = &d->base->operations;

    for (unsigned i = 0; i < l->n; i++) {
        bool kept = false;
        for (unsigned k = 0; k < d->operations.n; k++)
            kept |= str_eq(d->operations.v[k].name.s, l->v[i].name.s);
        if (!kept)
            *(struct word *)arena_push(p->a, (void **)&removed.v, &removed.n, &removed.cap,
                                       sizeof *removed.v) = l->v[i].name;
    }
    if (removed.n)
        put_names(p, "remove", &removed);
}

void
expand(struct arena *a, const struct dialect *d, struct buf *out)
{
    struct print p = { .a = a, .out = out };
    bool provider = d->file->kind == FILE_PROVIDER;

    buf_printf(out, "%s %s", provider ? "provider" : "dialect", d->name.p);
    if (provider) {
        buf_printf(out, " : %.*s", STR_ARG(d->file->parent.s));
        open_block(&p);
    } else {
        end(&p);
    }
    for (unsigned i = 0; i < d->settings.n; i++)
        put_setting(&p, &d->settings.v[i]);
    if (d->base)
        put_removed(&p, d);
    for (unsigned i = 0; i < d->operations.n; i++)
        put_operation(&p, &d->operations.v[i]);
    for (unsigned i = 0; i < d->decls.n; i++)
        if (is_used(a, d, d->decls.v[i].name.s))
            put_decl(&p, &d->decls.v[i]);
    if (provider)
        close_block(&p);
}
