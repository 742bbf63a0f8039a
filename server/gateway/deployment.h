/* A deployment: one configured provider, with all that is the same for every request to it worked
 * out in advance.  Made once at the start, read by all workers, never changed. */
#ifndef LLMUX_GATEWAY_DEPLOYMENT_H
#define LLMUX_GATEWAY_DEPLOYMENT_H

#include "runtime/base/arena.h"
#include "runtime/xd/policy.h"
#include "server/auth/identity.h"
#include "server/config/config.h"
#include "server/gateway/limits.h"
#include "server/plugins/plugins.h"
#include "server/upstream/upstream.h"

/* What is sent in one of the languages that the provider speaks; arrays by operation. */
struct deployment_language {
    const struct xd_dialect *dialect;
    struct deployment_urls {
        struct str whole, streamed;   /* may have a place for the model; streamed may be absent */
    } * urls;                         /* with the key when it belongs into the query */
    struct upstream_header **headers; /* constant, auth, the operator's own */
    unsigned *n_headers;
    bool *are_sane;  /* the headers: they can be sent, and need not be checked again */
    struct str seal; /* the mark of what its account seals (runtime/xd/seal.h) */
    bool several;    /* other accounts of the family are in the config, too */
};

struct deployment {
    const struct config_provider *config;
    const struct xd_dialect *dialect;
    struct identity identity; /* the auth scheme that counts, and its credentials */
    struct deployment_language
        *languages; /* first its own, then those that it speaks beside that */
    unsigned n_languages;
    struct xd_policy_choices policies;
    struct limiter_options limits;
    struct limited *limited; /* the state of these limits; NULL: there are none */
    /* What makes it this account: name, address, and a fingerprint of its credentials.  The same
     * after a reload that changed nothing of these. */
    struct str account;
};

/* Make d from an entry of a valid config; everything lives in the arena.  The operator's headers
 * replace those of the dialect that have the same name.  ERR_UNSUPPORTED when the type is not
 * compiled in or among the plugins (NULL: none), has no address, or lacks credentials; ERR_LIMIT when the arena is full. */
MUST_CHECK enum err
deployment_make(struct deployment *d, const struct config_provider *config,
                const struct plugins *plugins, struct arena *a, struct fault *f);

/* When all n are made: which of them are accounts of one family? */
void deployments_compare(struct deployment *v, unsigned n);

/* Find d's identity, with nothing but config and dialect there; ERR_UNSUPPORTED, with the reason in f,
 * when credentials are missing. */
MUST_CHECK enum err deployment_identify(struct deployment *d, struct arena *a, struct fault *f);
void deployment_fini(struct deployment *d);

/* What is sent for an operation, if possible in a language of the front's family; false when the
 * provider does not have it. */
struct deployment_call {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
    struct deployment_urls urls;
    const struct upstream_header *headers;
    unsigned n_headers;
    bool are_sane; /* the headers, see above */
    struct str seal;
    bool several;
};
/* Where a probe goes to: this path behind the address, with the key if it belongs into the query; and what is sent
 * there beside that.  The arena is full when headers is NULL. */
struct str deployment_url_at(const struct deployment *d, struct str path, struct arena *a);
const struct upstream_header *
deployment_probe_headers(const struct deployment *d, unsigned *n, struct arena *a);
bool deployment_call(const struct deployment *d, const struct xd_dialect *front,
                     enum xd_op_kind kind, struct deployment_call *call);
/* Where to ask for what is stored by an id, as that stands in a path, with the client's query; lives in the arena. */
struct str deployment_url_of(const struct deployment_call *call, struct str id, struct str query,
                             struct arena *a);
/* Where to ask for it; lives in the arena. */
struct str
deployment_url(const struct deployment_call *call, bool stream, struct str model, struct arena *a);

#endif
