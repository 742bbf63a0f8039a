/* llmux dialects, llmux providers: what is compiled in. */
#include <stdio.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/registry.h"
#include "server/auth/identity.h"
#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/cli/table.h"

#define ARENA_BYTES_MAX (4u << 20)
#define JSON_BYTES_MAX  (4u << 20)

enum form { FORM_TABLE, FORM_JSON };
enum listed { LISTED_DIALECTS, LISTED_PROVIDERS };

static void
put_member(struct jw *w, struct str key, struct str value)
{
    jw_key(w, key);
    if (value.p)
        jw_string(w, value);
    else
        jw_null(w);
}

static void
put_operations(struct jw *w, const struct xd_dialect *d)
{
    jw_key(w, STR("operations"));
    jw_array(w);
    for (unsigned i = 0; i < d->nops; i++) {
        jw_object(w);
        put_member(w, STR("name"), str_from(xd_op_name(d->ops[i].kind)));
        put_member(w, STR("path"), d->ops[i].path);
        jw_close(w);
    }
    jw_close(w);
}

static void
put_auths(struct jw *w, const struct xd_dialect *d)
{
    jw_key(w, STR("auth"));
    jw_array(w);
    for (unsigned i = 0; i < d->nauths; i++) {
        jw_object(w);
        put_member(w, STR("scheme"), identity_scheme_name(d->auths[i].scheme));
        put_member(w, STR("name"), d->auths[i].name);
        put_member(w, STR("url"), d->auths[i].url);
        put_member(w, STR("env"), d->auths[i].env);
        jw_close(w);
    }
    jw_close(w);
}

static void
put_dialect(struct jw *w, const struct xd_dialect *d)
{
    jw_object(w);
    put_member(w, STR("name"), str_from(d->name));
    if (d->provider)
        put_member(w, STR("dialect"), str_from(d->family));
    put_member(w, STR("version"), str_from(d->version));
    put_member(w, STR("framing"), framing_name(d->framing));
    put_operations(w, d);
    if (d->provider)
        put_member(w, STR("base_url"), d->base_url);
    put_auths(w, d);
    jw_key(w, STR("models"));
    jw_array(w);
    for (unsigned i = 0; i < d->nmodels; i++)
        jw_string(w, d->models[i]);
    jw_close(w);
    jw_close(w);
}

static enum cli_exit
print_json(enum listed listed)
{
    struct buf out;
    struct jw w;
    buf_init(&out, JSON_BYTES_MAX);
    jw_init(&w, &out);
    jw_array(&w);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if ((*d)->provider == (listed == LISTED_PROVIDERS))
            put_dialect(&w, *d);
    jw_close(&w);
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    enum cli_exit code = out.err ? CLI_NO : CLI_YES;
    buf_fini(&out);
    return code;
}

/* "header x-api-key | bearer"; scopes and addresses would be too long. */
static struct str
auth_cell(struct arena *a, const struct xd_dialect *d)
{
    struct str s = { NULL, 0 };
    for (unsigned i = 0; i < d->nauths; i++) {
        const struct xd_auth *auth = &d->auths[i];
        bool is_short = auth->name.n
                        && (auth->scheme == XD_AUTH_HEADER || auth->scheme == XD_AUTH_QUERY);
        arena_append(a, &s, i ? STR(" | ") : STR(""));
        arena_append(a, &s, identity_scheme_name(auth->scheme));
        arena_append(a, &s, is_short ? STR(" ") : STR(""));
        arena_append(a, &s, is_short ? auth->name : STR(""));
    }
    return s.p ? s : identity_scheme_name(XD_AUTH_NONE);
}

static struct str
models_cell(struct arena *a, const struct xd_dialect *d)
{
    struct str s = { NULL, 0 };
    for (unsigned i = 0; i < d->nmodels; i++) {
        arena_append(a, &s, i ? STR(" ") : STR(""));
        arena_append(a, &s, d->models[i]);
    }
    return s;
}

static struct str
path_cell(const struct xd_dialect *d)
{
    return d->nops ? d->ops[0].path : (struct str){ NULL, 0 };
}

static void
add_dialects(struct table *t)
{
    const struct str head[] = { STR("NAME"), STR("VERSION"), STR("FRAMING"), STR("AUTH"),
                                STR("PATH") };
    t->columns = sizeof head / sizeof *head;
    table_add(t, head);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        const struct str cells[] = { str_from((*d)->name), str_from((*d)->version),
                                     framing_name((*d)->framing), auth_cell(t->arena, *d),
                                     path_cell(*d) };
        if (!(*d)->provider)
            table_add(t, cells);
    }
}

static void
add_providers(struct table *t)
{
    const struct str head[] = { STR("NAME"), STR("DIALECT"), STR("BASE URL"),
                                STR("PATH"), STR("AUTH"),    STR("MODELS") };
    t->columns = sizeof head / sizeof *head;
    table_add(t, head);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        const struct str cells[] = { str_from((*d)->name),    str_from((*d)->family),
                                     (*d)->base_url,          path_cell(*d),
                                     auth_cell(t->arena, *d), models_cell(t->arena, *d) };
        if ((*d)->provider)
            table_add(t, cells);
    }
}

static enum cli_exit
print_table(void (*add)(struct table *t))
{
    struct arena a;
    arena_init(&a, ARENA_BYTES_MAX);
    struct table t = { .arena = &a };
    add(&t);
    table_print(&t);
    arena_fini(&a);
    return CLI_YES;
}

/* The only option of both commands. */
static enum options_result
read_form(const char *synopsis, const char *about, int argc, char **argv, enum form *form)
{
    struct option json = { .name = "json", .help = "print an array of JSON objects" };
    struct options o = { .synopsis = synopsis, .about = about, .v = &json, .n = 1 };
    enum options_result got = options_read(&o, argc, argv);
    *form = json.value ? FORM_JSON : FORM_TABLE;
    return got;
}

int
cmd_dialects(int argc, char **argv)
{
    enum form form;
    enum options_result got = read_form(
        "dialects [--json]", "Lists the API languages that are compiled in.", argc, argv, &form);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    return form == FORM_JSON ? print_json(LISTED_DIALECTS) : print_table(add_dialects);
}

int
cmd_providers(int argc, char **argv)
{
    enum form form;
    enum options_result got = read_form(
        "providers [--json]",
        "Lists the providers that are compiled in; a deployment's "
        "`type` may name\none of them, or a dialect together with a "
        "base_url.",
        argc, argv, &form);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    return form == FORM_JSON ? print_json(LISTED_PROVIDERS) : print_table(add_providers);
}
