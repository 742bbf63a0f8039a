/* See template.h. */
#include "codegen/template.h"

#include <string.h>

bool
template_next(struct str *rest, struct str *name)
{
    const char *open = rest->n ? memchr(rest->p, '{', rest->n) : NULL;
    if (!open)
        return false;
    struct str behind = str_skip(*rest, (size_t)(open - rest->p) + 1);
    const char *close = behind.n ? memchr(behind.p, '}', behind.n) : NULL;
    if (!close)
        return false;
    *name = str_make(behind.p, (size_t)(close - behind.p));
    *rest = str_skip(behind, name->n + 1);
    return true;
}

bool
template_has(struct str address, const char *name)
{
    struct str found;

    while (template_next(&address, &found))
        if (str_is(found, name))
            return true;
    return false;
}

static bool
is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '_' && (s.p[i] < 'a' || s.p[i] > 'z'))
            return false;
    return s.n > 0;
}

/* How often does the address have this place? */
static unsigned
count(struct str address, struct str name)
{
    struct str found;
    unsigned n = 0;

    while (template_next(&address, &found))
        n += str_eq(found, name);
    return n;
}

void
template_check(struct word address, enum template_of what, struct diags *d)
{
    struct str rest = address.s, name;
    size_t braces = 0, places = 0;

    for (size_t i = 0; i < address.s.n; i++)
        braces += address.s.p[i] == '{' || address.s.p[i] == '}';
    while (template_next(&rest, &name)) {
        places++;
        if (!is_name(name))
            diag_help(
                diag_error(d, address.pos, "'{%.*s}' is not the name of a setting", STR_ARG(name)),
                "small letters and '_': {region}");
        else if (what == TEMPLATE_PATH && !str_is(name, "model") && !str_is(name, "id"))
            diag_help(diag_error(d, address.pos, "a path has no place for '%.*s'", STR_ARG(name)),
                      "only {model} and {id} stand in paths; settings stand in 'base'");
        else if (what == TEMPLATE_PATH && count(address.s, name) > 1)
            diag_error(d, address.pos, "a path has one place for the model");
    }
    if (braces != 2 * places)
        diag_help(diag_error(d, address.pos, "a brace without its other half"),
                  "a place is a name in braces: {region}");
}

bool
template_says_model(const struct dialect *d, const struct ast_operation *op)
{
    const struct ast_setting *base = dialect_setting(d, "base");

    return template_has(op->path.s, "model")
           || (base && base->values.n && template_has(base->values.v[0].s, "model"));
}

static void
add(struct arena *a, struct template_settings *l, struct str name, struct str usual)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].name, name))
            return;
    struct template_setting *s = arena_push(a, (void **)&l->v, &l->n, &l->cap, sizeof *s);
    if (s)
        *s = (struct template_setting){ name, usual };
}

struct template_settings
template_settings(struct arena *a, const struct dialect *d)
{
    struct template_settings l = { NULL, 0, 0 };
    const struct ast_setting *base = dialect_setting(d, "base");
    struct str rest = base && base->values.n ? base->values.v[0].s : STR(""), name;

    for (unsigned i = 0; i < d->settings.n; i++) {
        const struct ast_setting *s = &d->settings.v[i];
        if (str_is(s->name.s, "default") && s->values.n == 2)
            add(a, &l, s->values.v[0].s, s->values.v[1].s);
    }
    while (template_next(&rest, &name))
        if (!str_is(name, "model"))
            add(a, &l, name, (struct str){ NULL, 0 });
    return l;
}
