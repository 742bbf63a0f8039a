/* Images, audio and documents that a client names by their address, for a target that wants their bytes: which ones they
 * are, and how they are put in their place.  Who fetches them is not the runtime's business. */
#ifndef LLMUX_XD_MEDIA_URL_H
#define LLMUX_XD_MEDIA_URL_H

#include "runtime/xd/policy.h"

#define XD_MEDIA_MAX 20u /* of one request; what is more stays as it is */

struct xd_media {
    enum ir_block_kind kind;
    struct str url;
    struct str media, data; /* absent: not there yet; data in base64 */
};
struct xd_media_list {
    struct xd_media v[XD_MEDIA_MAX];
    unsigned n;
};

/* Is this part an address in the place of which x's dialect would take bytes?  (Their type is not known yet, so it is
 * guessed.) */
bool xd_media_is_wanted(struct xd *x, enum ir_role role, const struct ir_block *part);
/* What of m must be fetched for x's dialect, each address once; nothing unless the policy media_urls says fetch.
 * m->model is the upstream model. */
void xd_media_wanted(struct xd *x, const struct ir_request *m, const struct xd_policy_choices *over,
                     struct xd_media_list *wanted);
/* *out is *in with what is in the list put in the place of its address; a shallow copy, made in the arena.  False when
 * that is full. */
bool xd_media_put(struct arena *a, const struct ir_request *in, const struct xd_media_list *have,
                  struct ir_request *out);

#endif
