/* Which declarations are read, and which are written: what is not needed is not printed. */
#include "codegen/emit.h"

struct needs {
    const struct dialect *d;
    bool *seen[2]; /* by direction and declaration */
};

static void need(struct needs *n, struct str name, enum dir dir);

static void
need_rows(struct needs *n, const struct ast_rows *rows, enum dir dir)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        if (r->rows)
            need_rows(n, r->rows, dir);
        if (r->arrow == (dir == DIR_READ ? ARROW_WRITE : ARROW_READ))
            continue;
        for (unsigned k = 0; k < r->forms.n; k++)
            need(n, r->forms.v[k].name.s, dir);
    }
}

static void
need(struct needs *n, struct str name, enum dir dir)
{
    const struct ast_decl *decl = dialect_decl(n->d, name);

    if (!decl || n->seen[dir][decl - n->d->decls.v])
        return;
    n->seen[dir][decl - n->d->decls.v] = true;
    need_rows(n, &decl->rows, dir);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        if (decl->tag_cases.v[i].arrow != (dir == DIR_READ ? ARROW_WRITE : ARROW_READ)) {
            need(n, decl->tag_cases.v[i].by.s, dir);
            need_rows(n, &decl->tag_cases.v[i].rows, dir);
            if (decl->tag_cases.v[i].spread)
                need(n, decl->tag_cases.v[i].many.name.s, dir);
        }
}

bool
dialect_needs(struct arena *a, const struct dialect *d, struct str name, enum dir dir)
{
    struct needs n = { d, { arena_alloc(a, d->decls.n + 1), arena_alloc(a, d->decls.n + 1) } };
    const struct ast_decl *decl = dialect_decl(d, name);

    for (unsigned i = 0; i < d->operations.n; i++) {
        const struct ast_operation *op = &d->operations.v[i];
        need(&n, op->sends.s, dir);
        need(&n, op->returns.s, dir);
        need(&n, op->streams.s, dir);
        need(&n, op->fails.s, dir);
        if (dir == DIR_READ)
            need(&n, op->costs.s, dir);
    }
    const struct ast_setting *lists = dialect_setting(d, "lists");
    for (unsigned i = 1; lists && i < lists->values.n && dir == DIR_WRITE; i++)
        need(&n, lists->values.v[i].s, dir);
    return decl && n.seen[dir][decl - d->decls.v];
}

bool
emit_needs(struct emit *e, const struct ast_decl *decl, enum dir dir)
{
    struct emit other = *e;

    for (unsigned i = 0; i < e->dialects->n; i++) {
        other.d = &e->dialects->v[i];
        if (other.d->family == e->family && dialect_decl(other.d, decl->name.s)
            && strcmp(decl_prefix(&other, decl), decl_prefix(e, decl)) == 0
            && dialect_needs(e->a, other.d, decl->name.s, dir))
            return true;
    }
    return false;
}
