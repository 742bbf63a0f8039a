/* Rows of a spec.
 *
 * They stand in columns: what is on the wire, the arrow, what is in the model, the rest.  The
 * widths are those of the block, up to a limit that longer ones overstep. */
#include "codegen/print.h"

#define MODEL_MAX 28
#define LINE_MAX  100

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
        print_string(out, f->name.s);
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
        print_string(out, r->header.s);
    } else {
        print_paths(out, &r->wire, ", ");
    }
}

static void
put_model(struct buf *out, const struct ast_row *r)
{
    if (r->builtin.s.n)
        buf_puts(out, r->builtin.s);
    else
        print_paths(out, &r->model, r->minus ? " - " : " + ");
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
        print_const(out, &r->otherwise);
    }
    if (r->max.s.n)
        buf_printf(out, " max %.*s", STR_ARG(r->max.s));
    if (r->min.s.n)
        buf_printf(out, " min %.*s", STR_ARG(r->min.s));
    if (r->grows.n) {
        buf_puts(out, STR(" grows "));
        print_path(out, &r->grows);
    }
    if (r->with.n) {
        buf_puts(out, STR(" with "));
        print_path(out, &r->with);
        buf_puts(out, STR(" = "));
        print_const(out, &r->is);
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
        print_widen(&c.wire, &text, PRINT_WIRE_MAX);
        put_model(&text, &rows->v[i]);
        if (has_tail(&rows->v[i]))
            print_widen(&c.model, &text, MODEL_MAX);
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
    print_pad(p, margin + c.wire);
    if (r->constant.kind != CONST_NONE) {
        buf_puts(p->out, STR(" = "));
        print_const(p->out, &r->constant);
        if (r->otherwise.kind != CONST_NONE)
            buf_puts(p->out, STR(" else "));
        if (r->otherwise.kind != CONST_NONE)
            print_const(p->out, &r->otherwise);
        return;
    }
    buf_printf(p->out, " %s ", print_arrow(r->arrow));
    put_model(p->out, r);
    if (has_tail(r))
        print_pad(p, margin + c.wire + 5 + c.model);
    put_tail(p->out, r);
}

/* As many to a line as there is room for. */
static void
put_drop(struct print *p, const struct ast_row *r)
{
    for (unsigned i = 0; i < r->model.n; i++) {
        if (i && print_column(p) > LINE_MAX - 30) {
            print_end(p);
            print_start(p);
        } else if (i) {
            buf_puts(p->out, STR(", "));
        }
        if (i == 0 || print_column(p) == p->depth * 4)
            buf_puts(p->out, r->word.s.n ? STR("omit ") : STR("drop "));
        print_path(p->out, &r->model.v[i]);
    }
}

static void
put_block(struct print *p, const char *keyword, const struct ast_row *r)
{
    buf_puts(p->out, str_from(keyword));
    if (r->kind == ROW_CHOICES && r->wire.n) {
        buf_putc(p->out, ' ');
        print_path(p->out, &r->wire.v[0]);
        buf_printf(p->out, " %s ", print_arrow(r->arrow));
        print_path(p->out, &r->model.v[0]);
        buf_printf(p->out, " by %.*s", STR_ARG(r->by.s));
    }
    print_open(p);
    print_rows(p, r->rows);
    print_close(p);
}

static void
put_row(struct print *p, const struct ast_row *r, struct columns c)
{
    print_start(p);
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
        print_path(p->out, &r->model.v[0]);
        buf_puts(p->out, STR(" = "));
        print_const(p->out, &r->constant);
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
        print_paths(p->out, &r->wire, ", ");
        break;
    case ROW_IGNORE:
        buf_puts(p->out, STR("ignore "));
        print_paths(p->out, &r->wire, ", ");
        break;
    case ROW_REFUSE:
        buf_puts(p->out, STR("refuse "));
        print_paths(p->out, &r->wire, ", ");
        if (r->word.s.n) {
            buf_puts(p->out, STR(" as "));
            print_string(p->out, r->word.s);
        }
        break;
    }
    print_end(p);
}

void
print_rows(struct print *p, const struct ast_rows *rows)
{
    struct columns c = columns_of(rows);

    for (unsigned i = 0; i < rows->n; i++)
        if (rows->v[i].kind != ROW_DROP || rows->v[i].model.n)
            put_row(p, &rows->v[i], c);
}
