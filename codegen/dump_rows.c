/* See dump_rows.h. */
#include "codegen/dump_rows.h"

#include "codegen/emit.h"

struct dump {
    struct arena *a;
    const struct ir_model *ir;
    struct diags *d;
    struct buf *out;
};

/* `m->blocks[IR_BLOCK_CALL].call.id`: of every element of that kind. */
static const char *
gathered(struct dump *p, const struct target *t)
{
    const char *ucase = t->un->cases.v[t->ucase].name.s.p;
    const char *kind = case_constant(p->a, t->un, t->ucase);

    if (!t->field)
        return arena_printf(p->a, "%s[%s]", t->list, kind).p;
    return arena_printf(p->a, "%s[%s].%s.%s", t->list, kind, ucase, t->field->name.s.p).p;
}

static void
put_target(struct dump *p, const struct ctx *ctx, const struct ast_path *path, enum dir dir,
           const char *verb)
{
    struct target t = target_resolve(p->a, p->ir, ctx, path, dir, p->d);

    if (!t.ok)
        return;
    buf_printf(p->out, "            %-6s %s", verb, t.gather ? gathered(p, &t) : t.lvalue);
    buf_printf(p->out, " (%s)", types_c(p->a, &t.type));
    if (dir == DIR_WRITE && t.guard)
        buf_printf(p->out, " when %s", t.guard);
    if (dir == DIR_READ && t.select)
        buf_printf(p->out, " after %s", t.select);
    buf_putc(p->out, '\n');
}

/* Paths that are no place in the model: a union's case that is dropped, the key of a patch. */
static bool
put_special(struct dump *p, const struct ctx *ctx, const struct ast_path *path)
{
    struct str name = path->v[0].name.s;

    if (path->n > 1)
        return false;
    if (ctx->kind == CTX_UNION && types_case(ctx->un, name) >= 0)
        buf_printf(p->out, "            loses  %s\n",
                   case_constant(p->a, ctx->un, types_case(ctx->un, name)));
    else if ((ctx->kind == CTX_CASE || ctx->kind == CTX_UNION) && str_is(name, "index"))
        buf_puts(p->out, STR("            tells the elements of a patch apart\n"));
    else
        return false;
    return true;
}

static void
put_row_targets(struct dump *p, const struct ctx *ctx, const struct ast_row *r)
{
    bool read = r->kind == ROW_MAP || r->kind == ROW_HEADER || r->kind == ROW_WITH;
    bool write = r->kind == ROW_MAP || r->kind == ROW_DROP;

    for (unsigned k = 0; k < r->model.n; k++) {
        if (put_special(p, ctx, &r->model.v[k]))
            continue;
        if (read && r->arrow != ARROW_WRITE)
            put_target(p, ctx, &r->model.v[k], DIR_READ, "reads");
        if (write && r->arrow != ARROW_READ)
            put_target(p, ctx, &r->model.v[k], DIR_WRITE, r->kind == ROW_DROP ? "loses" : "writes");
    }
}

static void
put_text(struct dump *p, struct pos pos)
{
    struct str text = str_make(pos.src->text.p + pos.at, pos.n);
    const char *end = memchr(text.p, '\n', text.n);

    if (end)
        text.n = (size_t)(end - text.p);
    buf_printf(p->out, "        %u: ", source_place(pos.src, pos.at).line);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ' ' || text.p[i + 1 < text.n ? i + 1 : i] != ' ')
            buf_putc(p->out, text.p[i]);
    buf_putc(p->out, '\n');
}

/* Where the rows inside a group of a patch stream stand. */
static struct ctx
inner(struct dump *p, const struct ast_row *r, struct ctx outer)
{
    if (r->kind == ROW_CHOICES)
        outer.rec = types_record(p->ir, STR("Choice"));
    return outer;
}

static void
put_rows(struct dump *p, const struct ctx *ctx, const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        put_text(p, r->pos);
        if (r->rows) {
            struct ctx in = inner(p, r, *ctx);
            put_rows(p, &in, r->rows);
        } else {
            put_row_targets(p, ctx, r);
        }
    }
}

static const struct ast_event *
find_event(const struct ir_model *ir, struct str name)
{
    for (unsigned i = 0; i < ir->events->events.n; i++)
        if (str_eq(ir->events->events.v[i].name.s, name))
            return &ir->events->events.v[i];
    return NULL;
}

/* What `m` is in a case of a union, list or stream; ok is false when it names nothing. */
static struct ctx
case_ctx(struct dump *p, const struct ast_decl *decl, const struct ast_tag_case *c, bool *ok)
{
    const struct ast_path *path = &c->model.v[c->model.n - 1];
    if (decl->kind == DECL_LIST && c->model.v[0].n > 1)
        path = &c->model.v[0];
    struct ctx ctx = { .kind = CTX_CASE, .ucase = -1 };

    if (decl->kind == DECL_UNION) {
        ctx.un = types_union(p->ir, decl->model.v[0].name.s);
        ctx.ucase = types_case(ctx.un, path->v[0].name.s);
    } else if (decl->kind == DECL_LIST && path->n > (routes_of_blocks(decl) ? 1u : 2u)) {
        ctx.un = types_union(p->ir, STR("Block"));
        ctx.ucase = types_case(ctx.un, path->v[path->n - 1].name.s);
    } else if (decl->kind == DECL_LIST) {
        ctx.kind = CTX_RECORD;
        ctx.rec = types_record(p->ir, STR("Turn"));
    } else {
        ctx.kind = CTX_EVENT;
        ctx.event = find_event(p->ir, path->v[0].name.s);
        if (decl->items && ctx.event)
            ctx.event = item_event(p->a, ctx.event);
    }
    *ok = ctx.kind == CTX_CASE ? ctx.ucase >= 0 : ctx.kind == CTX_EVENT ? ctx.event != NULL : true;
    return ctx;
}

static void
put_decl(struct dump *p, const struct ast_decl *decl)
{
    struct ctx ctx = { .kind = CTX_RECORD, .ucase = -1 };
    bool ok;

    buf_printf(p->out, "    %s %.*s\n", pos_text(p->a, decl->pos), STR_ARG(decl->name.s));
    ctx.rec = types_record(p->ir, decl->model.v[0].name.s);
    ctx.un = types_union(p->ir, decl->model.v[0].name.s);
    if (ctx.un)
        ctx.kind = decl->model.n > 1 ? CTX_CASE : CTX_UNION;
    if (decl->model.n > 1)
        ctx.ucase = types_case(ctx.un, decl->model.v[1].name.s);
    if (ctx.rec || ctx.un)
        put_rows(p, &ctx, &decl->rows);
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        put_text(p, decl->tag_cases.v[i].pos);
        ctx = case_ctx(p, decl, &decl->tag_cases.v[i], &ok);
        if (ok)
            put_rows(p, &ctx, &decl->tag_cases.v[i].rows);
    }
    for (unsigned i = 0; i < decl->table.n; i++)
        put_text(p, decl->table.v[i].pos);
}

void
dump_rows(struct arena *a, const struct ir_model *ir, const struct dialects *l, struct diags *d,
          struct buf *out)
{
    struct dump p = { a, ir, d, out };

    for (unsigned i = 0; i < l->n; i++) {
        buf_printf(out, "%s\n", l->v[i].name.p);
        for (unsigned k = 0; k < l->v[i].decls.n; k++)
            if (dialect_changed(&l->v[i], &l->v[i].decls.v[k]))
                put_decl(&p, &l->v[i].decls.v[k]);
    }
}
