/* An account that proves with a private key who it is, and is given a token (RFC 7523 2.1).
 *
 *   claims ─ base64url ─ RS256 ─► assertion ─ POST token_uri ─► token
 *
 * Its file is JSON with `client_email`, `private_key` (PEM), `private_key_id` and `token_uri`; source:
 * AIP-4112 ("Self-signed JWT") and the OAuth documentation for server to server applications.
 *
 * Or a user who has logged in, and was given something to renew tokens with (RFC 6749 6): JSON of the
 * type `authorized_user` with `client_id`, `client_secret` and `refresh_token`; source: AIP-4113. */
#ifndef LLMUX_AUTH_SERVICE_ACCOUNT_H
#define LLMUX_AUTH_SERVICE_ACCOUNT_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct evp_pkey_st;

struct service_account {
    struct str email, key_id; /* key_id absent: none */
    struct str token_url;
    struct evp_pkey_st *key; /* owned; may be used by several threads; NULL of a user */
    struct str client_id, client_secret, refresh_token; /* of a user, else absent */
};

/* Read the content of its file.  ERR_SYNTAX, ERR_TYPE (something is missing, or it is another kind of
 * account) or ERR_UNSUPPORTED (the key cannot be read), with the reason in f, which never shows the
 * key.  The strings live in the arena. */
MUST_CHECK enum err
service_account_read(struct service_account *s, struct str json, struct arena *a, struct fault *f);
void service_account_fini(struct service_account *s);

/* Append an assertion that asks for the scope, good for an hour from now (seconds since 1970).
 * ERR_UNSUPPORTED when the key does not sign. */
MUST_CHECK enum err service_account_assert(const struct service_account *s, struct str scope,
                                           uint64_t now, struct buf *out);

#endif
