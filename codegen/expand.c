/* See expand.h. */
#include "codegen/expand.h"

#include "codegen/emit.h"
#include "codegen/print.h"

/* --- declarations ----------------------------------------------------------------------------- */

static void
put_case(struct print *p, const struct ast_tag_case *c)
{
    print_start(p);
    if (c->member.s.n)
        buf_printf(p->out, "%.*s ", STR_ARG(c->member.s));
    print_words(p->out, &c->tags, ", ");
    if (c->when.n) {
        buf_puts(p->out, STR(" with "));
        print_path(p->out, &c->when);
        buf_puts(p->out, STR(" = "));
        print_const(p->out, &c->is);
    }
    buf_printf(p->out, " %s ", print_arrow(c->arrow));
    print_paths(p->out, &c->model, " | ");
    if (c->has.n) {
        buf_puts(p->out, STR(" with "));
        print_path(p->out, &c->has);
    }
    if (c->by.s.n)
        buf_printf(p->out, " by %.*s", STR_ARG(c->by.s));
    if (c->spread)
        buf_printf(p->out, " : [%.*s]", STR_ARG(c->many.name.s));
    if (c->rows.n == 0) {
        print_end(p);
        return;
    }
    print_open(p);
    print_rows(p, &c->rows);
    print_close(p);
}

static void
put_table(struct print *p, const struct ast_table_rows *rows)
{
    unsigned width = 0;
    struct buf text;

    buf_init(&text, 65536);
    for (unsigned i = 0; i < rows->n; i++) {
        print_words(&text, &rows->v[i].wire, ", ");
        print_widen(&width, &text, PRINT_WIRE_MAX);
    }
    buf_fini(&text);
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_table_row *r = &rows->v[i];
        print_start(p);
        print_words(p->out, &r->wire, ", ");
        print_pad(p, p->depth * 4 + width);
        if (r->status.s.n)
            buf_printf(p->out, " %.*s", STR_ARG(r->status.s));
        buf_printf(p->out, " %s ", print_arrow(r->arrow));
        print_word(p->out, r->model);
        print_end(p);
    }
}

/* The name of an event, in quotes unless it is a name as the spec has them. */
static void
put_event(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '_' && (s.p[i] < 'a' || s.p[i] > 'z')) {
            print_string(out, s);
            return;
        }
    buf_puts(out, s);
}

static void
put_events(struct print *p, const char *keyword, const struct words *names)
{
    if (names->n == 0)
        return;
    print_start(p);
    buf_printf(p->out, "%-8s ", keyword);
    for (unsigned i = 0; i < names->n; i++) {
        buf_puts(p->out, i ? STR(", ") : STR(""));
        put_event(p->out, names->v[i].s);
    }
    print_end(p);
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
    print_start(p);
    buf_printf(p->out, "%-8s ", keyword);
    print_words(p->out, names, ", ");
    print_end(p);
}

static void
put_order(struct print *p, const struct ast_order *order)
{
    if (order->regex) {
        print_start(p);
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
    print_end(p);
    print_start(p);
    buf_printf(p->out, "%s %.*s <-> ", keyword_of(decl->kind), STR_ARG(decl->name.s));
    print_path(p->out, &decl->model);
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
        print_string(p->out, decl->until.s);
    }
    print_open(p);
    print_rows(p, &decl->rows);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        put_case(p, &decl->tag_cases.v[i]);
    put_table(p, &decl->table);
    put_order(p, &decl->order);
    print_close(p);
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
    print_start(p);
    print_word(p->out, s->name);
    buf_putc(p->out, ' ');
    print_words(p->out, &s->values,
                str_is(s->name.s, "policy") ? " = "
                : is_list(s->name.s)        ? ", "
                                            : " ");
    if (s->globs.n)
        buf_putc(p->out, ' ');
    print_words(p->out, &s->globs, ", ");
    print_end(p);
}

static void
put_member(struct print *p, const char *keyword, struct word name, struct word by)
{
    if (!name.s.n)
        return;
    print_start(p);
    buf_printf(p->out, "%-7s %.*s", keyword, STR_ARG(name.s));
    if (by.s.p) {
        buf_puts(p->out, STR(" by "));
        print_string(p->out, by.s);
    }
    print_end(p);
}

static void
put_streamed(struct print *p, const struct ast_operation *op)
{
    for (unsigned i = 0; i < op->streamed.n; i++) {
        print_start(p);
        buf_puts(p->out, STR("streamed "));
        print_string(p->out, op->streamed.v[i].path.s);
        if (op->streamed.v[i].framing.s.n)
            buf_printf(p->out, " as %.*s", STR_ARG(op->streamed.v[i].framing.s));
        print_end(p);
    }
}

static void
put_streams(struct print *p, const struct ast_operation *op)
{
    if (!op->streams.s.n)
        return;
    print_start(p);
    buf_printf(p->out, "streams %.*s", STR_ARG(op->streams.s));
    if (op->wrapped.s.p) {
        buf_puts(p->out, STR(" in "));
        print_string(p->out, op->wrapped.s);
    }
    print_end(p);
}

static void
put_operation(struct print *p, const struct ast_operation *op)
{
    static const struct word nothing;

    print_end(p);
    print_start(p);
    buf_printf(p->out, "%.*s %.*s ", STR_ARG(op->method.s), STR_ARG(op->name.s));
    print_string(p->out, op->path.s);
    print_open(p);
    print_rows(p, &op->headers);
    put_member(p, "sends", op->sends, nothing);
    put_member(p, "returns", op->returns, nothing);
    put_streams(p, op);
    put_streamed(p, op);
    put_member(p, "fails", op->fails, op->fails_member);
    if (op->passes.s.n) {
        print_start(p);
        buf_puts(p->out, STR("passes"));
        print_end(p);
    }
    put_member(p, "costs", op->costs, op->costs_member);
    if (op->usual.s.n) {
        print_start(p);
        buf_puts(p->out, STR("usual "));
        print_string(p->out, op->usual.s);
        print_end(p);
    }
    print_close(p);
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
        print_open(&p);
    } else {
        print_end(&p);
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
        print_close(&p);
}
