/* Which dialects there are, and what each inherits. */
#include "codegen/dialect.h"

#include "codegen/amend.h"

static const char *
c_name(struct arena *a, struct str name)
{
    struct str out = arena_printf(a, "%.*s", STR_ARG(name));

    for (size_t i = 0; i < out.n; i++)
        if (out.p[i] == '.' || out.p[i] == '-')
            ((char *)out.p)[i] = '_';
    return out.p;
}

const struct ast_decl *
dialect_decl(const struct dialect *d, struct str name)
{
    for (unsigned i = 0; i < d->decls.n; i++)
        if (str_eq(d->decls.v[i].name.s, name))
            return &d->decls.v[i];
    return NULL;
}

const struct ast_decl *
dialect_want(const struct dialect *d, struct word name, struct diags *diags)
{
    const struct ast_decl *decl = dialect_decl(d, name.s);

    if (decl)
        return decl;
    struct diag *e = diag_error(diags, name.pos, "there is no declaration '%.*s'", STR_ARG(name.s));
    struct suggestion s = suggestion_for(name.s);
    for (unsigned i = 0; i < d->decls.n; i++)
        suggestion_consider(&s, d->decls.v[i].name.s);
    (void)diag_suggest(e, &s);
    return NULL;
}

bool
dialect_changed(const struct dialect *d, const struct ast_decl *decl)
{
    return !d->base || d->changed[decl - d->decls.v];
}

bool
dialect_names_camel(const struct dialect *d)
{
    return dialect_setting(d, "names") != NULL;
}

const struct ast_setting *
dialect_setting(const struct dialect *d, const char *name)
{
    for (unsigned i = d->settings.n; i > 0; i--)
        if (str_is(d->settings.v[i - 1].name.s, name))
            return &d->settings.v[i - 1];
    return NULL;
}

/* Does the row name this declaration, by itself or inside a group? */
static bool
rows_use(const struct ast_rows *rows, struct str name)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        for (unsigned k = 0; k < r->forms.n; k++)
            if (str_eq(r->forms.v[k].name.s, name))
                return true;
        if (r->rows && rows_use(r->rows, name))
            return true;
    }
    return false;
}

static bool
rows_grow(const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++)
        for (unsigned k = 0; k < rows->v[i].forms.n; k++)
            if (rows->v[i].forms.v[k].kind == FORM_GROWS)
                return true;
    return false;
}

static bool
decl_uses(const struct ast_decl *decl, const struct ast_decl *other)
{
    if (rows_use(&decl->rows, other->name.s))
        return true;
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_rows *rows = &decl->tag_cases.v[i].rows;
        if (str_eq(decl->tag_cases.v[i].by.s, other->name.s))
            return true;
        if (rows_use(rows, other->name.s) || (rows_grow(rows) && other->kind == DECL_UNION))
            return true;
    }
    return false;
}

/* What uses something changed is changed too. */
static void
spread_changes(struct dialect *d)
{
    bool again = true;

    while (again) {
        again = false;
        for (unsigned i = 0; i < d->decls.n; i++)
            for (unsigned k = 0; k < d->decls.n && !d->changed[i]; k++)
                if (d->changed[k] && decl_uses(&d->decls.v[i], &d->decls.v[k]))
                    d->changed[i] = again = true;
    }
}

static void
nothing_to_amend(const struct dialect *d, struct word name, struct diags *diags)
{
    struct diag *e = diag_error(diags, name.pos, "there is no '%.*s' to amend", STR_ARG(name.s));
    struct suggestion s = suggestion_for(name.s);

    for (unsigned i = 0; i < d->decls.n; i++)
        suggestion_consider(&s, d->decls.v[i].name.s);
    if (!diag_suggest(e, &s))
        diag_help(e, "a new declaration starts with its kind: object %.*s <-> ...",
                  STR_ARG(name.s));
}

static void
inherit(struct arena *a, struct dialect *d, struct diags *diags)
{
    const struct ast_file *f = d->file;
    unsigned inherited = d->base ? d->base->decls.n : 0;

    for (unsigned i = 0; i < inherited; i++) {
        struct ast_decl *decl = arena_push(a, (void **)&d->decls.v, &d->decls.n, &d->decls.cap,
                                           sizeof *decl);
        *decl = d->base->decls.v[i];
    }
    d->changed = arena_alloc(a, inherited + f->decls.n + 1);
    for (unsigned i = 0; i < f->decls.n; i++) {
        struct ast_decl *old = (struct ast_decl *)dialect_decl(d, f->decls.v[i].name.s);
        if (f->decls.v[i].kind == DECL_AMEND) {
            if (old) {
                amend_decl(a, old, &f->decls.v[i], diags);
                d->changed[old - d->decls.v] = true;
            } else {
                nothing_to_amend(d, f->decls.v[i].name, diags);
            }
            continue;
        }
        if (old && old >= d->decls.v + inherited) {
            struct diag *e = diag_error(diags, f->decls.v[i].name.pos, "'%.*s' is declared twice",
                                        STR_ARG(old->name.s));
            diag_note(e, old->name.pos, "first here");
            continue;
        }
        if (!old)
            old = arena_push(a, (void **)&d->decls.v, &d->decls.n, &d->decls.cap, sizeof *old);
        *old = f->decls.v[i];
        d->changed[old - d->decls.v] = true;
    }
    spread_changes(d);
}

static bool
same_words(const struct words *a, const struct words *b)
{
    bool same = a->n == b->n;

    for (unsigned i = 0; same && i < a->n; i++)
        same = str_eq(a->v[i].s, b->v[i].s);
    return same;
}

/* Does the file set this anew?  Policies for some models stand beside the inherited ones. */
static bool
sets_anew(const struct ast_settings *own, const struct ast_setting *inherited)
{
    for (unsigned i = 0; i < own->n; i++) {
        const struct ast_setting *s = &own->v[i];
        if (!str_eq(s->name.s, inherited->name.s))
            continue;
        if (!str_is(s->name.s, "policy") && !str_is(s->name.s, "default"))
            return true;
        if (!str_eq(s->values.v[0].s, inherited->values.v[0].s))
            continue;
        if (s->globs.n == 0
            || (same_words(&s->values, &inherited->values)
                && same_words(&s->globs, &inherited->globs)))
            return true;
    }
    return false;
}

static void
inherit_settings(struct arena *a, struct dialect *d)
{
    static const struct ast_settings none;
    const struct ast_settings *from[2] = { d->base ? &d->base->settings : &none,
                                           &d->file->settings };

    for (int k = 0; k < 2; k++)
        for (unsigned i = 0; i < from[k]->n; i++) {
            if (k == 0 && sets_anew(&d->file->settings, &from[k]->v[i]))
                continue;
            struct ast_setting *s = arena_push(a, (void **)&d->settings.v, &d->settings.n,
                                               &d->settings.cap, sizeof *s);
            if (s)
                *s = from[k]->v[i];
        }
}

static const struct ast_operation *
find_operation(const struct ast_operations *l, struct str name)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].name.s, name))
            return &l->v[i];
    return NULL;
}

static bool
has_word(const struct words *l, struct str s)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].s, s))
            return true;
    return false;
}

/* Names of inherited operations, given in order to keep them or to do without. */
static void
check_operations(const struct dialect *d, const struct words *l, const char *why,
                 struct diags *diags)
{
    for (unsigned i = 0; i < l->n; i++) {
        if (find_operation(&d->file->operations, l->v[i].s)
            || (d->base && find_operation(&d->base->operations, l->v[i].s)))
            continue;
        struct suggestion s = suggestion_for(l->v[i].s);
        for (unsigned k = 0; d->base && k < d->base->operations.n; k++)
            suggestion_consider(&s, d->base->operations.v[k].name.s);
        (void)diag_suggest(diag_error(diags, l->v[i].pos, "there is no operation '%.*s' to %s",
                                      STR_ARG(l->v[i].s), why),
                           &s);
    }
}

/* `operations chat, embeddings`: those that it has of the inherited ones; NULL: all. */
static const struct words *
kept_operations(const struct dialect *d)
{
    for (unsigned i = 0; i < d->file->settings.n; i++)
        if (str_is(d->file->settings.v[i].name.s, "operations"))
            return &d->file->settings.v[i].values;
    return NULL;
}

static void
add_operation(struct arena *a, struct dialect *d, const struct ast_operation *op)
{
    unsigned twin = 0;

    for (unsigned i = 0; i < d->operations.n; i++)
        twin += str_eq(d->operations.v[i].name.s, op->name.s);
    struct ast_operation *to = arena_push(a, (void **)&d->operations.v, &d->operations.n,
                                          &d->operations.cap, sizeof *to);
    if (to) {
        *to = *op;
        to->twin = twin;
    }
}

static void
add_operations(struct arena *a, struct dialect *d, const struct ast_operations *l, struct str name)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].name.s, name))
            add_operation(a, d, &l->v[i]);
}

/* Its own operations stand where the inherited ones of the same names stood, or behind them all. */
static void
inherit_operations(struct arena *a, struct dialect *d, struct diags *diags)
{
    static const struct ast_operations none;
    const struct ast_operations *own = &d->file->operations;
    const struct ast_operations *inherited = d->base ? &d->base->operations : &none;

    const struct words *kept = kept_operations(d);

    check_operations(d, &d->file->removed, "remove", diags);
    if (kept)
        check_operations(d, kept, "keep", diags);
    for (unsigned i = 0; i < inherited->n; i++) {
        struct str name = inherited->v[i].name.s;
        bool done = find_operation(&d->operations, name);
        if (!done && !has_word(&d->file->removed, name) && (!kept || has_word(kept, name)))
            add_operations(a, d, find_operation(own, name) ? own : inherited, name);
    }
    for (unsigned i = 0; i < own->n; i++)
        if (!find_operation(inherited, own->v[i].name.s))
            add_operation(a, d, &own->v[i]);
}

static const struct ast_file *
find_file(const struct ast_file *const *files, unsigned n, struct str name)
{
    for (unsigned i = 0; i < n; i++)
        if (files[i]->kind != FILE_IR && str_eq(files[i]->name.s, name))
            return files[i];
    return NULL;
}

const struct dialect *
dialects_find(const struct dialects *l, struct str name)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].name, name))
            return &l->v[i];
    return NULL;
}

#define DEPTH_MAX 3u /* a provider of a provider of a dialect that derives */

static unsigned
depth_of(const struct ast_file *const *files, unsigned n, const struct ast_file *f)
{
    unsigned depth = 0;

    while (f && f->parent.s.n && depth <= DEPTH_MAX) {
        f = find_file(files, n, f->parent.s);
        depth++;
    }
    return depth;
}

/* How many providers stand above a file. */
static unsigned
providers_of(const struct ast_file *const *files, unsigned n, const struct ast_file *f)
{
    unsigned count = 0;

    for (unsigned i = 0; f && f->parent.s.n && i <= DEPTH_MAX; i++) {
        f = find_file(files, n, f->parent.s);
        count += f && f->kind == FILE_PROVIDER;
    }
    return count;
}

static bool
inherits_itself(const struct ast_file *const *files, unsigned n, const struct ast_file *f)
{
    const struct ast_file *g = find_file(files, n, f->parent.s);

    for (unsigned i = 0; g && g != f && i < 4; i++)
        g = find_file(files, n, g->parent.s);
    return g == f;
}

static void
check_name(const struct ast_file *const *files, unsigned n, const struct ast_file *f,
           struct diags *d)
{
    const struct ast_file *first = find_file(files, n, f->name.s);

    if (first != f)
        diag_note(
            diag_error(d, f->name.pos, "there are two of the name '%.*s'", STR_ARG(f->name.s)),
            first->name.pos, "the other one");
}

static void
check_parent(const struct ast_file *const *files, unsigned n, const struct ast_file *f,
             struct diags *d)
{
    if (!f->parent.s.n)
        return;
    if (!find_file(files, n, f->parent.s)) {
        struct diag *e = diag_error(d, f->parent.pos, "there is no dialect '%.*s'",
                                    STR_ARG(f->parent.s));
        struct suggestion s = suggestion_for(f->parent.s);
        for (unsigned i = 0; i < n; i++)
            if (files[i]->kind != FILE_IR && files[i] != f)
                suggestion_consider(&s, files[i]->name.s);
        (void)diag_suggest(e, &s);
    } else if (inherits_itself(files, n, f)) {
        diag_error(d, f->parent.pos, "'%.*s' inherits from itself", STR_ARG(f->name.s));
    } else if (f->kind == FILE_DIALECT && depth_of(files, n, f) > 1) {
        diag_help(diag_error(d, f->parent.pos, "'%.*s' derives from another itself",
                             STR_ARG(f->parent.s)),
                  "a dialect derives from one that stands alone");
    } else if (providers_of(files, n, f) > 1) {
        diag_help(diag_error(d, f->parent.pos, "inheritance is deeper than two"),
                  "a provider derives from a dialect, or from a provider that does");
    }
}

static void
add_dialect(struct arena *a, struct dialects *l, const struct ast_file *f, struct diags *diags)
{
    struct dialect d = { .file = f,
                         .name = arena_printf(a, "%.*s", STR_ARG(f->name.s)),
                         .c = c_name(a, f->name.s) };

    d.base = f->parent.s.n ? dialects_find(l, f->parent.s) : NULL;
    if (f->parent.s.n && !d.base)
        return; /* said already by check_parent */
    struct dialect *slot = arena_push(a, (void **)&l->v, &l->n, &l->cap, sizeof *slot);
    inherit(a, &d, diags);
    inherit_settings(a, &d);
    inherit_operations(a, &d, diags);
    if (f->kind == FILE_DIALECT)
        d.base = NULL; /* all that it inherits is its own from now on */
    d.prefix = d.base ? arena_printf(a, "%s_", d.c).p : "";
    d.family = d.base ? d.base->family : slot;
    *slot = d;
}

struct dialects *
dialects_resolve(struct arena *a, const struct ast_file *const *files, unsigned n,
                 struct diags *diags)
{
    struct dialects *l = arena_alloc(a, sizeof *l);

    /* Room for all at once: dialects point at each other. */
    l->v = arena_alloc(a, (n + 1) * sizeof *l->v);
    l->cap = n + 1;
    for (unsigned i = 0; i < n; i++)
        if (files[i]->kind != FILE_IR) {
            check_name(files, n, files[i], diags);
            check_parent(files, n, files[i], diags);
        }
    for (unsigned depth = 0; depth <= DEPTH_MAX; depth++)
        for (unsigned i = 0; i < n; i++)
            if (files[i]->kind != FILE_IR && depth_of(files, n, files[i]) == depth)
                add_dialect(a, l, files[i], diags);
    return l;
}
