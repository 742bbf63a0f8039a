/* LOSS.md: what one dialect says and another cannot. */
#include "codegen/coverage.h"

static bool
has(const struct names *l, struct str s)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

/* What `from` reads and `to` loses, as a sentence; NULL when nothing. */
static const char *
lost_between(struct arena *a, const struct coverage *from, const struct coverage *to)
{
    struct str out = { NULL, 0 };

    for (unsigned i = 0; i < from->read.n; i++) {
        if (!has(&to->lost, from->read.v[i]) || has(&to->written, from->read.v[i]))
            continue;
        if (out.n)
            arena_append(a, &out, STR(", "));
        arena_append(a, &out, arena_printf(a, "`%.*s`", STR_ARG(from->read.v[i])));
    }
    return out.n ? arena_printf(a, "%.*s", STR_ARG(out)).p : NULL;
}

static void
report_kind(struct arena *a, const struct dialects *l, const struct coverage *all,
            const char *title, struct buf *out)
{
    buf_printf(out, "\n## %s\n\n| from | to | lost |\n|---|---|---|\n", title);
    for (unsigned i = 0; i < l->n; i++)
        for (unsigned k = 0; k < l->n; k++) {
            const char *lost = i == k ? NULL : lost_between(a, &all[i], &all[k]);
            if (lost && l->v[i].file->kind == FILE_DIALECT)
                buf_printf(out, "| %s | %s | %s |\n", l->v[i].name.p, l->v[k].name.p, lost);
        }
}

void
coverage_report(struct arena *a, const struct ir_model *ir, const struct dialects *l,
                struct buf *out)
{
    struct coverage *requests = arena_alloc(a, (l->n + 1) * sizeof *requests);
    struct coverage *replies = arena_alloc(a, (l->n + 1) * sizeof *replies);

    for (unsigned i = 0; i < l->n; i++)
        for (unsigned k = 0; k < l->v[i].operations.n; k++) {
            coverage_walk(a, ir, &l->v[i], l->v[i].operations.v[k].sends.s, NULL, &requests[i]);
            coverage_walk(a, ir, &l->v[i], l->v[i].operations.v[k].returns.s, NULL, &replies[i]);
        }
    buf_puts(
        out,
        STR("# What is lost in translation\n\nPrinted by `specc` from the specs: for each front dialect and each dialect or "
            "provider behind it, the fields that the\none can say and the other has no place for.  Each is named at run "
            "time as well: in the header `x-llmux-dropped`, in the log\nline, on the standard error of `llmux translate`. "
            " A pair that is not listed loses nothing.  Names are those of\n`specs/ir.spec`: the type that holds the field, "
            "and the field.\n"));
    report_kind(a, l, requests, "Requests", out);
    report_kind(a, l, replies, "Replies", out);
}
