/* Which scheme counts, and where its credentials come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/auth/identity.h"

/* An environment and files: names and values, ending with NULL. */
struct place {
    const char *const *env, *const *files;
};

static const char *
find(const char *const *v, const char *name)
{
    for (; v && v[0]; v += 2)
        if (strcmp(v[0], name) == 0)
            return v[1];
    return NULL;
}

static const char *
env(void *ctx, const char *name)
{
    return find(((const struct place *)ctx)->env, name);
}

static bool
file(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    const char *text = find(((const struct place *)ctx)->files, path);
    buf_puts(text ? content : why, str_from(text ? text : "no such file"));
    return text;
}

static const struct xd_auth keyed[] = { { .scheme = XD_AUTH_BEARER } };
static const struct xd_auth signing[] = {
    { .scheme = XD_AUTH_BEARER, .env = STR_INIT("KEY_OF_THE_SERVICE") },
    { .scheme = XD_AUTH_SIGV4, .name = STR_INIT("svc") },
};
static const struct xd_auth tokens[] = {
    { .scheme = XD_AUTH_HEADER, .name = STR_INIT("api-key") },
    { .scheme = XD_AUTH_CLIENT_CREDENTIALS,
      .name = STR_INIT("scope-1"),
      .url = STR_INIT("https://login.example/{tenant_id}/token") },
};
static const struct xd_auth machine[] = {
    { .scheme = XD_AUTH_JWT_BEARER, .name = STR_INIT("scope-2"), .env = STR_INIT("ACCOUNT_FILE") },
    { .scheme = XD_AUTH_METADATA, .url = STR_INIT("http://metadata.example/token") },
};

static const char *const nothing[] = { NULL };
static const char credentials[] =
    "[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=sf\n"
    "[work]\naws_access_key_id=AKIDWORK\naws_secret_access_key=sw\n";
static const char *const home[] = { "/home/me/.aws/credentials", credentials,
                                    "/home/me/.aws/config",
                                    "[default]\nregion = eu-file-1\n[profile role]\nrole_arn = r\n",
                                    NULL };

struct row {
    const char *name;
    const struct xd_auth *auths;
    struct identity_options options;
    const char *env[12];
    const char *const *files;
    const char *want; /* source scheme key-or-url region, or "! reason" */
};

#define HAS(member, text) .options.member = STR_INIT(text)

static const struct row rows[] = {
    { "no key: nothing is sent", keyed, .want = "0 none  " },
    { "a key", keyed, HAS(api_key, "k-1"), .want = "1 bearer k-1 " },
    { "no such scheme", tokens, HAS(scheme, "sigv4"),
      .want = "! it has no auth scheme \"sigv4\", but: header, client_credentials, none" },
    { "none is always possible", tokens, HAS(scheme, "none"), .want = "0 none  " },
    { "a scheme without its credentials", tokens, HAS(scheme, "header"),
      .want = "! api_key is missing" },

    { "keys of the config", signing, HAS(access_key_id, "AKID"), HAS(secret_access_key, "s"),
      HAS(region, "eu-1"), .want = "2 sigv4 AKID eu-1" },
    { "half a key", signing, HAS(access_key_id, "AKID"), HAS(region, "eu-1"),
      .want = "! secret_access_key is missing" },
    { "no region", signing, HAS(access_key_id, "AKID"), HAS(secret_access_key, "s"),
      .want = "! there is no region" },
    { "the config's key before the environment's", signing, HAS(api_key, "k-2"),
      .env = { "AWS_ACCESS_KEY_ID", "AKIDENV", "AWS_SECRET_ACCESS_KEY", "se" },
      .want = "1 bearer k-2 " },
    { "a key of the environment", signing, .env = { "KEY_OF_THE_SERVICE", "k-3" },
      .want = "1 bearer k-3 " },
    { "keys of the environment", signing,
      .env = { "AWS_ACCESS_KEY_ID", "AKIDENV", "AWS_SECRET_ACCESS_KEY", "se", "AWS_DEFAULT_REGION",
               "eu-2", "HOME", "/home/me" },
      .files = home, .want = "2 sigv4 AKIDENV eu-2" },
    { "keys of the default profile", signing, .env = { "HOME", "/home/me" }, .files = home,
      .want = "2 sigv4 AKIDFILE eu-file-1" },
    { "a profile of the environment", signing,
      .env = { "HOME", "/home/me", "AWS_PROFILE", "work", "AWS_REGION", "eu-3" }, .files = home,
      .want = "2 sigv4 AKIDWORK eu-3" },
    { "a profile of the config before keys of the environment", signing, HAS(profile, "work"),
      .env = { "HOME", "/home/me", "AWS_ACCESS_KEY_ID", "AKIDENV", "AWS_SECRET_ACCESS_KEY", "se",
               "AWS_REGION", "eu-3" },
      .files = home, .want = "2 sigv4 AKIDWORK eu-3" },
    { "files elsewhere", signing,
      .env = { "AWS_SHARED_CREDENTIALS_FILE", "/home/me/.aws/credentials", "AWS_REGION", "eu-3" },
      .files = home, .want = "2 sigv4 AKIDFILE eu-3" },
    { "a profile that does not exist", signing, HAS(profile, "none"), HAS(region, "eu-1"),
      .env = { "HOME", "/home/me" }, .files = home, .want = "! there is no profile none" },
    { "a profile with a role", signing, HAS(profile, "role"), .env = { "HOME", "/home/me" },
      .files = home, .want = "! profile role: role_arn is not supported" },
    { "the container's endpoint", signing,
      .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds", "AWS_REGION", "eu-3" },
      .want = "3 sigv4 http://169.254.170.2/v2/creds eu-3" },
    { "the container's endpoint in full", signing,
      .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:99/c", "AWS_REGION",
               "eu-3" },
      .want = "3 sigv4 http://127.0.0.1:99/c eu-3" },
    { "an endpoint that anybody could be", signing,
      .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.evil@example.com/c" },
      .want = "! AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or of this machine" },
    { "a host that only begins like ours", signing,
      .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost.example.com/c" },
      .want = "! AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or of this machine" },
    { "a web identity is not taken for the machine's", signing,
      .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token", "AWS_REGION", "eu-3" },
      .want = "! AWS_WEB_IDENTITY_TOKEN_FILE is not supported" },
    { "a region when nobody says one", signing, HAS(access_key_id, "AKID"),
      HAS(secret_access_key, "s"), HAS(usual_region, "eu-9"), .want = "2 sigv4 AKID eu-9" },
    { "the instance, when nothing else is there", signing, .env = { "AWS_REGION", "eu-3" },
      .want = "4 sigv4 http://169.254.169.254 eu-3" },
    { "no instance", signing, .env = { "AWS_REGION", "eu-3", "AWS_EC2_METADATA_DISABLED", "True" },
      .want = "! there is no access key" },

    { "id and secret of a client", tokens, HAS(client_id, "c"), HAS(client_secret, "s"),
      HAS(tenant_id, "t-1"), .want = "6 client_credentials https://login.example/t-1/token " },
    { "a client without a tenant", tokens, HAS(client_id, "c"), HAS(client_secret, "s"),
      .want = "! tenant_id is missing" },
    { "a client with an address of its own", tokens, HAS(client_id, "c"), HAS(client_secret, "s"),
      HAS(token_url, "http://h/t"), .want = "6 client_credentials http://h/t " },
    { "a client without a secret", tokens, HAS(client_id, "c"),
      .want = "! client_secret is missing" },
    { "a key before a client", tokens, HAS(api_key, "k"), HAS(client_id, "c"),
      HAS(client_secret, "s"), .want = "1 header k " },

    { "the machine's account", machine, .want = "7 metadata http://metadata.example/token " },
    { "a file that is not there", machine, HAS(credentials_file, "/no"),
      .want = "! cannot read /no: no such file" },
    { "a file of the environment", machine, .env = { "ACCOUNT_FILE", "/home/me/.aws/config" },
      .files = home, .want = "! /home/me/.aws/config: it is not JSON" },
    { "no file", machine, HAS(scheme, "jwt_bearer"), .want = "! credentials_file is missing" },
};

static unsigned
count(const struct xd_auth *auths)
{
    return auths == keyed ? 1 : 2;
}

static void
credentials_are_found_where_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct place place = { r->env, r->files ? r->files : nothing };
        const struct identity_world world = { env, file, &place };
        struct identity id;
        struct fault f = { .text = "" };
        struct arena a;
        char got[300];
        arena_init(&a, 1 << 16);
        if (identity_make(&id, r->auths, count(r->auths), &r->options, &world, &a, &f)) {
            snprintf(got, sizeof got, "! %s", f.text);
        } else {
            struct str what = id.api_key.p ? id.api_key : id.key.id.p ? id.key.id : id.url;
            snprintf(got, sizeof got, "%d %.*s %.*s %.*s", (int)id.source,
                     STR_ARG(identity_scheme_name(id.auth.scheme)), STR_ARG(what),
                     STR_ARG(id.region));
            identity_fini(&id);
        }
        if (strcmp(got, r->want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", r->name, got, r->want);
        arena_fini(&a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_found_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
