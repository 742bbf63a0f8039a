/* See profile.h. */
#include "server/auth/profile.h"

#include "server/auth/ini.h"

/* Ways to get keys that are not supported. */
static bool
is_other_way(struct str key)
{
    static const struct str ways[] = {
        STR_INIT("role_arn"),       STR_INIT("credential_process"),      STR_INIT("sso_session"),
        STR_INIT("sso_account_id"), STR_INIT("web_identity_token_file"),
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (str_eq(key, ways[i]))
            return true;
    return false;
}

/* The values of one file; those that are there already stay. */
static void
read_file(struct profile *p, struct str name, struct str text)
{
    struct profile own = { .found = false };
    struct ini ini = { .rest = text };
    struct ini_entry e;
    while (ini_next(&ini, &e)) {
        if (!str_eq(e.section, name) || !e.value.n)
            continue;
        own.found = true;
        if (str_is(e.key, "aws_access_key_id"))
            own.key.id = e.value;
        else if (str_is(e.key, "aws_secret_access_key"))
            own.key.secret = e.value;
        else if (str_is(e.key, "aws_session_token"))
            own.key.token = e.value;
        else if (str_is(e.key, "region"))
            own.region = e.value;
        else if (is_other_way(e.key))
            own.other = e.key;
    }
    p->found |= own.found;
    if (!p->key.id.p && own.key.id.p && own.key.secret.p)
        p->key = own.key;
    p->region = p->region.p ? p->region : own.region;
    p->other = p->other.p ? p->other : own.other;
}

#define NAME_MAX_BYTES 256

void
profile_read(struct profile *p, struct str name, struct str credentials, struct str config)
{
    static const char prefix[] = "profile ";
    char long_name[sizeof prefix + NAME_MAX_BYTES];
    size_t n = sizeof prefix - 1;
    *p = (struct profile){ .found = false };
    read_file(p, name, credentials);
    if (name.n > NAME_MAX_BYTES)
        return;
    memcpy(long_name, prefix, n);
    memcpy(long_name + n, name.p, name.n);
    read_file(p, str_make(long_name, n + name.n), config);
    if (str_is(name, "default"))
        read_file(p, name, config);
}
