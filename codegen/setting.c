/* See setting.h. */
#include "codegen/setting.h"

#include "codegen/template.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *name, *about;
} framings[] = {
    { "sse", "server-sent events" },
    { "ndjson", "a document a line" },
    { "array", "one JSON array, written in pieces" },
    { "eventstream", "binary messages with checksums" },
};

/* Schemes of authentication: how many strings follow, and what they say. */
static const struct {
    const char *name;
    unsigned least, most;
    const char *wants, *example;
} schemes[] = {
    { "none", 0, 0, "nothing", "auth none" },
    { "bearer", 0, 0, "nothing", "auth bearer" },
    { "header", 1, 1, "a name", "auth header \"x-api-key\"" },
    { "query", 1, 1, "a name", "auth query \"key\"" },
    { "sigv4", 1, 1, "the name of a service", "auth sigv4 \"storage\"" },
    { "jwt_bearer", 1, 2, "a scope, and perhaps the address of the tokens",
      "auth jwt_bearer \"https://api.acme.com/all\"" },
    { "client_credentials", 2, 2, "a scope and the address of the tokens",
      "auth client_credentials \"all\" \"https://login.acme.com/token\"" },
    { "metadata", 1, 2, "an address, and perhaps a header",
      "auth metadata \"http://metadata.acme.com/token\" \"Metadata-Flavor: Acme\"" },
};

/* Forms of moments, in the order of enum xd_moment. */
static const struct {
    const char *name, *about;
} moments[] = {
    { "seconds", "12" },
    { "milliseconds", "250" },
    { "duration", "6m0s" },
    { "time", "2026-01-02T23:49:18Z" },
    { "date", "Sun, 06 Nov 1994 08:49:37 GMT" },
    { "epoch", "1790559566" },
    { "epoch_ms", "1790559566123" },
};

static const struct {
    const char *name;
    unsigned least, most; /* values */
    const char *example;
} settings[] = {
    { "version", 1, 1, "version \"2023-06-01\"" },
    { "framing", 1, COUNT(framings), "framing sse, array" },
    { "auth", 1, ~0u, "auth header \"x-api-key\"" },
    { "base", 1, 1, "base \"https://api.acme.com/v1\"" },
    { "models", 1, ~0u, "models \"acme-*\", \"a1*\"" },
    { "telemetry", 1, 1, "telemetry \"acme.inference\"" },
    { "operations", 1, ~0u, "operations chat, embeddings" },
    { "also", 1, ~0u, "also \"vendor.dialect\", \"acme_messages\"" },
    { "front", 1, ~0u, "front \"/v1\"" },
    { "lists", 3, 3, "lists \"/models\", model_list, model_entry" },
    { "names", 1, 1, "names camel" },
    { "probe", 1, 1, "probe \"/models\"" },
};

static bool
is_string(struct word w)
{
    return w.pos.src->text.p[w.pos.at] == '"';
}

static void
want_string(struct word w, struct diags *d)
{
    if (!is_string(w))
        diag_help(diag_error(d, w.pos, "this stands in double quotes"), "\"%.*s\"", STR_ARG(w.s));
}

void
setting_check_framing(struct word w, struct diags *d)
{
    for (size_t i = 0; i < COUNT(framings); i++)
        if (str_is(w.s, framings[i].name))
            return;
    struct diag *e = diag_error(d, w.pos, "there is no framing '%.*s'", STR_ARG(w.s));
    struct str all = { NULL, 0 };
    for (size_t i = 0; i < COUNT(framings); i++)
        arena_append(d->arena, &all,
                     arena_printf(d->arena, "%s%s (%s)", i ? ", " : "", framings[i].name,
                                  framings[i].about));
    diag_help(e, "the framings are %.*s", STR_ARG(all));
}

/* The first is how streams are written, all of them are how they may come. */
static void
check_framings(const struct ast_setting *s, struct diags *d)
{
    for (unsigned i = 0; i < s->values.n; i++) {
        setting_check_framing(s->values.v[i], d);
        for (unsigned k = 0; k < i; k++)
            if (str_eq(s->values.v[i].s, s->values.v[k].s))
                diag_error(d, s->values.v[i].pos, "framing '%.*s' is named twice",
                           STR_ARG(s->values.v[i].s));
    }
}

static bool
is_pipe(struct word w)
{
    return !is_string(w) && str_is(w.s, "|");
}

static void
no_such_scheme(struct word scheme, struct diags *d)
{
    struct suggestion near = suggestion_for(scheme.s);
    struct diag *e = diag_error(d, scheme.pos, "there is no auth scheme '%.*s'", STR_ARG(scheme.s));

    for (size_t i = 0; i < COUNT(schemes); i++)
        suggestion_consider(&near, str_from(schemes[i].name));
    if (!diag_suggest(e, &near))
        diag_help(e, "the schemes are none, bearer, header, query, sigv4, jwt_bearer, "
                     "client_credentials and metadata");
}

unsigned
setting_scheme(const struct ast_setting *s, unsigned from, struct setting_scheme *out)
{
    unsigned end = from;

    *out = (struct setting_scheme){ .name = s->values.v[from] };
    while (end < s->values.n && !is_pipe(s->values.v[end]))
        end++;
    unsigned env = from + 1;
    while (env < end && (is_string(s->values.v[env]) || !str_is(s->values.v[env].s, "env")))
        env++;
    out->strings = &s->values.v[from + 1];
    out->n = env - from - 1;
    if (env < end)
        out->env = s->values.v[env];
    if (env + 2 == end)
        out->variable = s->values.v[env + 1];
    return end + 1;
}

static void
check_scheme(const struct setting_scheme *s, struct diags *d)
{
    size_t i = 0;

    while (i < COUNT(schemes) && !str_is(s->name.s, schemes[i].name))
        i++;
    if (i == COUNT(schemes)) {
        no_such_scheme(s->name, d);
        return;
    }
    for (unsigned k = 0; k < s->n; k++)
        want_string(s->strings[k], d);
    if (s->variable.s.p)
        want_string(s->variable, d);
    if (s->n < schemes[i].least || s->n > schemes[i].most)
        diag_help(diag_error(d, s->name.pos, "auth %s takes %s", schemes[i].name, schemes[i].wants),
                  "%s", schemes[i].example);
    if (s->env.s.p && !s->variable.s.p)
        diag_help(diag_error(d, s->env.pos, "'env' names one variable"),
                  "auth %s env \"ACME_API_KEY\"", schemes[i].name);
}

static void
check_names(const struct ast_setting *s, struct diags *d)
{
    if (str_is(s->values.v[0].s, "camel"))
        return;
    struct diag *e = diag_error(d, s->values.v[0].pos, "there is no way '%.*s' to write names",
                                STR_ARG(s->values.v[0].s));
    diag_help(e, "names camel: written in camelCase, read in snake_case, too");
}

static void
check_auth(const struct ast_setting *s, struct diags *d)
{
    for (unsigned i = 0; i < s->values.n;) {
        struct setting_scheme scheme;
        i = setting_scheme(s, i, &scheme);
        check_scheme(&scheme, d);
    }
}

/* probe "/models", probe none */
static void
check_probe(const struct ast_setting *s, struct diags *d)
{
    struct word path = s->values.v[0];

    if (!is_string(path) && str_is(path.s, "none"))
        return;
    if (!is_string(path) || path.s.n == 0 || path.s.p[0] != '/')
        diag_help(diag_error(d, path.pos, "a probe is a path behind the base, or none"),
                  "probe \"/%.*s\"", STR_ARG(path.s));
}

static bool
has_alternatives(const struct ast_setting *s, struct diags *d)
{
    for (unsigned i = 0; i < s->values.n; i++)
        if (is_pipe(s->values.v[i])) {
            diag_error(d, s->values.v[i].pos, "only 'auth' has alternatives");
            return true;
        }
    return false;
}

/* --- policies --------------------------------------------------------------------------------- */

/* Is it a number of at most nine digits, and not 0? */
static bool
is_amount(struct str s)
{
    bool some = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        some |= s.p[i] != '0';
    }
    return some && s.n <= 9;
}

static const char *
also_takes(const struct policy *p)
{
    switch (p->takes) {
    case POLICY_TAKES_WORDS:
        break;
    case POLICY_TAKES_NUMBER:
        return " or a number";
    case POLICY_TAKES_CLASS:
        return " or a class of characters in quotes, such as \"a-zA-Z0-9_-\"";
    }
    return "";
}

static void
check_value(const struct policy *p, struct word value, struct diags *d)
{
    struct suggestion near = suggestion_for(value.s);
    struct str words = { NULL, 0 };

    if (p->takes == POLICY_TAKES_NUMBER && is_amount(value.s))
        return;
    if (p->takes == POLICY_TAKES_CLASS && is_string(value) && value.s.n)
        return;
    for (unsigned i = 0; i < p->values.n; i++) {
        if (str_eq(p->values.v[i].name.s, value.s))
            return;
        suggestion_consider(&near, p->values.v[i].name.s);
        arena_append(d->arena, &words, i ? STR(" or ") : STR(""));
        arena_append(d->arena, &words, p->values.v[i].name.s);
    }
    struct diag *e = diag_error(d, value.pos, "policy %s has no value '%.*s'", p->name.s.p,
                                STR_ARG(value.s));
    if (!diag_suggest(e, &near))
        diag_help(e, "it takes %.*s%s", STR_ARG(words), also_takes(p));
}

/* The last policy that names a model, or none, holds: one for all models hides those before it. */
static void
check_hidden(const struct ast_file *file, const struct ast_setting *s, struct diags *d)
{
    for (const struct ast_setting *old = file->settings.v; s->globs.n == 0 && old < s; old++) {
        if (!str_is(old->name.s, "policy") || !str_eq(old->values.v[0].s, s->values.v[0].s))
            continue;
        struct diag *e = diag_error(d, s->pos,
                                    "this policy is for all models and hides another one");
        diag_note(e, old->pos, "this one");
        diag_help(e, "name the models it is for, or put it first");
        return;
    }
}

static void
check_policy(const struct ir_model *ir, const struct ast_file *file, const struct ast_setting *s,
             struct diags *d)
{
    struct word name = s->values.v[0];
    const struct policy *p = types_policy(ir, name.s);

    if (p) {
        check_value(p, s->values.v[1], d);
        check_hidden(file, s, d);
        return;
    }
    struct diag *e = diag_error(d, name.pos, "there is no policy '%.*s'", STR_ARG(name.s));
    struct suggestion near = suggestion_for(name.s);
    struct str all = { NULL, 0 };
    for (unsigned i = 0; i < ir->policies.n; i++) {
        suggestion_consider(&near, ir->policies.v[i].name.s);
        arena_append(d->arena, &all, i ? STR(", ") : STR(""));
        arena_append(d->arena, &all, ir->policies.v[i].name.s);
    }
    if (!diag_suggest(e, &near) && all.n)
        diag_help(e, "the policies are %.*s", STR_ARG(all));
}

/* --- limits ----------------------------------------------------------------------------------- */

static bool
check_moment(struct word form, struct diags *d)
{
    struct suggestion near = suggestion_for(form.s);
    struct str all = { NULL, 0 };

    for (size_t i = 0; i < COUNT(moments); i++) {
        if (!is_string(form) && str_is(form.s, moments[i].name))
            return true;
        suggestion_consider(&near, str_from(moments[i].name));
        arena_append(
            d->arena, &all,
            arena_printf(d->arena, "%s%s (%s)", i ? ", " : "", moments[i].name, moments[i].about));
    }
    struct diag *e = diag_error(d, form.pos, "there is no form '%.*s' of a moment",
                                STR_ARG(form.s));
    if (!diag_suggest(e, &near))
        diag_help(e, "the forms are %.*s", STR_ARG(all));
    return false;
}

bool
setting_limit(const struct ast_setting *s, struct setting_limit *out)
{
    const struct words *v = &s->values;
    bool wait = str_is(v->v[0].s, "wait");

    *out = (struct setting_limit){ .of = v->v[0] };
    if (wait && v->n == 3 && is_string(v->v[1])) {
        out->back = v->v[1];
        out->form = v->v[2];
        return true;
    }
    if (wait || (v->n != 2 && v->n != 5) || !is_string(v->v[1]))
        return false;
    out->left = v->v[1];
    if (v->n == 2)
        return true;
    out->back = v->v[3];
    out->form = v->v[4];
    return str_is(v->v[2].s, "back") && !is_string(v->v[2]) && is_string(v->v[3]);
}

/* limit requests "x-left" back "x-reset" duration */
static void
check_limit(const struct ast_file *file, const struct ast_setting *s, struct diags *d)
{
    struct setting_limit l;

    if (!str_is(s->values.v[0].s, "requests") && !str_is(s->values.v[0].s, "tokens")
        && !str_is(s->values.v[0].s, "wait")) {
        diag_help(diag_error(d, s->values.v[0].pos, "there is no limit of '%.*s'",
                             STR_ARG(s->values.v[0].s)),
                  "limits are of requests and of tokens, and a provider may say to wait");
        return;
    }
    if (!setting_limit(s, &l)) {
        diag_help(diag_error(d, s->pos, "this does not say which header says what"), "%s",
                  str_is(l.of.s, "wait")
                      ? "limit wait \"retry-after-ms\" milliseconds"
                      : "limit requests \"x-left\", or: limit requests \"x-left\" back \"x-reset\" "
                        "duration");
        return;
    }
    if (l.form.s.p && !check_moment(l.form, d))
        return;
    for (const struct ast_setting *old = file->settings.v; old < s; old++)
        if (str_is(old->name.s, "limit") && old->values.n > 1
            && str_eq(old->values.v[1].s, s->values.v[1].s)) {
            diag_note(diag_error(d, s->values.v[1].pos, "this header is read twice"),
                      old->values.v[1].pos, "first here");
            return;
        }
}

/* --- any setting ------------------------------------------------------------------------------ */

static void
no_such_setting(const struct ast_setting *s, struct diags *d)
{
    struct diag *e = diag_error(d, s->name.pos, "there is no setting '%.*s'", STR_ARG(s->name.s));
    struct suggestion near = suggestion_for(s->name.s);

    for (size_t i = 0; i < COUNT(settings); i++)
        suggestion_consider(&near, str_from(settings[i].name));
    suggestion_consider(&near, STR("policy"));
    suggestion_consider(&near, STR("default"));
    suggestion_consider(&near, STR("limit"));
    if (!diag_suggest(e, &near))
        diag_help(
            e,
            "the settings are version, framing, auth, base, also, default, front, lists, models, "
            "limit, probe, telemetry, names and policy");
}

static void
check_setting(const struct ast_setting *s, struct diags *d)
{
    size_t i = 0;

    while (i < COUNT(settings) && !str_is(s->name.s, settings[i].name))
        i++;
    if (i == COUNT(settings)) {
        no_such_setting(s, d);
        return;
    }
    if (s->values.n < settings[i].least || s->values.n > settings[i].most) {
        diag_help(diag_error(d, s->pos, "'%s' has %u value%s too many", settings[i].name,
                             s->values.n - settings[i].most,
                             s->values.n - settings[i].most == 1 ? "" : "s"),
                  "%s", settings[i].example);
        return;
    }
    if (str_is(s->name.s, "auth"))
        check_auth(s, d);
    else if (has_alternatives(s, d))
        return;
    else if (str_is(s->name.s, "framing"))
        check_framings(s, d);
    else if (str_is(s->name.s, "names"))
        check_names(s, d);
    else if (str_is(s->name.s, "probe"))
        check_probe(s, d);
    else if (str_is(s->name.s, "lists"))
        want_string(s->values.v[0], d);        /* the other one is looked up where operations are */
    else if (!str_is(s->name.s, "operations")) /* looked up where they are inherited */
        for (unsigned k = 0; k < s->values.n; k++)
            want_string(s->values.v[k], d);
    if (str_is(s->name.s, "base"))
        template_check(s->values.v[0], TEMPLATE_BASE, d);
    for (unsigned k = 0; str_is(s->name.s, "front") && k < s->values.n; k++)
        if (s->values.v[k].s.n && s->values.v[k].s.p[0] != '/')
            diag_help(diag_error(d, s->values.v[k].pos, "a front begins with / or is empty"),
                      "front \"/%.*s\"", STR_ARG(s->values.v[k].s));
}

/* default region "us-east-1" */
static void
check_default(const struct ast_file *file, const struct ast_setting *s, struct diags *d)
{
    if (s->values.n != 2 || is_string(s->values.v[0]) || !is_string(s->values.v[1])) {
        diag_help(diag_error(d, s->pos, "a default is a name and its value"),
                  "default region \"us-east-1\"");
        return;
    }
    for (const struct ast_setting *old = file->settings.v; old < s; old++)
        if (str_is(old->name.s, "default") && str_eq(old->values.v[0].s, s->values.v[0].s)) {
            diag_note(diag_error(d, s->pos, "'%.*s' has two defaults", STR_ARG(s->values.v[0].s)),
                      old->pos, "first here");
            return;
        }
}

static void
check_repeated(const struct ast_settings *l, unsigned i, struct diags *d)
{
    for (unsigned k = 0; k < i; k++)
        if (str_eq(l->v[i].name.s, l->v[k].name.s)) {
            struct diag *e = diag_error(d, l->v[i].name.pos, "'%.*s' is set twice",
                                        STR_ARG(l->v[i].name.s));
            diag_note(e, l->v[k].name.pos, "first here");
            return;
        }
}

void
setting_check(const struct ir_model *ir, const struct ast_file *file, struct diags *d)
{
    for (unsigned i = 0; i < file->settings.n; i++) {
        const struct ast_setting *s = &file->settings.v[i];
        if (str_is(s->name.s, "policy")) {
            check_policy(ir, file, s, d);
        } else if (str_is(s->name.s, "default")) {
            check_default(file, s, d);
        } else if (str_is(s->name.s, "limit")) {
            check_limit(file, s, d);
        } else {
            check_setting(s, d);
            check_repeated(&file->settings, i, d);
        }
    }
}
