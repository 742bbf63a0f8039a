/* Small things every emitter needs. */
#include "codegen/emit.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

void
em(struct emit *e, const char *fmt, ...)
{
    char line[2048];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n > 0)
        buf_put(e->out, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

const char *
c_string(struct arena *a, struct str s)
{
    struct str out = { NULL, 0 };

    arena_append(a, &out, STR("\""));
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"' || c == '\\')
            arena_append(a, &out, arena_printf(a, "\\%c", c));
        else if (c == '\n')
            arena_append(a, &out, STR("\\n"));
        else if ((unsigned char)c < 0x20 || c == 0x7f)
            arena_append(a, &out, arena_printf(a, "\\%03o", (unsigned char)c));
        else
            arena_append(a, &out, str_make(&c, 1));
    }
    arena_append(a, &out, STR("\""));
    return arena_printf(a, "%.*s", STR_ARG(out)).p;
}

const char *
c_word(struct arena *a, struct str s)
{
    struct str out = arena_printf(a, "%.*s", STR_ARG(s));

    for (size_t i = 0; i < out.n; i++)
        if (!isalnum((unsigned char)out.p[i]))
            ((char *)out.p)[i] = '_';
    return out.p;
}

const char *
pos_text(struct arena *a, struct pos pos)
{
    struct str path = pos.src->path;
    struct place at = source_place(pos.src, pos.at);

    if (str_starts(path, STR("specs/")))
        path = str_skip(path, 6);
    return arena_printf(a, "%.*s:%u", STR_ARG(path), at.line).p;
}

/* The first line of a row, each run of blanks as one: what stands below another is aligned otherwise. */
static const char *
row_text(struct emit *e, struct pos pos)
{
    struct str text = str_make(pos.src->text.p + pos.at, pos.n);
    const char *end = memchr(text.p, '\n', text.n);

    if (end)
        text.n = (size_t)(end - text.p);
    text = str_trim(text);
    char *out = arena_bytes(e->a, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ' ' || out[n - 1] != ' ')
            out[n++] = text.p[i];
    out[n] = '\0';
    return out;
}

/* The row of another provider that says the same here, or the number of rows. */
static unsigned
same_row(const struct emit *e, const char *text)
{
    unsigned i = 0;

    if (!e->d || !e->d->base || !e->place)
        return e->rows.n;
    while (i < e->rows.n
           && !(e->rows.v[i].place && strcmp(e->rows.v[i].text, text) == 0
                && strcmp(e->rows.v[i].place, e->place) == 0))
        i++;
    return i;
}

int
emit_number(struct emit *e, struct pos pos, enum arrow arrow, bool constant)
{
    unsigned directions = constant ? 2u : arrow == ARROW_BOTH ? 3u : arrow == ARROW_READ ? 1u : 2u;

    /* A row that several providers inherit is one row. */
    for (unsigned i = 0; i < e->rows_at.n; i++)
        if (e->rows_at.v[i].pos.src == pos.src && e->rows_at.v[i].pos.at == pos.at) {
            e->rows.v[e->rows_at.v[i].row].directions |= directions;
            return (int)e->rows_at.v[i].row;
        }
    struct emit_row_at *at = arena_push(e->a, (void **)&e->rows_at.v, &e->rows_at.n,
                                        &e->rows_at.cap, sizeof *at);
    const char *text = row_text(e, pos);
    *at = (struct emit_row_at){ pos, same_row(e, text) };
    if (at->row == e->rows.n) {
        struct emit_row *row = arena_push(e->a, (void **)&e->rows.v, &e->rows.n, &e->rows.cap,
                                          sizeof *row);
        *row = (struct emit_row){ pos_text(e->a, pos), text, e->place, 0 };
    }
    e->rows.v[at->row].directions |= directions;
    return (int)at->row;
}

const char *
decl_prefix(const struct emit *e, const struct ast_decl *decl)
{
    const struct dialect *d = e->d;

    /* Unchanged declarations belong to the nearest ancestor that changed them. */
    while (d->base) {
        const struct ast_decl *mine = dialect_decl(d, decl->name.s);
        if (mine && dialect_changed(d, mine))
            break;
        d = d->base;
    }
    return d->prefix;
}

const char *
decl_name(struct emit *e, const struct ast_decl *decl)
{
    return arena_printf(e->a, "%s%.*s", decl_prefix(e, decl), STR_ARG(decl->name.s)).p;
}

const struct ast_decl *
find_decl(struct emit *e, struct word name)
{
    return dialect_want(e->d, name, e->diags);
}
