/* What rows do not say; see gap.h. */
#include "codegen/gap.h"

static bool
prefix_of(const struct ast_path *p, const struct str *path, unsigned n)
{
    if (p->n < n)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!str_eq(p->v[i].name.s, path[i]))
            return false;
    return true;
}

/* Other rows say `choices[0].x`: then so must the one that is missing. */
static bool
is_indexed(const struct covered *c, const struct str *path, unsigned n)
{
    for (unsigned i = 0; i < c->paths.n; i++)
        if (prefix_of(c->paths.v[i], path, n) && c->paths.v[i]->v[n - 1].index == 0)
            return true;
    return false;
}

static void
complain(const struct gaps *g, const struct covered *c, struct pos pos, const struct str *path,
         unsigned n)
{
    struct str text = { NULL, 0 };

    if (!g->d)
        return;
    for (unsigned i = 0; i < n; i++) {
        if (i)
            arena_append(g->a, &text, STR("."));
        arena_append(g->a, &text, path[i]);
        if (is_indexed(c, path, i + 1))
            arena_append(g->a, &text, STR("[0]"));
    }
    struct diag *e = diag_error(g->d, pos, "'%.*s' is neither written nor dropped", STR_ARG(text));
    diag_help(e, "add a row that writes it, or: drop %.*s", STR_ARG(text));
}

/* Written by another declaration of the dialect: `output_config.effort <-> reasoning.effort` beside
 * the object that `reasoning` has. */
static bool
written_elsewhere(const struct gaps *g, const char *holder, struct str field)
{
    struct str name = arena_printf(g->a, "%s.%.*s", holder, STR_ARG(field));

    for (unsigned i = 0; i < g->written->n; i++)
        if (str_eq(g->written->v[i], name))
            return true;
    return false;
}

static void
want_field(const struct gaps *g, const struct covered *c, struct pos pos, const char *holder,
           struct str *path, unsigned n, const struct type *t)
{
    bool inside = false;

    if (t->kind == TYPE_INDEX || t->served)
        return;
    for (unsigned i = 0; i < c->paths.n; i++) {
        if (c->paths.v[i]->n == n && prefix_of(c->paths.v[i], path, n))
            return;
        inside |= prefix_of(c->paths.v[i], path, n);
    }
    if (inside && t->kind == TYPE_RECORD && n < 8) {
        for (unsigned i = 0; i < t->rec->fields.n; i++) {
            path[n] = t->rec->fields.v[i].name.s;
            want_field(g, c, pos, t->rec->name.s.p, path, n + 1, &t->rec->fields.v[i].type);
        }
        return;
    }
    if (inside && t->kind == TYPE_UNION)
        return; /* its cases are checked as such */
    if (!written_elsewhere(g, holder, path[n - 1]))
        complain(g, c, pos, path, n);
}

static void
want_cases(const struct gaps *g, const struct covered *c, struct pos pos, const struct ir_field *f)
{
    struct str path[2] = { f->name.s, { NULL, 0 } };
    const struct ir_union *u = f->type.un;

    for (unsigned i = 0; i < c->cases.n; i++)
        for (unsigned k = 0; str_eq(c->cases.v[i].field, f->name.s) && k < u->cases.n; k++)
            if (!(c->cases.v[i].mask >> k & 1)) {
                path[1] = u->cases.v[k].name.s;
                complain(g, c, pos, path, 2);
            }
}

void
gaps_report(const struct gaps *g, const struct covered *c, struct pos pos, const char *holder,
            const struct ir_fields *f)
{
    struct str path[9];

    for (unsigned i = 0; f && i < f->n; i++) {
        path[0] = f->v[i].name.s;
        want_field(g, c, pos, holder, path, 1, &f->v[i].type);
        if (f->v[i].type.kind == TYPE_UNION)
            want_cases(g, c, pos, &f->v[i]);
    }
}
