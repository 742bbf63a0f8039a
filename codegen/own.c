/* What a dialect has of its own: the struct through which declarations are looked up that providers
 * of the family amend. */
#include "codegen/emit.h"

/* Does the provider itself say something about an inherited declaration? */
static bool
amends(const struct dialect *d, struct str name)
{
    if (!d->base || !dialect_decl(d->base, name))
        return false;
    for (unsigned i = 0; i < d->file->decls.n; i++)
        if (str_eq(d->file->decls.v[i].name.s, name))
            return true;
    return false;
}

/* Whoever amends it, its functions have the same types. */
static bool
is_alike(const struct emit *e, const struct ast_decl *decl)
{
    for (unsigned i = 0; i < e->dialects->n; i++) {
        const struct dialect *d = &e->dialects->v[i];
        const struct ast_decl *other = d->family == e->family ? dialect_decl(d, decl->name.s)
                                                              : NULL;
        if (other
            && (other->kind != decl->kind || !other->model.n
                || !str_eq(other->model.v[0].name.s, decl->model.v[0].name.s)))
            return false;
    }
    return true;
}

static bool
is_own(const struct emit *e, struct str name)
{
    for (unsigned i = 0; i < e->own.n; i++)
        if (str_eq(e->own.v[i].s, name))
            return true;
    return false;
}

void
own_find(struct emit *e)
{
    for (unsigned i = 0; i < e->dialects->n; i++) {
        const struct dialect *d = &e->dialects->v[i];
        for (unsigned k = 0; d->family == e->family && k < d->decls.n; k++) {
            const struct ast_decl *decl = &d->decls.v[k];
            if (decl->kind == DECL_STREAM || !decl->model.n || is_own(e, decl->name.s)
                || !amends(d, decl->name.s) || !is_alike(e, decl))
                continue;
            struct word *w = arena_push(e->a, (void **)&e->own.v, &e->own.n, &e->own.cap,
                                        sizeof *w);
            *w = decl->name;
        }
    }
}

bool
own_splits(const struct emit *e, const struct ast_decl *decl, const struct body *b)
{
    return is_own(e, decl->name.s) && b->uses.n >= 4;
}

static const char *
function(struct emit *e, const struct ast_decl *decl, const char *what)
{
    if (is_own(e, decl->name.s))
        return arena_printf(e->a, "OWN(x)->%s_%.*s", what, STR_ARG(decl->name.s)).p;
    return arena_printf(e->a, "%s_%s", what, decl_name(e, decl)).p;
}

const char *
own_reader(struct emit *e, const struct ast_decl *decl)
{
    return function(e, decl, "read");
}

const char *
own_writer(struct emit *e, const struct ast_decl *decl)
{
    return function(e, decl, "write");
}

const char *
own_table(struct emit *e, const struct ast_decl *decl)
{
    if (is_own(e, decl->name.s))
        return arena_printf(e->a, "OWN(x)->%.*s_table", STR_ARG(decl->name.s)).p;
    return arena_printf(e->a, "&%s_table", decl_name(e, decl)).p;
}

struct own_cases
own_row_cases(struct emit *e, const struct body *b, const struct row_use *u)
{
    struct own_cases m = { row_mask(e, b, u, DIR_WRITE), NULL };
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_WRITE, e->diags);
    uint32_t claims = body_claims(e, b, u), fixed = 0;
    bool several = false;

    if (!t.ok || t.gather || t.type.kind != TYPE_UNION || !t.type.list)
        return m;
    for (unsigned i = 0; i < u->r->forms.n; i++) {
        struct form f = form_resolve(e, &u->r->forms.v[i], &t.type);
        if (!f.decl || f.decl->kind != DECL_UNION || !is_own(e, f.decl->name.s)) {
            fixed |= form_mask(e, &f, DIR_WRITE);
        } else {
            several = m.own != NULL;
            m.own = arena_printf(e->a, "%s%sOWN(x)->%.*s_cases", m.own ? m.own : "",
                                 m.own ? " | " : "", STR_ARG(f.decl->name.s))
                        .p;
        }
    }
    if (m.own) {
        m.fixed = fixed & ~claims;
        if (claims)
            m.own =
                arena_printf(e->a, several ? "((%s) & 0x%xu)" : "(%s & 0x%xu)", m.own, ~claims).p;
    }
    return m;
}

const char *
own_cases_text(struct emit *e, const struct own_cases *m)
{
    if (m->own && m->fixed)
        return arena_printf(e->a, "(%s | 0x%xu)", m->own, m->fixed).p;
    if (m->own)
        return arena_printf(e->a, "(%s)", m->own).p;
    return arena_printf(e->a, "0x%xu", m->fixed).p;
}

/* The declaration of this name as the family's first dialect with it says it. */
static const struct ast_decl *
any_decl(const struct emit *e, struct str name)
{
    const struct ast_decl *decl = NULL;

    for (unsigned i = 0; i < e->dialects->n && !decl; i++)
        if (e->dialects->v[i].family == e->family)
            decl = dialect_decl(&e->dialects->v[i], name);
    return decl;
}

void
own_emit_type(struct emit *e)
{
    if (e->own.n == 0)
        return;
    em(e, "/* What providers amend. */\nstruct amended {\n");
    for (unsigned i = 0; i < e->own.n; i++) {
        const struct ast_decl *decl = any_decl(e, e->own.v[i].s);
        struct str model = decl->model.v[0].name.s, name = decl->name.s;
        const char *c = decl_model_c(e, decl), *type = "void";
        if (decl->kind == DECL_TABLE) {
            em(e, "    const struct xd_%s *%.*s_table;\n",
               str_is(model, "string") ? "pairs" : "table", STR_ARG(name));
            continue;
        }
        if (decl->kind == DECL_UNION) {
            type = "bool";
            em(e, "    uint32_t %.*s_cases;\n", STR_ARG(name));
        }
        em(e, "    %s (*read_%.*s)(struct xd *x, uint32_t at, struct ir_%s *m);\n", type,
           STR_ARG(name), c);
        em(e, "    %s (*write_%.*s)(struct xd *x, const struct ir_%s *m);\n", type, STR_ARG(name),
           c);
    }
    em(e, "};\n#define OWN(x) ((const struct amended *)(x)->dialect->own)\n\n");
}

static void
emit_function(struct emit *e, const struct ast_decl *decl, enum dir dir)
{
    const char *what = dir == DIR_READ ? "read" : "write";

    if (emit_needs(e, decl, dir))
        em(e, "    .%s_%.*s = %s_%s,\n", what, STR_ARG(decl->name.s), what, decl_name(e, decl));
}

void
own_emit(struct emit *e)
{
    if (e->own.n == 0)
        return;
    em(e, "static const struct amended %sown = {\n", e->d->prefix);
    for (unsigned i = 0; i < e->own.n; i++) {
        const struct ast_decl *decl = dialect_decl(e->d, e->own.v[i].s);
        if (decl && decl->kind == DECL_TABLE) {
            if (emit_needs(e, decl, DIR_READ) || emit_needs(e, decl, DIR_WRITE))
                em(e, "    .%.*s_table = &%s_table,\n", STR_ARG(decl->name.s), decl_name(e, decl));
        } else if (decl) {
            const struct ir_union *un = types_union(e->ir, decl->model.v[0].name.s);
            struct form f = { .decl = decl, .un = un, .ucase = -1 };
            if (decl->kind == DECL_UNION)
                em(e, "    .%.*s_cases = 0x%xu,\n", STR_ARG(decl->name.s),
                   form_mask(e, &f, DIR_WRITE));
            emit_function(e, decl, DIR_READ);
            emit_function(e, decl, DIR_WRITE);
        }
    }
    em(e, "};\n\n");
}
