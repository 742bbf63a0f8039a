/* What a snapshot of the configuration says about secrets and personal data in requests: which policy holds for which
 * attempt, and what it looks for. */
#ifndef LLMUX_GATEWAY_REDACTOR_H
#define LLMUX_GATEWAY_REDACTOR_H

#include "runtime/redact/custom.h"
#include "runtime/redact/mask.h"
#include "server/config/config.h"
#include "server/http/head.h"

/* What holds where a rule fits, or none does. */
struct redactor_policy {
    enum config_redact_mode mode;
    struct redact_rules rules; /* of finding; and of what is written, but in mode block */
};

struct redactor {
    const struct config_redaction *config; /* borrowed */
    struct redact_custom *custom;          /* owned; NULL: none */
    struct redactor_policy *policies;      /* of each rule, then the usual one; in an arena */
};

#define REDACTOR_KEY 32u /* bytes */

/* own_key: what hashes are made with where the config says no key.  *r is NULL when no request is ever redacted, and the
 * operator has no patterns. */
MUST_CHECK enum err redactor_make(struct redactor **r, const struct config_redaction *c,
                                  struct str own_key, struct arena *a, struct fault *f);
void redactor_fini(struct redactor *r);

/* The policy for a request with this head that asks for a model, when it goes to this deployment; never NULL.  The same
 * policy has the same address. */
const struct redactor_policy *redactor_policy(const struct redactor *r, const struct http_head *h,
                                              struct str model, struct str provider);

#endif
