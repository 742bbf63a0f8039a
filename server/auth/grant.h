/* What an endpoint gives to those whom it trusts: a token to show, or a key to sign with.
 *
 * Sources: RFC 6749 5.1 and 5.2 (tokens, and their refusal); AWS SDKs and Tools Reference Guide
 * ("Container credential provider", "IMDS credential provider"). */
#ifndef LLMUX_AUTH_GRANT_H
#define LLMUX_AUTH_GRANT_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/json/doc.h"
#include "server/auth/sigv4.h"

struct grant {
    struct str token;     /* to be shown; absent: there is a key */
    struct sigv4_key key; /* to sign with */
    uint64_t lifetime;    /* seconds from now; 0: it did not say, or will not end */
};

/* Read `{"access_token": "...", "expires_in": 3599}`.  ERR_REMOTE when the status or the body says
 * that there is none, ERR_SYNTAX or ERR_TYPE when it is not such a reply; f says why, and never
 * shows a secret, and g is empty.  The strings live in the arena. */
MUST_CHECK enum err
grant_read_token(struct grant *g, int status, struct str body, struct arena *a, struct fault *f);

/* Read `{"AccessKeyId": "...", "SecretAccessKey": "...", "Token": "...", "Expiration":
 * "2026-01-31T12:00:00Z"}` in the same way; now: seconds since 1970. */
MUST_CHECK enum err grant_read_key(struct grant *g, int status, struct str body, uint64_t now,
                                   struct arena *a, struct fault *f);

#endif
