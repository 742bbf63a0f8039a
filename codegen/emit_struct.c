/* The const struct xd_dialect of a dialect or provider. */
#include "codegen/emit.h"
#include "codegen/setting.h"

static const char *
entry(struct emit *e, struct word name, const char *what)
{
    const struct ast_decl *decl = name.s.n ? find_decl(e, name) : NULL;

    return decl ? arena_printf(e->a, "%s_%s%.*s", what, decl_prefix(e, decl), STR_ARG(decl->name.s))
                      .p
                : NULL;
}

/* An entry point is named after the dialect that wrote the declaration: providers that inherit it
 * share its function, by which a gateway sees that both write the same. */
static struct str
entry_name(struct emit *e, const struct ast_operation *op, struct word decl_name, const char *what)
{
    const struct ast_decl *decl = decl_name.s.n ? find_decl(e, decl_name) : NULL;

    return arena_printf(e->a, "%s%s_%s", decl ? decl_prefix(e, decl) : e->d->prefix,
                        operation_c(e, op), what);
}

/* Is the declaration inherited?  Then so is the entry point. */
static bool
is_inherited(struct emit *e, struct word decl_name)
{
    const struct ast_decl *decl = decl_name.s.n ? find_decl(e, decl_name) : NULL;

    return decl && strcmp(decl_prefix(e, decl), e->d->prefix) != 0;
}

/* Providers share entry points with each other, but what is amended never with the dialect: where the function is the same,
 * something that it looks up is not. */
static const char *
amended(const struct emit *e)
{
    return e->d->base ? "/* as amended */\n" : "";
}

/* The entry points take the model as void *, so that operations of all kinds fit one struct. */
static void
emit_reader(struct emit *e, const struct ast_operation *op, struct word decl, const char *what)
{
    if (!is_inherited(e, decl))
        em(e,
           "%sstatic void\n%.*s(struct xd *x, uint32_t at, void *m)\n{\n    %s(x, at, m);\n}\n\n",
           amended(e), STR_ARG(entry_name(e, op, decl, what)), entry(e, decl, "read"));
}

static void
emit_writer(struct emit *e, const struct ast_operation *op, struct word decl, const char *what)
{
    if (!is_inherited(e, decl))
        em(e, "%sstatic void\n%.*s(struct xd *x, const void *m)\n{\n    %s(x, m);\n}\n\n",
           amended(e), STR_ARG(entry_name(e, op, decl, what)), entry(e, decl, "write"));
}

static void
emit_entries(struct emit *e, const struct ast_operation *op)
{
    if (op->passes.s.n)
        return;
    emit_reader(e, op, op->sends, "read_request");
    emit_writer(e, op, op->sends, "write_request");
    emit_reader(e, op, op->returns, "read_reply");
    emit_writer(e, op, op->returns, "write_reply");
}

static bool
emit_op_headers(struct emit *e, const struct ast_operation *op)
{
    unsigned n = 0;

    for (unsigned i = 0; i < op->headers.n; i++) {
        const struct ast_row *r = &op->headers.v[i];
        if (r->kind != ROW_HEADER || r->constant.kind != CONST_STRING)
            continue;
        if (n++ == 0)
            em(e, "static const struct xd_header %s%s_headers[] = {\n", e->d->prefix,
               operation_c(e, op));
        em(e, "    { STR_INIT(%s), STR_INIT(%s) },\n", c_string(e->a, r->header.s),
           c_string(e->a, r->constant.text.s));
    }
    if (n)
        em(e, "};\n\n");
    return n > 0;
}

/* Where a request says what the model calls by a path. */
static void
emit_names(struct emit *e, const struct ast_operation *op)
{
    const struct ast_decl *decl = op->sends.s.n ? find_decl(e, op->sends) : NULL;

    if (!decl)
        return;
    em(e, "static const struct xd_name %s%s_names[] = {\n", e->d->prefix, operation_c(e, op));
    for (unsigned i = 0; i < decl->rows.n; i++) {
        const struct ast_row *r = &decl->rows.v[i];
        const struct ast_rows *rows = r->rows ? r->rows
                                              : &(struct ast_rows){ (struct ast_row *)r, 1, 1 };
        for (unsigned k = 0; k < rows->n; k++)
            if (rows->v[k].kind == ROW_MAP && rows->v[k].arrow != ARROW_WRITE
                && rows->v[k].model.n == 1)
                em(e, "    { %s, %s },\n", c_string(e->a, path_text(e->a, &rows->v[k].model.v[0])),
                   c_string(e->a, path_text(e->a, &rows->v[k].wire.v[0])));
    }
    em(e, "    { NULL, NULL },\n};\n\n");
}

/* streams events in "chunk.bytes" */
static void
emit_wrapped(struct emit *e, const struct ast_operation *op)
{
    struct str s = op->wrapped.s;
    const char *dot = s.p ? memchr(s.p, '.', s.n) : NULL;

    if (!dot)
        return;
    size_t n = (size_t)(dot - s.p);
    em(e, "        .wrap_frame = STR_INIT(%s),\n", c_string(e->a, str_make(s.p, n)));
    em(e, "        .wrap_member = STR_INIT(%s),\n", c_string(e->a, str_skip(s, n + 1)));
}

/* Bytes that a stream keeps until its end: what the slots of the model's finish event hold.  A
 * string is at most 4 KiB long; enums and usage have their C sizes. */
static unsigned
slot_bytes(struct emit *e)
{
    unsigned n = 0;

    for (unsigned i = 0; e->ir->events && i < e->ir->events->events.n; i++) {
        const struct ast_event *ev = &e->ir->events->events.v[i];
        for (unsigned k = 0; str_is(ev->name.s, "finish") && k < ev->params.n; k++) {
            struct type t = event_param(e->ir, ev, ev->params.v[k].s);
            if (t.kind == TYPE_STRING)
                n += 4096;
            else if (t.kind == TYPE_RECORD)
                n += 16 * t.rec->fields.n;
            else
                n += 4;
        }
    }
    return n;
}

static void
emit_passing(struct emit *e, const struct ast_operation *op)
{
    em(e, "        .passes = true,\n");
    if (op->costs.s.n)
        em(e, "        .cost_member = STR_INIT(%s),\n        .read_cost = %s,\n",
           c_string(e->a, op->costs_member.s), entry(e, op->costs, "read"));
    if (op->usual.s.n)
        em(e, "        .usual_model = STR_INIT(%s),\n", c_string(e->a, op->usual.s));
    em(e, "    },\n");
}

static void
emit_ops(struct emit *e)
{
    for (unsigned i = 0; i < e->d->operations.n; i++) {
        emit_entries(e, &e->d->operations.v[i]);
        emit_op_headers(e, &e->d->operations.v[i]);
        emit_streamed(e, &e->d->operations.v[i]);
    }
    em(e, "static const struct xd_op %sops[] = {\n", e->d->prefix);
    for (unsigned i = 0; i < e->d->operations.n; i++) {
        const struct ast_operation *op = &e->d->operations.v[i];
        const struct ast_decl *stream = op->streams.s.n ? find_decl(e, op->streams) : NULL;
        struct str name = arena_printf(e->a, "%s%s", e->d->prefix, operation_c(e, op));
        unsigned headers = 0;
        for (unsigned k = 0; k < op->headers.n; k++)
            headers += op->headers.v[k].kind == ROW_HEADER
                       && op->headers.v[k].constant.kind == CONST_STRING;
        em(e, "    {\n        .kind = XD_OP_%s,\n", types_upper(e->a, op->name.s));
        emit_op_address(e, op);
        if (headers)
            em(e, "        .headers = %s_headers,\n        .nheaders = %u,\n", name.p, headers);
        if (op->passes.s.n) {
            emit_passing(e, op);
            continue;
        }
        em(e, "        .names = %s_names,\n", name.p);
        em(e, "        .read_request = %s,\n", entry_name(e, op, op->sends, "read_request").p);
        em(e, "        .write_request = %s,\n", entry_name(e, op, op->sends, "write_request").p);
        em(e, "        .read_reply = %s,\n", entry_name(e, op, op->returns, "read_reply").p);
        em(e, "        .write_reply = %s,\n", entry_name(e, op, op->returns, "write_reply").p);
        if (stream) {
            em(e, "        .read_event = %s,\n        .write_event = %s,\n",
               entry(e, op->streams, "read"), entry(e, op->streams, "write"));
            emit_wrapped(e, op);
            if (stream->until.s.n)
                em(e, "        .until = STR_INIT(%s),\n", c_string(e->a, stream->until.s));
            if (stream->items)
                em(e, "        .items = true,\n");
            else if (!stream->patch)
                em(e, "        .order = &%s%.*s_order,\n", decl_prefix(e, stream),
                   STR_ARG(stream->name.s));
        }
        if (op->fails_member.s.n)
            em(e, "        .error_member = STR_INIT(%s),\n", c_string(e->a, op->fails_member.s));
        if (stream)
            em(e, "        .slot_bytes = %u,\n", slot_bytes(e));
        em(e, "    },\n");
    }
    em(e, "};\n\n");
}

static void
emit_policies(struct emit *e)
{
    const struct ast_settings *s = &e->d->settings;

    for (unsigned i = 0; i < s->n; i++) {
        if (!s->v[i].globs.n)
            continue;
        em(e, "static const struct str %spolicy_%u_globs[] = {\n", e->d->prefix, i);
        for (unsigned k = 0; k < s->v[i].globs.n; k++)
            em(e, "    STR_INIT(%s),\n", c_string(e->a, s->v[i].globs.v[k].s));
        em(e, "};\n");
    }
    em(e, "static const struct xd_policy %spolicies[] = {\n", e->d->prefix);
    for (unsigned i = 0; i < s->n; i++) {
        if (!str_is(s->v[i].name.s, "policy") || s->v[i].values.n < 2)
            continue;
        em(e, "    { IR_POLICY_%s, STR_INIT(%s), ", types_upper(e->a, s->v[i].values.v[0].s),
           c_string(e->a, s->v[i].values.v[1].s));
        if (s->v[i].globs.n)
            em(e, "%spolicy_%u_globs, %u },\n", e->d->prefix, i, s->v[i].globs.n);
        else
            em(e, "NULL, 0 },\n");
    }
    em(e, "    { IR_POLICIES, { NULL, 0 }, NULL, 0 },\n};\n\n");
}

static struct str
header_for(struct emit *e, const struct ast_decl *error, const char *model)
{
    for (unsigned i = 0; error && i < error->rows.n; i++) {
        const struct ast_row *r = &error->rows.v[i];
        if (r->kind == ROW_HEADER && r->model.n && str_is(path_text(e->a, &r->model.v[0]), model))
            return r->header.s;
    }
    return (struct str){ NULL, 0 };
}

static void
emit_models(struct emit *e)
{
    const struct ast_setting *s = dialect_setting(e->d, "models");

    if (!s)
        return;
    em(e, "static const struct str %smodels[] = {\n", e->d->prefix);
    for (unsigned i = 0; i < s->values.n; i++)
        em(e, "    STR_INIT(%s),\n", c_string(e->a, s->values.v[i].s));
    em(e, "};\n\n");
}

static void
emit_scheme(struct emit *e, const struct setting_scheme *s)
{
    static const char *const named[] = { "name", "url" }, *const nameless[] = { "url", "header" };
    const char *const *members = str_is(s->name.s, "metadata") ? nameless : named;
    char scheme[32];
    size_t n = 0;

    for (; n < s->name.s.n && n + 1 < sizeof scheme; n++)
        scheme[n] = (char)(s->name.s.p[n] >= 'a' ? s->name.s.p[n] - 'a' + 'A' : s->name.s.p[n]);
    em(e, "    { .scheme = XD_AUTH_%.*s", (int)n, scheme);
    for (unsigned i = 0; i < s->n && i < 2; i++)
        em(e, ", .%s = STR_INIT(%s)", members[i], c_string(e->a, s->strings[i].s));
    if (s->variable.s.p)
        em(e, ", .env = STR_INIT(%s)", c_string(e->a, s->variable.s));
    em(e, " },\n");
}

static void
emit_auth(struct emit *e)
{
    const struct ast_setting *s = dialect_setting(e->d, "auth");

    if (!s)
        return;
    em(e, "static const struct xd_auth %sauths[] = {\n", e->d->prefix);
    for (unsigned i = 0; i < s->values.n;) {
        struct setting_scheme scheme;
        i = setting_scheme(s, i, &scheme);
        emit_scheme(e, &scheme);
    }
    em(e, "};\n\n");
}

/* limit requests "x-left" back "x-reset" duration */
static void
emit_limit(struct emit *e, const struct ast_setting *s)
{
    struct setting_limit l;

    setting_limit(s, &l);
    em(e, "    { .of = XD_LIMIT_%s", types_upper(e->a, l.of.s));
    if (l.left.s.p)
        em(e, ", .left = STR_INIT(%s)", c_string(e->a, l.left.s));
    if (l.back.s.p)
        em(e, ", .back = STR_INIT(%s), .form = XD_MOMENT_%s", c_string(e->a, l.back.s),
           types_upper(e->a, l.form.s));
    em(e, " },\n");
}

static void
emit_limits(struct emit *e)
{
    const struct ast_settings *s = &e->d->settings;
    unsigned n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        if (!str_is(s->v[i].name.s, "limit"))
            continue;
        if (n++ == 0)
            em(e, "static const struct xd_limit %slimits[] = {\n", e->d->prefix);
        emit_limit(e, &s->v[i]);
    }
    if (n)
        em(e, "};\n\n");
}

/* What a struct points to, and may share with others. */
void
emit_arrays(struct emit *e)
{
    own_emit(e);
    emit_policies(e);
    emit_limits(e);
    for (unsigned i = 0; i < e->d->operations.n; i++)
        emit_names(e, &e->d->operations.v[i]);
    emit_models(e);
    emit_auth(e);
    emit_ops(e);
}

/* An operation that says what errors look like; all that do name the same declaration. */
static const struct ast_operation *
failing_operation(const struct dialect *d)
{
    for (unsigned i = 0; i < d->operations.n; i++)
        if (d->operations.v[i].fails.s.n)
            return &d->operations.v[i];
    return NULL;
}

/* The same provider in other languages: a dialect of another family, or a provider of one. */
static bool
emit_also(struct emit *e)
{
    const struct ast_setting *s = e->as == EMIT_PLUGIN ? NULL : dialect_setting(e->d, "also");

    for (unsigned i = 0; s && i < s->values.n; i++) {
        const struct dialect *other = dialects_find(e->dialects, s->values.v[i].s);
        if (other && other->family != e->d->family) {
            em(e, "extern const struct xd_dialect xd_%s;\n", other->c);
            continue;
        }
        struct diag *d = diag_error(e->diags, s->values.v[i].pos,
                                    other ? "'%.*s' is of the same family"
                                          : "there is no dialect or provider '%.*s'",
                                    STR_ARG(s->values.v[i].s));
        diag_help(d,
                  "also names a dialect that this provider speaks, too, or a provider that stands "
                  "for it there");
    }
    if (!s || diags_count(e->diags))
        return false;
    em(e, "static const struct xd_dialect *const %salso[] = {\n", e->d->prefix);
    for (unsigned i = 0; i < s->values.n; i++)
        em(e, "    &xd_%s,\n", dialects_find(e->dialects, s->values.v[i].s)->c);
    em(e, "    NULL,\n};\n\n");
    return true;
}

static void
emit_error_members(struct emit *e)
{
    const struct ast_operation *op = failing_operation(e->d);
    const struct ast_decl *error = op ? find_decl(e, op->fails) : NULL;
    const struct ast_decl *faults = dialect_decl(e->d, STR("fault"));
    struct str retry = header_for(e, error, "retry_after"),
               request = header_for(e, error, "request"), word = header_for(e, error, "kind");

    if (error)
        em(e, "    .read_error = %s,\n    .write_error = %s,\n", entry(e, op->fails, "read"),
           entry(e, op->fails, "write"));
    if (faults)
        em(e, "    .faults = &%sfault_table,\n", decl_prefix(e, faults));
    if (retry.n)
        em(e, "    .retry_after = STR_INIT(%s),\n", c_string(e->a, retry));
    if (request.n)
        em(e, "    .request_id = STR_INIT(%s),\n", c_string(e->a, request));
    if (word.n)
        em(e, "    .error_word = STR_INIT(%s),\n", c_string(e->a, word));
}

void
emit_struct(struct emit *e)
{
    const struct ast_setting *version = dialect_setting(e->d, "version");
    const struct ast_setting *base = dialect_setting(e->d, "base");
    const struct ast_setting *models = dialect_setting(e->d, "models");
    const struct ast_setting *telemetry = dialect_setting(e->d, "telemetry");
    const struct ast_setting *probe = dialect_setting(e->d, "probe");

    emit_settings(e);
    bool also = emit_also(e);
    em(e,
       "%sconst struct xd_dialect xd_%s = {\n    .abi = XD_ABI,\n    .name = \"%s\",\n    .family = family,\n",
       e->as == EMIT_PLUGIN ? "static " : "", e->d->c, e->d->name.p);
    if (version && version->values.n)
        em(e, "    .version = %s,\n", c_string(e->a, version->values.v[0].s));
    em(e, "    .provider = %s,\n", e->d->file->kind == FILE_PROVIDER ? "true" : "false");
    emit_framings(e);
    if (dialect_setting(e->d, "auth"))
        em(e, "    .auths = %sauths,\n    .nauths = sizeof %sauths / sizeof *%sauths,\n",
           e->d->prefix, e->d->prefix, e->d->prefix);
    if (base && base->values.n)
        em(e, "    .base_url = STR_INIT(%s),\n", c_string(e->a, base->values.v[0].s));
    emit_settings_members(e);
    if (models)
        em(e, "    .models = %smodels,\n    .nmodels = %u,\n", e->d->prefix, models->values.n);
    if (telemetry)
        em(e, "    .telemetry = STR_INIT(%s),\n", c_string(e->a, telemetry->values.v[0].s));
    if (probe && str_starts(probe->values.v[0].s, STR("/")))
        em(e, "    .probe = STR_INIT(%s),\n", c_string(e->a, probe->values.v[0].s));
    if (dialect_setting(e->d, "limit"))
        em(e, "    .limits = %slimits,\n    .nlimits = sizeof %slimits / sizeof *%slimits,\n",
           e->d->prefix, e->d->prefix, e->d->prefix);
    if (also)
        em(e, "    .also = %salso,\n", e->d->prefix);
    em(e,
       "    .policies = %spolicies,\n    .npolicies = sizeof %spolicies / sizeof *%spolicies - 1,\n",
       e->d->prefix, e->d->prefix, e->d->prefix);
    em(e, "    .ops = %sops,\n    .nops = %u,\n", e->d->prefix, e->d->operations.n);
    emit_error_members(e);
    if (e->own.n)
        em(e, "    .own = &%sown,\n", e->d->prefix);
    em(e, "    .seen_read = SEEN(seen_read),\n    .seen_written = SEEN(seen_written),\n");
    if (!e->d->base)
        em(e,
           "    .rows = rows,\n    .nrows = sizeof rows / sizeof *rows,\n    .directions = directions,\n");
    em(e, "};\n\n");
}
