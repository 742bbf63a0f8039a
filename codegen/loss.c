/* LOSS.md: what one dialect says and another cannot, and what providers take away from theirs. */
#include <ctype.h>

#include "codegen/coverage.h"

/* What a dialect or provider says and gives up, by kind of document. */
enum document { REQUESTS, REPLIES, DOCUMENTS };
static const char *const documents[DOCUMENTS] = { "requests", "replies" };

struct report {
    struct arena *a;
    const struct ir_model *ir;
    const struct dialects *l;
    struct coverage *said[DOCUMENTS]; /* by dialect */
    struct buf *out;
};

static bool
has(const struct names *l, struct str s)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

/* A block is written as well where one of its fields is: "Block.thinking" by "thinking.text". */
static bool
has_field_of(const struct names *l, struct str ucase)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].n > ucase.n && l->v[i].p[ucase.n] == '.' && str_starts(l->v[i], ucase))
            return true;
    return false;
}

static bool
loses(const struct report *r, const struct coverage *c, struct str name)
{
    const char *dot = memchr(name.p, '.', name.n);
    size_t n = dot ? (size_t)(dot - name.p) : 0;

    if (!has(&c->lost, name) || has(&c->written, name))
        return false;
    return !types_union(r->ir, str_make(name.p, n))
           || !has_field_of(&c->written, str_skip(name, n + 1));
}

/* --- words ---------------------------------------------------------------------------------------- */

/* The comment behind what stands alone on its line; absent when there is none. */
static struct str
comment_behind(struct pos pos)
{
    struct str line = source_line(pos.src, source_place(pos.src, pos.at).line);
    const char *hash = memchr(line.p, '#', line.n);

    if (!hash || memchr(line.p, ';', (size_t)(hash - line.p))
        || memchr(line.p, '{', (size_t)(hash - line.p)))
        return (struct str){ NULL, 0 };
    return str_trim(str_skip(line, (size_t)(hash + 1 - line.p)));
}

static const char *
spaced(struct arena *a, struct str name)
{
    struct str s = arena_printf(a, "%.*s", STR_ARG(name));

    for (size_t i = 0; i < s.n; i++)
        ((char *)s.p)[i] = s.p[i] == '_' ? ' ' : (char)tolower((unsigned char)s.p[i]);
    return s.p;
}

static const char *
field_words(const struct report *r, struct str owner, const struct ir_field *field)
{
    struct str said = comment_behind(field->name.pos);
    const char *name = spaced(r->a, field->name.s);

    if (said.n && !types_record(r->ir, owner))
        return arena_printf(r->a, "%.*s (of %s)", STR_ARG(said), spaced(r->a, owner)).p;
    if (said.n)
        return arena_printf(r->a, "%.*s", STR_ARG(said)).p;
    if (str_is(owner, "Request") || str_is(owner, "Reply"))
        return name;
    return arena_printf(r->a, "%s of %s", name, spaced(r->a, owner)).p;
}

/* "Block.audio", "image.detail", "Sampling.seed" for people. */
static const char *
words(const struct report *r, struct str name)
{
    const char *dot = memchr(name.p, '.', name.n);
    struct str owner = str_make(name.p, dot ? (size_t)(dot - name.p) : name.n);
    struct str member = dot ? str_skip(name, owner.n + 1) : STR("");
    const struct ir_record *rec = types_record(r->ir, owner);
    const struct ir_union *un = types_union(r->ir, owner);
    const struct ir_field *field = rec ? types_field(&rec->fields, member) : NULL;

    if (un && types_case(un, member) >= 0)
        return arena_printf(r->a, "%ss of kind %s", spaced(r->a, owner), spaced(r->a, member)).p;
    for (unsigned i = 0; !field && i < r->ir->unions.n; i++) {
        int c = types_case(&r->ir->unions.v[i], owner);
        if (c < 0)
            continue;
        field = types_field(&r->ir->unions.v[i].cases.v[c].fields, member);
        field = field ? field : types_field(&r->ir->unions.v[i].common, member);
    }
    return field ? field_words(r, owner, field) : spaced(r->a, member);
}

/* --- pairs of dialects ------------------------------------------------------------------------------ */

static unsigned
report_document(const struct report *r, unsigned from, unsigned to, enum document doc, bool head)
{
    const struct names *read = &r->said[doc][from].read;
    unsigned n = 0;

    for (unsigned i = 0; i < read->n; i++) {
        if (!loses(r, &r->said[doc][to], read->v[i]))
            continue;
        if (n++ == 0 && head)
            buf_printf(r->out, "\n## %s → %s\n\n| in | lost | that is |\n|---|---|---|\n",
                       r->l->v[from].name.p, r->l->v[to].name.p);
        buf_printf(r->out, "| %s | `%.*s` | %s |\n", documents[doc], STR_ARG(read->v[i]),
                   words(r, read->v[i]));
    }
    return n;
}

static void
report_pairs(const struct report *r)
{
    for (unsigned i = 0; i < r->l->n; i++)
        for (unsigned k = 0; k < r->l->n; k++) {
            if (i == k || r->l->v[i].file->kind != FILE_DIALECT
                || r->l->v[k].file->kind != FILE_DIALECT)
                continue;
            unsigned n = report_document(r, i, k, REQUESTS, true);
            report_document(r, i, k, REPLIES, n == 0);
        }
}

/* --- providers ---------------------------------------------------------------------------------------- */

/* Names that `one` loses and `other` does not; only those that it writes: where it lacks the operation, nothing is
 * lost, and nothing carried. */
enum but { BUT_NOT_LOST, BUT_WRITTEN };
static const char *
more_lost(const struct report *r, const struct coverage *one, const struct coverage *other,
          enum but but)
{
    struct str out = { NULL, 0 };

    for (unsigned i = 0; i < one->lost.n; i++) {
        struct str name = one->lost.v[i];
        if (!loses(r, one, name) || loses(r, other, name)
            || (but == BUT_WRITTEN && !has(&other->written, name)))
            continue;
        arena_append(r->a, &out, out.n ? STR(", ") : STR(""));
        arena_append(r->a, &out, arena_printf(r->a, "`%.*s`", STR_ARG(name)));
    }
    return out.n ? arena_printf(r->a, "%.*s", STR_ARG(out)).p : "";
}

/* The dialect that a provider speaks. */
static const struct dialect *
spoken(const struct dialect *d)
{
    while (d->base && d->file->kind == FILE_PROVIDER)
        d = d->base;
    return d;
}

static void
report_provider(const struct report *r, unsigned at, enum document doc, struct buf *none)
{
    const struct dialect *d = &r->l->v[at], *base = spoken(d);
    const struct coverage *own = &r->said[doc][at], *its = &r->said[doc][base - r->l->v];
    const char *less = more_lost(r, own, its, BUT_NOT_LOST),
               *more = more_lost(r, its, own, BUT_WRITTEN);

    if (*less || *more)
        buf_printf(r->out, "| %s | %s | %s | %s |\n", d->name.p, base->name.p, less, more);
    else
        buf_printf(none, "%s%s", buf_str(none).n ? ", " : "", d->name.p);
}

static void
report_providers(const struct report *r, enum document doc)
{
    struct buf none;

    buf_init(&none, 1u << 20);
    buf_printf(
        r->out,
        "\n## Providers: %s\n\n| provider | dialect | lost besides | not lost |\n|---|---|---|---|\n",
        documents[doc]);
    for (unsigned i = 0; i < r->l->n; i++)
        if (r->l->v[i].file->kind == FILE_PROVIDER)
            report_provider(r, i, doc, &none);
    if (buf_str(&none).n)
        buf_printf(r->out, "\nAs their dialects: %.*s.\n", STR_ARG(buf_str(&none)));
    buf_fini(&none);
}

static void
walk(const struct report *r, unsigned at)
{
    const struct dialect *d = &r->l->v[at];

    for (unsigned k = 0; k < d->operations.n; k++) {
        const struct ast_operation *op = &d->operations.v[k];
        if (op->twin)
            continue; /* it is never what something is written for */
        coverage_walk(r->a, r->ir, d, op->sends.s, NULL, &r->said[REQUESTS][at]);
        coverage_walk(r->a, r->ir, d, op->returns.s, NULL, &r->said[REPLIES][at]);
    }
}

void
coverage_report(struct arena *a, const struct ir_model *ir, const struct dialects *l,
                struct buf *out)
{
    struct report r = { .a = a, .ir = ir, .l = l, .out = out };

    for (int doc = 0; doc < DOCUMENTS; doc++)
        r.said[doc] = arena_alloc(a, (l->n + 1) * sizeof *r.said[doc]);
    for (unsigned i = 0; i < l->n; i++)
        walk(&r, i);
    buf_puts(
        out,
        STR("# What is lost in translation\n\nPrinted by `specc` from the specs.  A table for each pair of dialects: what "
            "the one can say and the other has no place\nfor; a pair without a table loses nothing.  Then, for each "
            "provider, what it loses besides its dialect, and what of its\ndialect's losses it does carry.  Each loss is "
            "named at run time as well: in the header `x-llmux-dropped`, in the log line,\non the standard error of `llmux "
            "translate`.  Names are those of `specs/ir.spec`: the type that holds the field, and the\nfield.\n"));
    report_pairs(&r);
    report_providers(&r, REQUESTS);
    report_providers(&r, REPLIES);
}
