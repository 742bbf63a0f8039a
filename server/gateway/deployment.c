/* From an entry of the config and a compiled dialect to what goes over the wire. */
#include "server/gateway/deployment.h"

#include "runtime/base/percent.h"
#include "runtime/xd/path.h"
#include "runtime/xd/seal.h"

#define URL_MAX 65536u

/* For servers that want to know who calls, and as a hint in their logs. */
static const struct upstream_header standard[] = {
    { STR_INIT("content-type"), STR_INIT("application/json") },
    { STR_INIT("user-agent"), STR_INIT("llmux") },
};
#define N_STANDARD (sizeof standard / sizeof standard[0])

/* What the deployment was told. */
static struct str
told_setting(const struct deployment *d, struct str name)
{
    for (unsigned i = 0; i < d->config->n_settings; i++)
        if (str_eq(d->config->settings[i].key, name))
            return d->config->settings[i].value;
    return (struct str){ NULL, 0 };
}

static struct str
usual_setting(const struct deployment *d, struct str name)
{
    for (unsigned i = 0; i < d->dialect->nsettings; i++)
        if (str_eq(d->dialect->settings[i].name, name))
            return d->dialect->settings[i].usual;
    return (struct str){ NULL, 0 };
}

/* What it was told, else what is signed for or usual; absent when nobody says it. */
static struct str
setting(const struct deployment *d, struct str name)
{
    struct str value = told_setting(d, name);
    if (!value.p && str_is(name, "region"))
        value = d->identity.region;
    return value.p ? value : usual_setting(d, name);
}

/* The base, with all its places filled in but that of the model. */
static struct str
make_base(const struct deployment *d, const struct xd_dialect *language, struct arena *a)
{
    struct str own = language->base_url.p ? language->base_url : d->dialect->base_url;
    struct str base = d->config->base_url.p ? d->config->base_url : own;
    struct str rest = base, name;
    while ((name = xd_address_place(rest)).p) {
        rest = str_skip(base, (size_t)(name.p + name.n + 1 - base.p));
        struct str value = setting(d, name);
        if (!value.p)
            continue;
        struct buf filled;
        buf_init(&filled, URL_MAX);
        xd_address_fill(&filled, base, name, value);
        rest = base = arena_str(a, buf_str(&filled));
        buf_fini(&filled);
    }
    return base;
}

static void
add_query(struct str *query, struct str more, struct arena *a)
{
    if (more.n == 0)
        return;
    arena_append(a, query, query->n ? STR("&") : STR("?"));
    arena_append(a, query, more);
}

/* The operation's path goes before a query that the base has (an API's version, say). */
static struct str
make_url(const struct deployment *d, const struct xd_dialect *language, struct str path,
         struct str query, struct arena *a)
{
    struct str base = make_base(d, language, a), all = { NULL, 0 };
    const char *mark = memchr(base.p, '?', base.n);
    if (mark) {
        add_query(&all, str_skip(base, (size_t)(mark - base.p) + 1), a);
        base.n = (size_t)(mark - base.p);
    }
    add_query(&all, query, a);
    if (d->identity.auth.scheme == XD_AUTH_QUERY) {
        struct buf key;
        buf_init(&key, 3 * d->identity.api_key.n);
        percent_encode(&key, d->identity.api_key, "");
        add_query(
            &all,
            arena_printf(a, "%.*s=%.*s", STR_ARG(d->identity.auth.name), STR_ARG(buf_str(&key))),
            a);
        buf_fini(&key);
    }
    return arena_printf(a, "%.*s%.*s%.*s", STR_ARG(base), STR_ARG(path), STR_ARG(all));
}

static struct deployment_urls
make_urls(const struct deployment *d, const struct xd_dialect *language, const struct xd_op *op,
          struct arena *a)
{
    const struct xd_path *streamed = xd_op_streamed(op);
    struct deployment_urls urls = { .whole = make_url(d, language, op->path, STR(""), a) };
    if (streamed)
        urls.streamed = make_url(d, language, streamed->path, streamed->query, a);
    return urls;
}

struct header_list {
    struct upstream_header *v;
    unsigned n;
};

/* The last of one name counts. */
static void
set_header(struct header_list *l, struct str name, struct str value)
{
    unsigned i = 0;
    while (i < l->n && !str_eq_nocase(l->v[i].name, name))
        i++;
    l->v[i] = (struct upstream_header){ name, value };
    l->n += i == l->n;
}

static void
set_auth(struct header_list *l, const struct deployment *d, struct arena *a)
{
    struct str key = d->identity.api_key;
    switch (d->identity.auth.scheme) {
    case XD_AUTH_BEARER:
        set_header(l, STR("authorization"), arena_printf(a, "Bearer %.*s", STR_ARG(key)));
        break;
    case XD_AUTH_HEADER:
        set_header(l, d->identity.auth.name, key);
        break;
    case XD_AUTH_NONE:
    case XD_AUTH_QUERY:
    case XD_AUTH_SIGV4:
    case XD_AUTH_JWT_BEARER:
    case XD_AUTH_CLIENT_CREDENTIALS:
    case XD_AUTH_METADATA:
        break;
    }
}

static struct header_list
make_headers(const struct deployment *d, const struct xd_op *op, struct arena *a)
{
    size_t room = N_STANDARD + op->nheaders + 1 + d->config->n_headers;
    struct header_list l = { arena_alloc(a, room * sizeof *l.v), 0 };
    if (!l.v)
        return l;
    for (size_t i = 0; i < N_STANDARD; i++)
        set_header(&l, standard[i].name, standard[i].value);
    for (unsigned i = 0; i < op->nheaders; i++)
        set_header(&l, op->headers[i].name, op->headers[i].value);
    set_auth(&l, d, a);
    for (unsigned i = 0; i < d->config->n_headers; i++)
        set_header(&l, d->config->headers[i].key, d->config->headers[i].value);
    return l;
}

struct str
deployment_url_at(const struct deployment *d, struct str path, struct arena *a)
{
    return make_url(d, d->dialect, path, STR(""), a);
}

const struct upstream_header *
deployment_probe_headers(const struct deployment *d, unsigned *n, struct arena *a)
{
    static const struct xd_op bare = { .nheaders = 0 };
    struct header_list l = make_headers(d, d->dialect->nops ? d->dialect->ops : &bare, a);
    *n = l.n ? l.n - 1 : 0; /* the first is the type of a body, and there is none */
    return l.v ? l.v + 1 : NULL;
}

static void
make_policies(struct deployment *d, struct arena *a)
{
    unsigned n = d->config->n_policies;
    struct xd_policy_choice *v = arena_alloc(a, n * sizeof *v);
    for (unsigned i = 0; v && i < n; i++)
        v[i] = (struct xd_policy_choice){ xd_policy_named(d->config->policies[i].key),
                                          d->config->policies[i].value };
    d->policies = (struct xd_policy_choices){ v, v ? n : 0 };
}

enum err
deployment_identify(struct deployment *d, struct arena *a, struct fault *f)
{
    const struct config_auth *c = &d->config->auth;
    const struct identity_options o = { .scheme = c->scheme,
                                        .api_key = d->config->api_key,
                                        .access_key_id = c->access_key_id,
                                        .secret_access_key = c->secret_access_key,
                                        .session_token = c->session_token,
                                        .profile = c->profile,
                                        .region = c->region.p ? c->region
                                                              : told_setting(d, STR("region")),
                                        .usual_region = usual_setting(d, STR("region")),
                                        .credentials_file = c->credentials_file,
                                        .tenant_id = c->tenant_id,
                                        .client_id = c->client_id,
                                        .client_secret = c->client_secret,
                                        .scope = c->scope,
                                        .token_url = c->token_url };
    const struct identity_world world = { .env = config_world_env, .file = config_world_file };
    return identity_make(&d->identity, d->dialect->auths, d->dialect->nauths, &o, &world, a, f);
}

void
deployment_fini(struct deployment *d)
{
    identity_fini(&d->identity);
}

/* An account is an address and who pays there. */
static struct str
make_seal(const struct deployment *d, const struct xd_dialect *dialect, struct arena *a)
{
    const struct config_provider *c = d->config;
    struct str base = c->base_url.p ? c->base_url : d->dialect->base_url;
    struct str payer = c->api_key.n ? c->api_key : c->name;
    return xd_seal_mark(a, dialect->family,
                        arena_printf(a, "%.*s %.*s", STR_ARG(base), STR_ARG(payer)));
}

static struct deployment_language
make_language(const struct deployment *d, const struct xd_dialect *dialect, struct arena *a)
{
    unsigned n = dialect->nops;
    struct deployment_language l = { .dialect = dialect,
                                     .urls = arena_alloc(a, n * sizeof *l.urls),
                                     .headers = arena_alloc(a, n * sizeof *l.headers),
                                     .n_headers = arena_alloc(a, n * sizeof *l.n_headers),
                                     .are_sane = arena_alloc(a, n * sizeof *l.are_sane),
                                     .seal = make_seal(d, dialect, a) };
    for (unsigned i = 0; i < n && !a->full; i++) {
        struct header_list headers = make_headers(d, &dialect->ops[i], a);
        l.urls[i] = make_urls(d, dialect, &dialect->ops[i], a);
        l.headers[i] = headers.v;
        l.n_headers[i] = headers.n;
        l.are_sane[i] = upstream_headers_are_sane(headers.v, headers.n);
    }
    return l;
}

/* FNV-1a. */
static uint64_t
hash(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return (h ^ 0xff) * UINT64_C(1099511628211);
}

/* Not to be turned back into the credentials: it is shown to operators. */
static uint64_t
fingerprint(const struct deployment *d)
{
    const struct config_provider *c = d->config;
    const struct config_auth *auth = &c->auth;
    const struct str all[] = { c->api_key,
                               auth->access_key_id,
                               auth->secret_access_key,
                               auth->profile,
                               auth->region,
                               auth->credentials_file,
                               auth->tenant_id,
                               auth->client_id,
                               auth->client_secret,
                               c->type,
                               c->proxy };
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        h = hash(h, all[i]);
    for (unsigned i = 0; i < c->n_headers; i++)
        h = hash(hash(h, c->headers[i].key), c->headers[i].value);
    for (unsigned i = 0; i < c->n_settings; i++)
        h = hash(hash(h, c->settings[i].key), c->settings[i].value);
    return h;
}

static void
make_account(struct deployment *d, struct arena *a)
{
    const struct config_provider *c = d->config;
    struct str base = c->base_url.p ? c->base_url : d->dialect->base_url;
    unsigned mark = (unsigned)(fingerprint(d) >> 32);
    d->account = arena_printf(a, "%.*s %.*s %08x", STR_ARG(c->name), STR_ARG(base), mark);
}

static void
make_languages(struct deployment *d, struct arena *a)
{
    const struct xd_dialect *const *also = d->dialect->also;
    while (also && also[d->n_languages])
        d->n_languages++;
    d->languages = arena_alloc(a, ++d->n_languages * sizeof *d->languages);
    for (unsigned i = 0; d->languages && i < d->n_languages; i++)
        d->languages[i] = make_language(d, i && also ? also[i - 1] : d->dialect, a);
}

enum err
deployment_make(struct deployment *d, const struct config_provider *config,
                const struct plugins *plugins, struct arena *a, struct fault *f)
{
    *d = (struct deployment){ .config = config, .dialect = plugins_find(plugins, config->type) };
    if (!d->dialect || (!config->base_url.p && !d->dialect->base_url.p))
        return fault_set(f, ERR_UNSUPPORTED, 0, "provider %.*s: %s: %.*s", STR_ARG(config->name),
                         d->dialect ? "no base_url for type" : "no such type",
                         STR_ARG(config->type));
    struct fault why;
    enum err err = deployment_identify(d, a, &why);
    if (err)
        return fault_set(f, err, 0, "provider %.*s: auth: %s", STR_ARG(config->name), why.text);
    make_languages(d, a);
    make_policies(d, a);
    make_account(d, a);
    d->limits = limits_options(&config->limits);
    return a->full ? fault_set(f, ERR_LIMIT, 0, "too many providers") : ERR_OK;
}

/* A mark begins with its family, and is another one for each account. */
static bool
are_rivals(const struct deployment_language *a, const struct deployment_language *b)
{
    return strcmp(a->dialect->family, b->dialect->family) == 0 && !str_eq(a->seal, b->seal);
}

/* Has any of the first n deployments another account of l's family? */
static bool
has_rival(const struct deployment *v, unsigned n, const struct deployment_language *l)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < v[i].n_languages; k++)
            if (are_rivals(&v[i].languages[k], l))
                return true;
    return false;
}

void
deployments_compare(struct deployment *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < v[i].n_languages; k++)
            v[i].languages[k].several = has_rival(v, n, &v[i].languages[k]);
}

static bool
find_call(const struct deployment_language *l, enum xd_op_kind kind, struct deployment_call *call)
{
    for (unsigned i = 0; i < l->dialect->nops; i++) {
        if (l->dialect->ops[i].kind != kind)
            continue;
        *call = (struct deployment_call){ l->dialect,    &l->dialect->ops[i], l->urls[i],
                                          l->headers[i], l->n_headers[i],     l->are_sane[i],
                                          l->seal,       l->several };
        return true;
    }
    return false;
}

bool
deployment_call(const struct deployment *d, const struct xd_dialect *front, enum xd_op_kind kind,
                struct deployment_call *call)
{
    for (unsigned i = 0; i < d->n_languages; i++)
        if (strcmp(d->languages[i].dialect->family, front->family) == 0
            && find_call(&d->languages[i], kind, call))
            return true;
    for (unsigned i = 0; i < d->n_languages; i++)
        if (find_call(&d->languages[i], kind, call))
            return true;
    return false;
}

struct str
deployment_url_of(const struct deployment_call *call, struct str id, struct str query,
                  struct arena *a)
{
    struct str url = call->urls.whole;
    const char *mark = memchr(url.p, '?', url.n) ? "&" : "?";
    struct buf plain, filled;
    buf_init(&plain, URL_MAX);
    buf_init(&filled, URL_MAX);
    percent_decode(&plain, id);
    xd_address_fill(&filled, url, STR("id"), buf_str(&plain));
    url = arena_printf(a, "%.*s%s%.*s", STR_ARG(buf_str(&filled)), query.n ? mark : "",
                       STR_ARG(query));
    buf_fini(&plain);
    buf_fini(&filled);
    return url;
}

struct str
deployment_url(const struct deployment_call *call, bool stream, struct str model, struct arena *a)
{
    struct str url = stream && call->urls.streamed.p ? call->urls.streamed : call->urls.whole;
    if (!xd_address_place(url).p)
        return url;
    struct buf filled;
    buf_init(&filled, URL_MAX);
    xd_address_fill(&filled, url, STR("model"), model);
    url = arena_str(a, buf_str(&filled));
    buf_fini(&filled);
    return url;
}
