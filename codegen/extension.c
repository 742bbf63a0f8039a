/* See extension.h. */
#include "codegen/extension.h"

static const struct ast_file *
find_dialect(const struct ast_file *const *files, unsigned n, struct str name)
{
    for (unsigned i = 0; i < n; i++)
        if (files[i]->kind == FILE_DIALECT && str_eq(files[i]->name.s, name))
            return files[i];
    return NULL;
}

static void
check_dialect(const struct ast_file *const *files, unsigned n, const struct ast_file *f,
              struct diags *d)
{
    struct suggestion s = suggestion_for(f->name.s);

    if (find_dialect(files, n, f->name.s))
        return;
    struct diag *e = diag_error(d, f->name.pos, "there is no dialect '%.*s' to extend",
                                STR_ARG(f->name.s));
    for (unsigned i = 0; i < n; i++)
        if (files[i]->kind == FILE_DIALECT)
            suggestion_consider(&s, files[i]->name.s);
    (void)diag_suggest(e, &s);
}

/* Both lists as a new one. */
#define JOIN(a, to, more) \
    do { \
        size_t size = sizeof *(to)->v; \
        void *v = arena_alloc(a, ((to)->n + (more)->n) * size); \
        if (v && (to)->n) \
            memcpy(v, (to)->v, (to)->n *size); \
        if (v && (more)->n) \
            memcpy((char *)v + (to)->n * size, (more)->v, (more)->n * size); \
        (to)->v = v; \
        (to)->n = (to)->cap = v ? (to)->n + (more)->n : 0; \
    } while (0)

static const struct ast_file *
with_extensions(struct arena *a, const struct ast_file *const *files, unsigned n,
                const struct ast_file *f)
{
    struct ast_file *whole = NULL;

    for (unsigned i = 0; f->kind == FILE_DIALECT && i < n; i++) {
        if (files[i]->kind != FILE_EXTENSION || !str_eq(files[i]->name.s, f->name.s))
            continue;
        if (!whole && !(whole = arena_alloc(a, sizeof *whole)))
            return f;
        if (!whole->src)
            *whole = *f;
        JOIN(a, &whole->settings, &files[i]->settings);
        JOIN(a, &whole->operations, &files[i]->operations);
        JOIN(a, &whole->decls, &files[i]->decls);
    }
    return whole ? whole : f;
}

const struct ast_file *const *
extensions_merge(struct arena *a, const struct ast_file *const *files, unsigned n, unsigned *left,
                 struct diags *d)
{
    const struct ast_file **out = arena_alloc(a, (n + 1) * sizeof *out);

    *left = 0;
    for (unsigned i = 0; out && i < n; i++) {
        if (files[i]->kind == FILE_EXTENSION)
            check_dialect(files, n, files[i], d);
        else
            out[(*left)++] = with_extensions(a, files, n, files[i]);
    }
    return out;
}
