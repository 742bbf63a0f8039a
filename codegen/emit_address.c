/* Where operations are asked for: paths, what stands before them, and what addresses have to be told. */
#include "codegen/emit.h"
#include "codegen/template.h"

#include <ctype.h>
#include <string.h>

/* "sse" is FRAMING_SSE. */
static void
emit_framing(struct emit *e, struct str name)
{
    em(e, "FRAMING_");
    for (size_t i = 0; i < name.n; i++)
        buf_putc(e->out, (char)toupper((unsigned char)name.p[i]));
}

static struct words
framings(const struct emit *e)
{
    static struct word usual = { .s = STR_INIT("sse") };
    const struct ast_setting *s = dialect_setting(e->d, "framing");

    return s && s->values.n ? s->values : (struct words){ &usual, 1, 1 };
}

void
emit_framings(struct emit *e)
{
    const struct words l = framings(e);

    em(e, "    .framing = ");
    emit_framing(e, l.v[0].s);
    em(e, ",\n    .framings = ");
    for (unsigned i = 0; i < l.n; i++) {
        em(e, i ? " | 1u << " : "1u << ");
        emit_framing(e, l.v[i].s);
    }
    em(e, ",\n");
}

const char *
operation_c(struct emit *e, const struct ast_operation *op)
{
    if (op->twin)
        return arena_printf(e->a, "%.*s_%u", STR_ARG(op->name.s), op->twin).p;
    return arena_printf(e->a, "%.*s", STR_ARG(op->name.s)).p;
}

void
emit_streamed(struct emit *e, const struct ast_operation *op)
{
    if (op->streamed.n == 0)
        return;
    em(e, "static const struct xd_path %s%s_streamed[] = {\n", e->d->prefix, operation_c(e, op));
    for (unsigned i = 0; i < op->streamed.n; i++) {
        struct str path = op->streamed.v[i].path.s, query = { NULL, 0 };
        struct str framing = op->streamed.v[i].framing.s;
        const char *mark = path.n ? memchr(path.p, '?', path.n) : NULL;
        if (mark) {
            query = str_skip(path, (size_t)(mark - path.p) + 1);
            path.n = (size_t)(mark - path.p);
        }
        em(e, "    { .path = STR_INIT(%s), ", c_string(e->a, path));
        if (query.n)
            em(e, ".query = STR_INIT(%s), ", c_string(e->a, query));
        em(e, ".framing = ");
        emit_framing(e, framing.n ? framing : framings(e).v[0].s);
        em(e, " },\n");
    }
    em(e, "};\n\n");
}

static struct str
upper(struct emit *e, struct str word)
{
    return str_from(types_upper(e->a, word));
}

void
emit_op_address(struct emit *e, const struct ast_operation *op)
{
    em(e, "        .path = STR_INIT(%s),\n", c_string(e->a, op->path.s));
    em(e, "        .method = STR_INIT(\"%.*s\"),\n", STR_ARG(upper(e, op->method.s)));
    if (op->streamed.n)
        em(e, "        .streamed = %s%s_streamed,\n        .nstreamed = %u,\n", e->d->prefix,
           operation_c(e, op), op->streamed.n);
}

/* Providers are no fronts. */
static bool
has_fronts(const struct emit *e)
{
    return e->d->file->kind != FILE_PROVIDER;
}

void
emit_settings(struct emit *e)
{
    const struct ast_setting *front = dialect_setting(e->d, "front");
    struct template_settings l = template_settings(e->a, e->d);

    if (front && has_fronts(e)) {
        em(e, "static const struct str %sfronts[] = {\n", e->d->prefix);
        for (unsigned i = 0; i < front->values.n; i++)
            em(e, "    STR_INIT(%s),\n", c_string(e->a, front->values.v[i].s));
        em(e, "};\n\n");
    }
    if (l.n == 0)
        return;
    em(e, "static const struct xd_setting %ssettings[] = {\n", e->d->prefix);
    for (unsigned i = 0; i < l.n; i++) {
        em(e, "    { .name = STR_INIT(%s)", c_string(e->a, l.v[i].name));
        if (l.v[i].usual.p)
            em(e, ", .usual = STR_INIT(%s)", c_string(e->a, l.v[i].usual));
        em(e, " },\n");
    }
    em(e, "};\n\n");
}

void
emit_settings_members(struct emit *e)
{
    const struct ast_setting *front = dialect_setting(e->d, "front");
    struct template_settings l = template_settings(e->a, e->d);

    const struct ast_setting *lists = dialect_setting(e->d, "lists");
    bool told = has_fronts(e)
                || e->as == EMIT_PLUGIN; /* a plugin has nothing that it does not use */
    const struct ast_decl *list = lists && told ? find_decl(e, lists->values.v[1]) : NULL;
    const struct ast_decl *entry = list ? find_decl(e, lists->values.v[2]) : NULL;

    if (entry)
        em(e,
           "    .lists = STR_INIT(%s),\n    .write_list = write_%s%.*s,\n"
           "    .write_entry = write_%s%.*s,\n",
           c_string(e->a, lists->values.v[0].s), decl_prefix(e, list), STR_ARG(list->name.s),
           decl_prefix(e, entry), STR_ARG(entry->name.s));
    if (front && has_fronts(e))
        em(e, "    .fronts = %sfronts,\n    .nfronts = %u,\n", e->d->prefix, front->values.n);
    if (l.n)
        em(e, "    .settings = %ssettings,\n    .nsettings = %u,\n", e->d->prefix, l.n);
}
