/* The identity of a deployment: which of a provider's auth schemes counts, and where its
 * credentials come from.
 *
 *   what the config says ─┐
 *   environment, files ───┴─► identity_make ─► struct identity ─► keeper.h, for each worker
 *
 * Of several schemes that one is taken which the config names or has credentials for; else the
 * first for which the environment has some; else the first that asks the machine itself.  Made at
 * the start, read by all workers, never changed. */
#ifndef LLMUX_AUTH_IDENTITY_H
#define LLMUX_AUTH_IDENTITY_H

#include "runtime/xd/xd.h"
#include "server/auth/service_account.h"
#include "server/auth/sigv4.h"

/* What the config says of one deployment; whatever it does not say is absent. */
struct identity_options {
    struct str scheme;  /* the name of one: "sigv4" */
    struct str api_key; /* none: the others; bearer, header, query */
    struct str access_key_id, secret_access_key, session_token, profile, region; /* sigv4 */
    struct str usual_region;                        /* when nobody else says one */
    struct str credentials_file;                    /* jwt_bearer */
    struct str tenant_id, client_id, client_secret; /* client_credentials */
    struct str scope, token_url;                    /* instead of the scheme's own */
};

/* Where credentials lie about. */
struct identity_world {
    const char *(*env)(void *ctx, const char *name); /* NULL: not set */
    /* The content of a file; false, with the reason in why, when it cannot be read. */
    bool (*file)(void *ctx, const char *path, struct buf *content, struct buf *why);
    void *ctx;
};

enum identity_source {
    IDENTITY_NONE,      /* no credentials, and none are sent */
    IDENTITY_API_KEY,   /* api_key, as it is */
    IDENTITY_KEY,       /* key signs */
    IDENTITY_CONTAINER, /* a key, from the container's endpoint (url, and token or token_file) */
    IDENTITY_INSTANCE,  /* a key, from the instance's metadata service (url) */
    IDENTITY_ASSERTION, /* a token, for an assertion of service */
    IDENTITY_CLIENT,    /* a token, for id and secret (url) */
    IDENTITY_METADATA,  /* a token, from the machine's metadata service (url) */
    IDENTITY_REFRESH,   /* a token, for what service's user was given to renew it */
};

struct identity {
    struct xd_auth auth; /* the scheme that counts */
    enum identity_source source;
    struct str api_key;
    struct sigv4_key key;
    struct str region;
    struct service_account service;
    struct str client_id, client_secret;
    struct str scope;
    struct str url;
    struct str token;      /* to be shown to the container's endpoint; absent: none */
    struct str token_file; /* the same, to be read anew each time */
    struct identity_world world;
};

/* Make the identity for a provider with these n schemes.  ERR_UNSUPPORTED, with the reason in f, when
 * credentials are missing or cannot be read.  Everything lives in the arena but what identity_fini
 * frees. */
MUST_CHECK enum err
identity_make(struct identity *a, const struct xd_auth *auths, unsigned n,
              const struct identity_options *o, const struct identity_world *world,
              struct arena *arena, struct fault *f);
void identity_fini(struct identity *a);

/* Do both pay from the same account, in the same way?  What was fetched for one is good for the
 * other then. */
bool identity_is_same(const struct identity *a, const struct identity *b);

/* Does each request need something of its own: a signature, or a token that may have to be fetched?
 * If not, the identity is in the headers or the address that are always the same. */
bool identity_is_live(const struct identity *a);

/* The name that a scheme has in specs and configs. */
struct str identity_scheme_name(enum xd_auth_scheme scheme);

#endif
