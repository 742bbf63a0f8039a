/* See print.h. */
#include "codegen/print.h"

#include "codegen/source.h"

void
print_start(struct print *p)
{
    buf_printf(p->out, "%*s", (int)p->depth * 4, "");
}

void
print_end(struct print *p)
{
    buf_putc(p->out, '\n');
}

void
print_open(struct print *p)
{
    buf_puts(p->out, STR(" {\n"));
    p->depth++;
}

void
print_close(struct print *p)
{
    p->depth--;
    print_start(p);
    buf_puts(p->out, STR("}\n"));
}

unsigned
print_column(const struct print *p)
{
    size_t n = 0;

    while (n < p->out->n && p->out->p[p->out->n - 1 - n] != '\n')
        n++;
    return (unsigned)n;
}

void
print_pad(struct print *p, unsigned to)
{
    unsigned at = print_column(p);
    buf_printf(p->out, "%*s", at < to ? (int)(to - at) : 0, "");
}

void
print_string(struct buf *out, struct str s)
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

void
print_word(struct buf *out, struct word w)
{
    if (w.pos.src && w.pos.n && w.pos.src->text.p[w.pos.at] == '"')
        print_string(out, w.s);
    else
        buf_puts(out, w.s);
}

void
print_words(struct buf *out, const struct words *words, const char *between)
{
    for (unsigned i = 0; i < words->n; i++) {
        if (i)
            buf_puts(out, str_from(between));
        print_word(out, words->v[i]);
    }
}

void
print_path(struct buf *out, const struct ast_path *path)
{
    for (unsigned i = 0; i < path->n; i++) {
        buf_printf(out, "%s%.*s", i ? "." : "", STR_ARG(path->v[i].name.s));
        if (path->v[i].index == STEP_ALL)
            buf_puts(out, STR("[]"));
        else if (path->v[i].index != STEP_NONE)
            buf_printf(out, "[%d]", path->v[i].index);
    }
}

void
print_paths(struct buf *out, const struct ast_paths *paths, const char *between)
{
    for (unsigned i = 0; i < paths->n; i++) {
        if (i)
            buf_puts(out, str_from(between));
        print_path(out, &paths->v[i]);
    }
}

const char *
print_arrow(enum arrow a)
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

void
print_const(struct buf *out, const struct ast_const *c)
{
    if (c->kind == CONST_STRING)
        print_string(out, c->text.s);
    else if (c->kind == CONST_EMPTY_OBJECT)
        buf_puts(out, STR("{}"));
    else if (c->kind == CONST_EMPTY_ARRAY)
        buf_puts(out, STR("[]"));
    else
        buf_puts(out, c->text.s);
}

void
print_widen(unsigned *width, struct buf *text, unsigned max)
{
    if (text->n > *width && text->n <= max)
        *width = (unsigned)text->n;
    buf_clear(text);
}
