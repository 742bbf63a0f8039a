/* `providers`: the deployments, each with its models. */
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND      ((uint64_t)1000)
#define DAY         (24 * 3600 * SECOND)
#define TYPES_SHOWN 16 /* in a message */
#define TYPES_MAX   256

/* An entry while it is read: some keys can only be judged once the type is known. */
struct draft {
    struct config_provider p; /* first */
    const struct node *name, *type, *policies, *settings;
};

static const struct config_timeouts timeouts_defaults = {
    .connect = 5 * SECOND,
    .first_byte = 120 * SECOND,
    .idle = 60 * SECOND,
    .total = 600 * SECOND,
};

static bool
read_headers(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct config_provider *p = out;
    struct config_pairs pairs = { .n = 0 };
    bool ok = config_read_headers(r, f, n, &pairs);
    p->headers = pairs.v;
    p->n_headers = pairs.n;
    return ok;
}

#define AT(member) offsetof(struct config_timeouts, member)
/* clang-format off */
static const struct config_field timeouts_fields[] = {
    { "connect",    config_read_duration, AT(connect),    .min = 1, .max = DAY },
    { "first_byte", config_read_duration, AT(first_byte), .min = 0, .max = DAY },
    { "idle",       config_read_duration, AT(idle),       .min = 0, .max = DAY },
    { "total",      config_read_duration, AT(total),      .min = 0, .max = DAY },
};
/* clang-format on */
#undef AT
const struct config_record config_timeouts_record = CONFIG_RECORD("providers[].timeouts",
                                                                  timeouts_fields);

/* Keeps the node too, for messages that come later. */
static bool
read_name(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct draft *d = out;
    d->name = n;
    return config_read_name(r, f, n, &d->p.name);
}

static bool
read_type(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct draft *d = out;
    d->type = n;
    return config_read_text(r, f, n, &d->p.type);
}

static const struct str http_versions[] = { STR_INIT("1.1"), STR_INIT("2"), { 0 } };

#define AT(member) offsetof(struct draft, member)
/* clang-format off */
static const struct config_field provider_fields[] = {
    { "name",     read_name,           0,               .need = CONFIG_REQUIRED },
    { "type",     read_type,           0,               .need = CONFIG_REQUIRED },
    { "base_url", config_read_url,     AT(p.base_url),  .need = CONFIG_OPTIONAL },
    { "api_key",  config_read_secret,  AT(p.api_key),   .need = CONFIG_OPTIONAL },
    { "auth",     config_read_record,  AT(p.auth),      .record = &config_auth_record },
    { "headers",  read_headers,        0,               .need = CONFIG_OPTIONAL },
    { "models",   config_read_models,  0,               .need = CONFIG_REQUIRED },
    { "timeouts", config_read_record,  AT(p.timeouts),  .record = &config_timeouts_record },
    { "limits",   config_read_limit,   AT(p.limits),    .need = CONFIG_OPTIONAL },
    { "health_check", config_read_record, AT(p.health), .record = &config_health_record },
    { "policies", config_read_node,    AT(policies),    .need = CONFIG_OPTIONAL },
    { "settings", config_read_node,    AT(settings),    .need = CONFIG_OPTIONAL },
    { "ca_file",  config_read_file,    AT(p.ca_file),   .need = CONFIG_OPTIONAL },
    { "proxy",    config_read_proxy,   AT(p.proxy),     .need = CONFIG_OPTIONAL },
    { "http_version", config_read_choice, AT(p.http_version), .choices = http_versions },
};
/* clang-format on */
#undef AT
const struct config_record config_provider_record = CONFIG_RECORD("providers[]", provider_fields);

/* `unknown type "opnai", did you mean "openai"?`, or what is known. */
static bool
fail_type(struct config_reader *r, const struct draft *d)
{
    const struct config_world *w = r->world;
    struct str types[TYPES_MAX] = { { 0 } }, shown = { 0 };
    size_t n = 0;
    while (w->type_name && n < TYPES_MAX && (types[n] = w->type_name(w->ctx, (unsigned)n)).p)
        n++;
    struct str near = config_nearest(d->p.type, types, n);
    if (near.p) {
        config_fail(r, d->type, "unknown type \"%.*s\", did you mean \"%.*s\"?",
                    STR_ARG(d->type->text), STR_ARG(near));
        return false;
    }
    for (size_t i = 0; i < n && i < TYPES_SHOWN; i++) {
        if (i)
            arena_append(r->arena, &shown, STR(", "));
        arena_append(r->arena, &shown, types[i]);
    }
    config_fail(r, d->type, "unknown type \"%.*s\": write one of %.*s%s", STR_ARG(d->type->text),
                STR_ARG(shown), n > TYPES_SHOWN ? ", ... (`llmux providers` shows all)" : "");
    return false;
}

static bool
check_type(struct config_reader *r, const struct draft *d)
{
    const struct config_world *w = r->world;
    enum config_type type = w->type ? w->type(w->ctx, d->p.type) : CONFIG_TYPE_NEEDS_URL;
    switch (type) {
    case CONFIG_TYPE_UNKNOWN:
        return fail_type(r, d);
    case CONFIG_TYPE_NEEDS_URL:
        if (d->p.base_url.p)
            return true;
        config_fail(r, d->type, "type \"%.*s\" has no address of its own: add base_url",
                    STR_ARG(d->type->text));
        return false;
    case CONFIG_TYPE_COMPLETE:
        break;
    }
    return true;
}

static bool
check_policy(struct config_reader *r, const struct draft *d, const struct node_child *c,
             struct str value)
{
    struct buf why;
    buf_init(&why, FAULT_TEXT);
    bool ok = !r->world->policy
              || r->world->policy(r->world->ctx, d->p.type, c->key->text, value, &why);
    if (!ok)
        config_fail(r, c->key, "policy \"%.*s\": %.*s", STR_ARG(c->key->text),
                    STR_ARG(why.n ? buf_str(&why) : STR("not valid")));
    buf_fini(&why);
    return ok;
}

static bool
read_policies(struct config_reader *r, struct draft *d)
{
    static const struct config_field policies = { "policies", .need = CONFIG_OPTIONAL };
    const struct node *n = d->policies;
    unsigned room = 0;
    bool ok = true;
    if (!n)
        return true;
    if (!config_check_kind(r, &policies, n, NODE_MAP, "a map of names and values"))
        return false;
    for (unsigned i = 0; i < n->n; i++) {
        struct config_pair pair = { .key = n->v[i].key->text };
        if (config_fail_twice(r, n, i) || !config_text(r, pair.key.p, n->v[i].value, &pair.value)
            || !check_policy(r, d, &n->v[i], pair.value)) {
            ok = false;
            continue;
        }
        struct config_pair *slot = CONFIG_PUSH(r, d->p.policies, d->p.n_policies, room);
        if (!slot)
            return false;
        *slot = pair;
    }
    return ok;
}

#define SETTINGS_MAX 32

/* What a deployment of this type may be told. */
struct expected {
    struct str names[SETTINGS_MAX];
    bool needed[SETTINGS_MAX];
    unsigned n;
};

static void
expect_settings(struct config_reader *r, const struct draft *d, struct expected *e)
{
    const struct config_world *w = r->world;
    e->n = 0;
    while (w->setting && e->n < SETTINGS_MAX
           && (e->names[e->n] = w->setting(w->ctx, d->p.type, e->n, &e->needed[e->n])).p)
        e->n++;
}

static bool
check_setting(struct config_reader *r, const struct draft *d, const struct expected *e,
              const struct node *key)
{
    struct str list = { NULL, 0 };
    for (unsigned i = 0; i < e->n; i++) {
        if (str_eq(e->names[i], key->text))
            return true;
        arena_append(r->arena, &list, i ? STR(", ") : STR(""));
        arena_append(r->arena, &list, e->names[i]);
    }
    struct str near = config_nearest(key->text, e->names, e->n);
    if (near.p)
        config_fail(r, key, "unknown setting \"%.*s\", did you mean \"%.*s\"?", STR_ARG(key->text),
                    STR_ARG(near));
    else
        config_fail(r, key, "unknown setting \"%.*s\": type \"%.*s\" takes %.*s",
                    STR_ARG(key->text), STR_ARG(d->p.type), STR_ARG(list.n ? list : STR("none")));
    return false;
}

/* A base_url may have no use for them. */
static bool
check_told(struct config_reader *r, const struct draft *d, const struct expected *e)
{
    bool ok = true;
    for (unsigned i = 0; i < e->n && !d->p.base_url.p; i++) {
        bool told = !e->needed[i];
        for (unsigned k = 0; k < d->p.n_settings && !told; k++)
            told = str_eq(d->p.settings[k].key, e->names[i]);
        if (told)
            continue;
        config_fail(r, d->settings ? d->settings : d->type,
                    "type \"%.*s\" must be told its %.*s: add settings: { %.*s: ... }",
                    STR_ARG(d->p.type), STR_ARG(e->names[i]), STR_ARG(e->names[i]));
        ok = false;
    }
    return ok;
}

static bool
read_settings(struct config_reader *r, struct draft *d)
{
    static const struct config_field settings = { "settings", .need = CONFIG_OPTIONAL };
    const struct node *n = d->settings;
    struct expected e;
    unsigned room = 0;
    bool ok = true;
    expect_settings(r, d, &e);
    if (n && !config_check_kind(r, &settings, n, NODE_MAP, "a map of names and values"))
        return false;
    for (unsigned i = 0; n && i < n->n; i++) {
        struct config_pair pair = { .key = n->v[i].key->text };
        if (config_fail_twice(r, n, i) || !config_text(r, pair.key.p, n->v[i].value, &pair.value)
            || !check_setting(r, d, &e, n->v[i].key)) {
            ok = false;
            continue;
        }
        struct config_pair *slot = CONFIG_PUSH(r, d->p.settings, d->p.n_settings, room);
        if (!slot)
            return false;
        *slot = pair;
    }
    return ok && check_told(r, d, &e);
}

static bool
check_unique(struct config_reader *r, const struct config *c, const struct draft *d)
{
    for (unsigned i = 0; i < c->n_providers; i++)
        if (d->p.name.p && str_eq(c->providers[i].name, d->p.name)) {
            config_fail(r, d->name, "provider \"%.*s\" is here twice: the first is in line %u",
                        STR_ARG(d->name->text), c->providers[i].line);
            return false;
        }
    return true;
}

/* Are there the credentials that the type needs?  Once all else is right. */
static bool
check_auth(struct config_reader *r, const struct draft *d)
{
    struct buf why;
    buf_init(&why, FAULT_TEXT);
    bool ok = !r->world->auth || r->world->auth(r->world->ctx, &d->p, &why);
    if (!ok)
        config_fail(r, d->type, "auth of \"%.*s\": %.*s", STR_ARG(d->name->text),
                    STR_ARG(buf_str(&why)));
    buf_fini(&why);
    return ok;
}

static uint64_t
said(uint64_t own, uint64_t usual)
{
    return own == CONFIG_UNSAID ? usual : own;
}

/* What models do not say of their times is as for the whole provider. */
static void
settle_timeouts(struct config_provider *p)
{
    for (unsigned i = 0; i < p->n_models; i++) {
        struct config_timeouts *t = &p->models[i].timeouts;
        t->connect = said(t->connect, p->timeouts.connect);
        t->first_byte = said(t->first_byte, p->timeouts.first_byte);
        t->idle = said(t->idle, p->timeouts.idle);
        t->total = said(t->total, p->timeouts.total);
    }
}

static bool
read_provider(struct config_reader *r, const struct node *n, struct config *c, unsigned *room)
{
    struct draft d = {
        .p = { .timeouts = timeouts_defaults, .health = config_health_unsaid, .line = n->line }
    };
    bool ok = config_record(r, &config_provider_record, n, &d);
    if (d.p.type.p) {
        ok &= check_type(r, &d);
        ok &= read_policies(r, &d);
        ok &= read_settings(r, &d);
    }
    if (ok)
        ok = check_auth(r, &d);
    settle_timeouts(&d.p);
    ok &= check_unique(r, c, &d);
    struct config_provider *slot = CONFIG_PUSH(r, c->providers, c->n_providers, *room);
    if (slot)
        *slot = d.p;
    return ok && slot;
}

bool
config_read_providers(struct config_reader *r, const struct config_field *f, const struct node *n,
                      void *out)
{
    unsigned room = 0;
    bool ok = true;
    if (!config_check_kind(r, f, n, NODE_LIST,
                           "a list of providers, each beginning with `- name:`"))
        return false;
    if (!n->n) {
        config_fail(r, n, "\"%s\" is empty: list at least one", f->key);
        return false;
    }
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_provider(r, n->v[i].value, out, &room);
    return ok;
}
