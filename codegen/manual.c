/* See manual.h.  A row becomes a line; what stands behind it as a comment comes along. */
#include "codegen/manual.h"

#include "codegen/setting.h"

struct manual {
    struct arena *a;
    struct buf *out;
    const char *lead; /* before each line: "- request: " */
};

/* --- small things ------------------------------------------------------------------------------- */

/* `a`, `b` */
static const char *
quoted(struct manual *m, const struct str *v, unsigned n)
{
    struct str list = { NULL, 0 };

    for (unsigned i = 0; i < n; i++)
        arena_append(m->a, &list, arena_printf(m->a, "%s`%.*s`", i ? ", " : "", STR_ARG(v[i])));
    return arena_printf(m->a, "%.*s", STR_ARG(list)).p;
}

static const char *
quoted_words(struct manual *m, const struct words *w)
{
    struct str *v = arena_alloc(m->a, (w->n + 1) * sizeof *v);

    for (unsigned i = 0; i < w->n; i++)
        v[i] = w->v[i].s;
    return quoted(m, v, w->n);
}

static const char *
quoted_paths(struct manual *m, const struct ast_paths *p, const char *between)
{
    struct str list = { NULL, 0 };

    for (unsigned i = 0; i < p->n; i++)
        arena_append(
            m->a, &list,
            arena_printf(m->a, "%s`%.*s`", i ? between : "", STR_ARG(path_text(m->a, &p->v[i]))));
    return arena_printf(m->a, "%.*s", STR_ARG(list)).p;
}

/* The comment on the row's last line, in brackets. */
static const char *
comment_behind(struct manual *m, struct pos pos)
{
    struct place end = source_place(pos.src, pos.at + pos.n);
    struct str line = source_line(pos.src, end.line);
    bool string = false;

    for (size_t i = 0; i < line.n; i++) {
        string ^= line.p[i] == '"';
        if (line.p[i] == '#' && !string)
            return arena_printf(m->a, " (%.*s)", STR_ARG(str_trim(str_skip(line, i + 1)))).p;
    }
    return "";
}

/* --- rows --------------------------------------------------------------------------------------- */

static const char *
modifiers(struct manual *m, const struct ast_row *r)
{
    struct str s = arena_printf(m->a, "%s", "");

    if (r->max.s.n)
        s = arena_printf(m->a, ", at most %.*s", STR_ARG(r->max.s));
    if (r->otherwise.text.s.n)
        s = arena_printf(m->a, "%.*s, else `%.*s`", STR_ARG(s), STR_ARG(r->otherwise.text.s));
    return s.p;
}

static void
say_map(struct manual *m, const struct ast_row *r)
{
    const char *wire = quoted_paths(m, &r->wire, ", "), *model = quoted_paths(m, &r->model, " + ");
    static const char *const verbs[] = {
        [ARROW_BOTH] = "is", [ARROW_READ] = "is read as", [ARROW_WRITE] = "is written for"
    };

    if (r->builtin.s.n)
        buf_printf(m->out, "%s%s is written%s\n", m->lead, wire, comment_behind(m, r->pos));
    else
        buf_printf(m->out, "%s%s %s %s%s%s\n", m->lead, wire, verbs[r->arrow], model,
                   modifiers(m, r), comment_behind(m, r->pos));
}

static void
say_row(struct manual *m, const struct ast_row *r)
{
    switch (r->kind) {
    case ROW_MAP:
    case ROW_FAIL:
        say_map(m, r);
        break;
    case ROW_CONST:
        buf_printf(m->out, "%s%s is always `%.*s`%s\n", m->lead, quoted_paths(m, &r->wire, ", "),
                   STR_ARG(r->constant.text.s), comment_behind(m, r->pos));
        break;
    case ROW_DROP:
        buf_printf(m->out, "%snot carried: %s%s\n", m->lead, quoted_paths(m, &r->model, ", "),
                   comment_behind(m, r->pos));
        break;
    case ROW_REMOVE:
        buf_printf(m->out, "%swithout %s%s\n", m->lead, quoted_paths(m, &r->wire, ", "),
                   comment_behind(m, r->pos));
        break;
    case ROW_REFUSE:
        buf_printf(m->out, "%srefused: %s%s\n", m->lead, quoted_paths(m, &r->wire, ", "),
                   comment_behind(m, r->pos));
        break;
    case ROW_IGNORE:
        buf_printf(m->out, "%signored: %s%s\n", m->lead, quoted_paths(m, &r->wire, ", "),
                   comment_behind(m, r->pos));
        break;
    case ROW_HEADER:
        buf_printf(m->out, "%sheader `%.*s`%s\n", m->lead, STR_ARG(r->header.s),
                   comment_behind(m, r->pos));
        break;
    case ROW_FIRST:
    case ROW_EACH:
    case ROW_CHOICES:
        for (unsigned i = 0; r->rows && i < r->rows->n; i++)
            say_row(m, &r->rows->v[i]);
        break;
    case ROW_REST:
    case ROW_WITH:
        break;
    }
}

static void
say_rows(struct manual *m, const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++)
        say_row(m, &rows->v[i]);
}

static void
say_word(struct manual *m, const struct ast_table_row *r)
{
    static const char *const verbs[] = {
        [ARROW_BOTH] = "means", [ARROW_READ] = "is read as", [ARROW_WRITE] = "is written for"
    };
    const char *status = r->status.s.n
                             ? arena_printf(m->a, ", with status %.*s", STR_ARG(r->status.s)).p
                             : "";

    buf_printf(m->out, "%s%s %s `%.*s`%s%s\n", m->lead,
               r->any ? "any other word" : quoted_words(m, &r->wire), verbs[r->arrow],
               STR_ARG(r->model.s), status, comment_behind(m, r->pos));
}

static void
say_case(struct manual *m, const struct ast_tag_case *c)
{
    struct manual inner = *m;

    inner.lead = arena_printf(m->a, "%s%s: ", m->lead, quoted_words(m, &c->tags)).p;
    if (c->rows.n)
        say_rows(&inner, &c->rows);
    else
        buf_printf(m->out, "%s%s is %s%s\n", m->lead, quoted_words(m, &c->tags),
                   quoted_paths(m, &c->model, " or "), comment_behind(m, c->pos));
}

static void
say_decl(struct manual *m, const struct ast_decl *d)
{
    struct manual inner = *m;

    inner.lead = arena_printf(m->a, "- %.*s: ", STR_ARG(d->name.s)).p;
    say_rows(&inner, &d->rows);
    for (unsigned i = 0; i < d->tag_cases.n; i++)
        say_case(&inner, &d->tag_cases.v[i]);
    for (unsigned i = 0; i < d->table.n; i++)
        say_word(&inner, &d->table.v[i]);
}

static void
say_policy(struct manual *m, const struct ast_setting *s)
{
    if (!str_is(s->name.s, "policy") || s->values.n < 2)
        return;
    const char *globs = s->globs.n ? arena_printf(m->a, " for %s", quoted_words(m, &s->globs)).p
                                   : "";
    buf_printf(m->out, "- policy `%.*s` is `%.*s`%s%s\n", STR_ARG(s->values.v[0].s),
               STR_ARG(s->values.v[1].s), globs, comment_behind(m, s->pos));
}

/* --- providers ------------------------------------------------------------------------------------ */

/* The comment at the top of a file, as paragraphs. */
static void
say_comment(struct manual *m, const struct source *src)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= src->n_lines; i++) {
        struct str line = str_trim(source_line(src, i));
        if (!str_starts(line, STR("#")))
            break;
        line = str_trim(str_skip(line, 1));
        bool sources = str_starts(line, STR("Sources:")) && n;
        buf_printf(m->out, "%s%.*s\n", sources ? "\n" : "", STR_ARG(line));
        n++;
    }
    if (n)
        buf_puts(m->out, STR("\n"));
}

static void
say_provider(struct manual *m, const struct dialect *d)
{
    buf_printf(m->out, "\n## %s\n\n", d->name.p);
    say_comment(m, d->file->src);
    for (unsigned i = 0; i < d->file->settings.n; i++)
        say_policy(m, &d->file->settings.v[i]);
    for (unsigned i = 0; i < d->file->decls.n; i++)
        say_decl(m, &d->file->decls.v[i]);
}

static const char *
setting_text(struct manual *m, const struct dialect *d, const char *name, const char *absent)
{
    const struct ast_setting *s = dialect_setting(d, name);

    return s && s->values.n ? quoted_words(m, &s->values) : absent;
}

/* bearer, header `x-api-key`: the schemes, with the names of headers and members. */
static const char *
auth_text(struct manual *m, const struct dialect *d)
{
    const struct ast_setting *s = dialect_setting(d, "auth");
    struct str out = { NULL, 0 };

    for (unsigned i = 0; s && i < s->values.n;) {
        struct setting_scheme scheme;
        i = setting_scheme(s, i, &scheme);
        bool named = str_is(scheme.name.s, "header") || str_is(scheme.name.s, "query");
        arena_append(m->a, &out, out.n ? STR(" or ") : STR(""));
        arena_append(m->a, &out, scheme.name.s);
        if (named && scheme.n)
            arena_append(m->a, &out, arena_printf(m->a, " `%.*s`", STR_ARG(scheme.strings[0].s)));
    }
    return out.n ? arena_printf(m->a, "%.*s", STR_ARG(out)).p : "none";
}

static const struct dialect *
spoken(const struct dialect *d)
{
    while (d->base && d->file->kind == FILE_PROVIDER)
        d = d->base;
    return d;
}

/* The dialects that it speaks, and the provider that it derives from, if it is one. */
static const char *
spoken_text(struct manual *m, const struct dialects *l, const struct dialect *d)
{
    const struct ast_setting *also = dialect_setting(d, "also");
    struct str out = arena_printf(m->a, "%s", spoken(d)->name.p);

    if (!str_eq(d->file->parent.s, out))
        out = arena_printf(m->a, "%.*s (as %.*s)", STR_ARG(out), STR_ARG(d->file->parent.s));
    for (unsigned i = 0; also && i < also->values.n; i++) {
        const struct dialect *other = dialects_find(l, also->values.v[i].s);
        if (other)
            out = arena_printf(m->a, "%.*s, %s", STR_ARG(out), spoken(other)->name.p);
    }
    return out.p;
}

static const char *
operations_text(struct manual *m, const struct dialect *d)
{
    struct str out = { NULL, 0 };

    for (unsigned i = 0; i < d->operations.n; i++)
        if (!d->operations.v[i].twin)
            arena_append(
                m->a, &out,
                arena_printf(m->a, "%s%.*s", i ? ", " : "", STR_ARG(d->operations.v[i].name.s)));
    return arena_printf(m->a, "%.*s", STR_ARG(out)).p;
}

/* The providers by name, with a NULL behind the last. */
static const struct dialect **
sorted(struct arena *a, const struct dialects *l)
{
    const struct dialect **v = arena_alloc(a, (l->n + 1) * sizeof *v);
    unsigned n = 0;

    for (unsigned i = 0; i < l->n; i++) {
        unsigned at = n;
        if (l->v[i].file->kind != FILE_PROVIDER)
            continue;
        for (; at > 0 && strcmp(v[at - 1]->name.p, l->v[i].name.p) > 0; at--)
            v[at] = v[at - 1];
        v[at] = &l->v[i];
        n++;
    }
    return v;
}

void
manual_print(struct arena *a, const struct dialects *l, struct buf *out)
{
    const struct dialect **providers = sorted(a, l);
    struct manual m = { a, out, "" };

    buf_puts(
        out,
        STR("# Providers\n\nPrinted by `specc` from `specs/providers/`: a line for each, then what each does "
            "differently from what it derives from.\nNames in the lines are the wire's, and behind *is* and *means* "
            "those of the model (`specs/ir.spec`).  A base without an\naddress comes from the config (`base_url`).  What a "
            "provider loses of what clients say: [LOSS.md](../generated/LOSS.md).\n\n| provider | speaks | base | auth | "
            "operations | models |\n|---|---|---|---|---|---|\n"));
    for (unsigned i = 0; providers[i]; i++) {
        const struct dialect *d = providers[i];
        buf_printf(out, "| [%s](#%s) | %s | %s | %s | %s | %s |\n", d->name.p, d->name.p,
                   spoken_text(&m, l, d), setting_text(&m, d, "base", "config"), auth_text(&m, d),
                   operations_text(&m, d), setting_text(&m, d, "models", ""));
    }
    for (unsigned i = 0; providers[i]; i++)
        say_provider(&m, providers[i]);
}
