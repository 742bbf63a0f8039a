/* See identity.h. */
#include "server/auth/identity.h"

#include "server/auth/profile.h"

#define FILE_MAX ((size_t)1 << 20)

/* Sources: AWS SDKs and Tools Reference Guide ("Environment variables", "Container credential
 * provider", "IMDS credential provider"). */
#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST  "http://169.254.169.254"

/* What one call of identity_make works with. */
struct making {
    struct identity *identity;
    const struct xd_auth *auths;
    unsigned n;
    const struct identity_options *o;
    struct arena *a;
    struct fault *f;
};

static struct str
env(const struct making *m, const char *name)
{
    const struct identity_world *w = &m->identity->world;
    const char *v = w->env ? w->env(w->ctx, name) : NULL;
    return v && *v ? arena_str(m->a, str_from(v)) : (struct str){ NULL, 0 };
}

static struct str
first_of(struct str a, struct str b)
{
    return a.p ? a : b;
}

/* The content of a file; absent, with the reason in why, when it cannot be read. */
static struct str
read_file(const struct making *m, struct str path, struct buf *why)
{
    const struct identity_world *w = &m->identity->world;
    struct str name = arena_printf(m->a, "%.*s", STR_ARG(path)), text = { NULL, 0 };
    struct buf content;
    buf_init(&content, FILE_MAX);
    if (w->file && name.p && w->file(w->ctx, name.p, &content, why))
        text = arena_str(m->a, buf_str(&content));
    buf_fini(&content);
    return text;
}

/* --- keys that sign --- */

static struct str
shared_file(const struct making *m, const char *variable, const char *usual)
{
    struct str path = env(m, variable), home = env(m, "HOME"), text = { NULL, 0 };
    struct buf why;
    if (!path.p && home.p)
        path = arena_printf(m->a, "%.*s/%s", STR_ARG(home), usual);
    buf_init(&why, FAULT_TEXT);
    if (path.p)
        text = read_file(m, path, &why);
    buf_fini(&why);
    return text;
}

static struct profile
read_profile(const struct making *m, struct str name)
{
    struct profile p;
    profile_read(&p, name, shared_file(m, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
                 shared_file(m, "AWS_CONFIG_FILE", ".aws/config"));
    return p;
}

static bool
take_environment_key(const struct making *m)
{
    struct sigv4_key key = { env(m, "AWS_ACCESS_KEY_ID"), env(m, "AWS_SECRET_ACCESS_KEY"),
                             env(m, "AWS_SESSION_TOKEN") };
    if (!key.id.p || !key.secret.p)
        return false;
    m->identity->key = key;
    m->identity->source = IDENTITY_KEY;
    return true;
}

/* Plain HTTP only where the address cannot be anybody else's. */
static bool
is_safe_endpoint(struct str url)
{
    static const struct str hosts[] = {
        STR_INIT("127."),          STR_INIT("localhost"),      STR_INIT("[::1]"),
        STR_INIT("169.254.170.2"), STR_INIT("169.254.170.23"), STR_INIT("[fd00:ec2::23]"),
    };
    if (str_starts(url, STR("https://")))
        return true;
    if (!str_starts(url, STR("http://")))
        return false;
    url = str_skip(url, 7);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct str rest = str_skip(url, hosts[i].n);
        bool whole = i == 0 || !rest.n || rest.p[0] == ':' || rest.p[0] == '/';
        if (str_starts(url, hosts[i]) && whole && !memchr(url.p, '@', url.n))
            return true;
    }
    return false;
}

static bool
take_container(const struct making *m, enum err *err)
{
    struct identity *a = m->identity;
    struct str relative = env(m, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    a->url = relative.p ? arena_printf(m->a, CONTAINER_HOST "%.*s", STR_ARG(relative))
                        : env(m, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!a->url.p)
        return false;
    a->token_file = env(m, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    a->token = env(m, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    a->source = IDENTITY_CONTAINER;
    if (!is_safe_endpoint(a->url))
        *err = fault_set(m->f, ERR_UNSUPPORTED, 0,
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or of this machine");
    return true;
}

static enum err
no_key_in_profile(const struct making *m, struct str name, const struct profile *p)
{
    if (p->other.p)
        return fault_set(m->f, ERR_UNSUPPORTED, 0, "profile %.*s: %.*s is not supported",
                         STR_ARG(name), STR_ARG(p->other));
    return fault_set(m->f, ERR_UNSUPPORTED, 0,
                     p->found ? "profile %.*s has no access key" : "there is no profile %.*s",
                     STR_ARG(name));
}

/* Config, environment, profile, container, instance: in this order. */
static enum err
find_key(const struct making *m)
{
    struct identity *a = m->identity;
    const struct identity_options *o = m->o;
    struct str asked = first_of(o->profile, env(m, "AWS_PROFILE"));
    struct str name = first_of(asked, STR("default"));
    struct profile p = read_profile(m, name);
    enum err err = ERR_OK;
    a->region = first_of(
        o->region, first_of(env(m, "AWS_REGION"), first_of(env(m, "AWS_DEFAULT_REGION"),
                                                           first_of(p.region, o->usual_region))));
    if (o->access_key_id.p || o->secret_access_key.p) {
        if (!o->access_key_id.p || !o->secret_access_key.p)
            return fault_set(m->f, ERR_UNSUPPORTED, 0, "%s is missing",
                             o->access_key_id.p ? "secret_access_key" : "access_key_id");
        a->key = (struct sigv4_key){ o->access_key_id, o->secret_access_key, o->session_token };
        a->source = IDENTITY_KEY;
        return ERR_OK;
    }
    if (!o->profile.p && take_environment_key(m))
        return ERR_OK;
    if (p.key.id.p && !p.other.p) {
        a->key = p.key;
        a->source = IDENTITY_KEY;
        return ERR_OK;
    }
    if (asked.p || p.other.p)
        return no_key_in_profile(m, name, &p);
    /* What comes next would be somebody else's key: that of the machine. */
    if (env(m, "AWS_WEB_IDENTITY_TOKEN_FILE").p)
        return fault_set(m->f, ERR_UNSUPPORTED, 0, "AWS_WEB_IDENTITY_TOKEN_FILE is not supported");
    if (take_container(m, &err))
        return err;
    if (str_eq_nocase(env(m, "AWS_EC2_METADATA_DISABLED"), STR("true")))
        return fault_set(m->f, ERR_UNSUPPORTED, 0, "there is no access key");
    a->url = first_of(env(m, "AWS_EC2_METADATA_SERVICE_ENDPOINT"), STR(INSTANCE_HOST));
    while (a->url.n && a->url.p[a->url.n - 1] == '/')
        a->url.n--;
    a->source = IDENTITY_INSTANCE;
    return ERR_OK;
}

static enum err
make_signer(const struct making *m)
{
    enum err err = find_key(m);
    if (!err && !m->identity->region.p)
        err = fault_set(m->f, ERR_UNSUPPORTED, 0, "there is no region");
    return err;
}

/* --- tokens --- */

static enum err
make_assertion(const struct making *m)
{
    struct identity *a = m->identity;
    struct str path = first_of(m->o->credentials_file,
                               a->auth.env.p ? env(m, a->auth.env.p) : (struct str){ NULL, 0 });
    struct buf why;
    if (!path.p)
        return fault_set(m->f, ERR_UNSUPPORTED, 0, "credentials_file is missing");
    buf_init(&why, FAULT_TEXT);
    struct str json = read_file(m, path, &why);
    enum err err = ERR_OK;
    struct fault inner;
    if (!json.p)
        err = fault_set(m->f, ERR_UNSUPPORTED, 0, "cannot read %.*s: %.*s", STR_ARG(path),
                        STR_ARG(buf_str(&why)));
    else if (service_account_read(&a->service, json, m->a, &inner))
        err = fault_set(m->f, ERR_UNSUPPORTED, 0, "%.*s: %s", STR_ARG(path), inner.text);
    buf_fini(&why);
    a->source = a->service.refresh_token.p ? IDENTITY_REFRESH : IDENTITY_ASSERTION;
    a->url = first_of(m->o->token_url, first_of(a->service.token_url, a->auth.url));
    if (!err && !a->url.p)
        err = fault_set(m->f, ERR_UNSUPPORTED, 0, "token_url is missing");
    return err;
}

/* The address with the tenant in its place. */
static enum err
put_tenant(const struct making *m, struct str url)
{
    static const struct str place = STR_INIT("{tenant_id}");
    struct identity *a = m->identity;
    const char *at = url.p ? memmem(url.p, url.n, place.p, place.n) : NULL;
    a->url = url;
    if (!at)
        return ERR_OK;
    if (!m->o->tenant_id.p)
        return fault_set(m->f, ERR_UNSUPPORTED, 0, "tenant_id is missing");
    size_t n = (size_t)(at - url.p);
    a->url = arena_printf(m->a, "%.*s%.*s%.*s", (int)n, url.p, STR_ARG(m->o->tenant_id),
                          STR_ARG(str_skip(url, n + place.n)));
    return ERR_OK;
}

static enum err
make_client(const struct making *m)
{
    struct identity *a = m->identity;
    a->source = IDENTITY_CLIENT;
    a->client_id = m->o->client_id;
    a->client_secret = m->o->client_secret;
    if (!a->client_id.p || !a->client_secret.p)
        return fault_set(m->f, ERR_UNSUPPORTED, 0, "%s is missing",
                         a->client_id.p ? "client_secret" : "client_id");
    return put_tenant(m, first_of(m->o->token_url, a->auth.url));
}

static enum err
make_metadata(const struct making *m)
{
    m->identity->source = IDENTITY_METADATA;
    m->identity->url = first_of(m->o->token_url, m->identity->auth.url);
    return ERR_OK;
}

/* --- which scheme --- */

struct str
identity_scheme_name(enum xd_auth_scheme scheme)
{
    switch (scheme) {
    case XD_AUTH_NONE:
        break;
    case XD_AUTH_BEARER:
        return STR("bearer");
    case XD_AUTH_HEADER:
        return STR("header");
    case XD_AUTH_QUERY:
        return STR("query");
    case XD_AUTH_SIGV4:
        return STR("sigv4");
    case XD_AUTH_JWT_BEARER:
        return STR("jwt_bearer");
    case XD_AUTH_CLIENT_CREDENTIALS:
        return STR("client_credentials");
    case XD_AUTH_METADATA:
        return STR("metadata");
    }
    return STR("none");
}

/* Does the config have credentials for it? */
static bool
is_configured(const struct identity_options *o, const struct xd_auth *auth)
{
    switch (auth->scheme) {
    case XD_AUTH_NONE:
        return false;
    case XD_AUTH_BEARER:
    case XD_AUTH_HEADER:
    case XD_AUTH_QUERY:
        return o->api_key.p;
    case XD_AUTH_SIGV4:
        return o->access_key_id.p || o->secret_access_key.p || o->profile.p;
    case XD_AUTH_JWT_BEARER:
        return o->credentials_file.p;
    case XD_AUTH_CLIENT_CREDENTIALS:
        return o->client_id.p || o->client_secret.p;
    case XD_AUTH_METADATA:
        return false;
    }
    return false;
}

/* Does the environment? */
static bool
is_at_hand(const struct making *m, const struct xd_auth *auth)
{
    if (auth->env.p && env(m, auth->env.p).p)
        return true;
    return auth->scheme == XD_AUTH_SIGV4
           && (env(m, "AWS_ACCESS_KEY_ID").p || env(m, "AWS_PROFILE").p
               || read_profile(m, STR("default")).key.id.p
               || env(m, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").p
               || env(m, "AWS_CONTAINER_CREDENTIALS_FULL_URI").p);
}

/* Can the machine itself be asked? */
static bool
is_ambient(const struct xd_auth *auth)
{
    return auth->scheme == XD_AUTH_SIGV4 || auth->scheme == XD_AUTH_METADATA;
}

static const struct xd_auth none = { .scheme = XD_AUTH_NONE };

static const struct xd_auth *
choose(const struct making *m)
{
    const struct xd_auth *v = m->auths;
    if (m->o->scheme.p) {
        for (unsigned i = 0; i < m->n; i++)
            if (str_eq(m->o->scheme, identity_scheme_name(v[i].scheme)))
                return &v[i];
        return str_is(m->o->scheme, "none") ? &none : NULL;
    }
    for (unsigned i = 0; i < m->n; i++)
        if (is_configured(m->o, &v[i]))
            return &v[i];
    for (unsigned i = 0; i < m->n; i++)
        if (is_at_hand(m, &v[i]))
            return &v[i];
    for (unsigned i = 0; i < m->n; i++)
        if (is_ambient(&v[i]))
            return &v[i];
    return &none;
}

static enum err
no_such_scheme(const struct making *m)
{
    struct str names = { NULL, 0 };
    for (unsigned i = 0; i < m->n; i++) {
        arena_append(m->a, &names, identity_scheme_name(m->auths[i].scheme));
        arena_append(m->a, &names, STR(", "));
    }
    return fault_set(m->f, ERR_UNSUPPORTED, 0, "it has no auth scheme \"%.*s\", but: %.*snone",
                     STR_ARG(m->o->scheme), STR_ARG(names));
}

static enum err
make_api_key(const struct making *m)
{
    struct identity *a = m->identity;
    a->api_key = first_of(m->o->api_key,
                          a->auth.env.p ? env(m, a->auth.env.p) : (struct str){ NULL, 0 });
    a->source = a->api_key.p ? IDENTITY_API_KEY : IDENTITY_NONE;
    return a->api_key.p ? ERR_OK : fault_set(m->f, ERR_UNSUPPORTED, 0, "api_key is missing");
}

enum err
identity_make(struct identity *a, const struct xd_auth *auths, unsigned n,
              const struct identity_options *o, const struct identity_world *world,
              struct arena *arena, struct fault *f)
{
    *a = (struct identity){ .world = *world };
    const struct making m = { a, auths, n, o, arena, f };
    const struct xd_auth *auth = choose(&m);
    if (!auth)
        return no_such_scheme(&m);
    a->auth = *auth;
    a->scope = first_of(o->scope, auth->name);
    enum err err = ERR_OK;
    switch (auth->scheme) {
    case XD_AUTH_NONE:
        break;
    case XD_AUTH_BEARER:
    case XD_AUTH_HEADER:
    case XD_AUTH_QUERY:
        err = make_api_key(&m);
        break;
    case XD_AUTH_SIGV4:
        err = make_signer(&m);
        break;
    case XD_AUTH_JWT_BEARER:
        err = make_assertion(&m);
        break;
    case XD_AUTH_CLIENT_CREDENTIALS:
        err = make_client(&m);
        break;
    case XD_AUTH_METADATA:
        err = make_metadata(&m);
        break;
    }
    if (err)
        identity_fini(a);
    return err || !arena->full ? err : fault_set(f, ERR_LIMIT, 0, "too many providers");
}

void
identity_fini(struct identity *a)
{
    service_account_fini(&a->service);
}

bool
identity_is_live(const struct identity *a)
{
    return a->source > IDENTITY_API_KEY;
}

static bool
is_same_key(const struct sigv4_key *a, const struct sigv4_key *b)
{
    return str_eq(a->id, b->id) && str_eq(a->secret, b->secret) && str_eq(a->token, b->token);
}

static bool
is_same_service(const struct service_account *a, const struct service_account *b)
{
    return str_eq(a->email, b->email) && str_eq(a->key_id, b->key_id)
           && str_eq(a->token_url, b->token_url);
}

bool
identity_is_same(const struct identity *a, const struct identity *b)
{
    return a->source == b->source && a->auth.scheme == b->auth.scheme
           && str_eq(a->auth.name, b->auth.name) && str_eq(a->api_key, b->api_key)
           && is_same_key(&a->key, &b->key) && is_same_service(&a->service, &b->service)
           && str_eq(a->region, b->region) && str_eq(a->client_id, b->client_id)
           && str_eq(a->client_secret, b->client_secret) && str_eq(a->scope, b->scope)
           && str_eq(a->url, b->url) && str_eq(a->token, b->token)
           && str_eq(a->token_file, b->token_file);
}
