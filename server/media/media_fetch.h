/* Fetching what clients name by an address: images and files, for providers that want the bytes.
 *
 * A stranger chooses the address, so nothing is taken on trust: only http and https, only addresses that are public
 * (network_is_public) or that the operator allows, which is looked at where the socket is made, for every connection and
 * after every redirection; never a connection of somebody else's; a cap for the size, the time and the redirections; and
 * the bytes must be what they are called.  No cookies, no credentials.  Why a connection was not made is not told:
 * it would show what stands behind the gateway.
 *
 * A fetcher belongs to the thread of its event base; no locks. */
#ifndef LLMUX_MEDIA_MEDIA_FETCH_H
#define LLMUX_MEDIA_MEDIA_FETCH_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "server/media/media_type.h"
#include "server/upstream/upstream.h"
#include "server/wire/network.h"

#define MEDIA_BATCH_MAX   20u
#define MEDIA_ALLOWED_MAX 16u

struct media_rules {
    uint64_t max_bytes; /* of all that one request wants */
    unsigned timeout_ms;
    unsigned redirects;
    struct network allowed[MEDIA_ALLOWED_MAX]; /* beside what is public */
    unsigned n_allowed;
};

struct media_stats {
    uint64_t fetched, refused, bytes; /* calls that ended well, and not; bytes of the former */
};

struct media_fetcher {
    struct event_base *base;   /* borrowed */
    struct upstream *upstream; /* owned; of its own, made when first needed */
    struct media_rules rules;
    struct media_stats stats;
};

void media_fetcher_init(struct media_fetcher *f, struct event_base *base);
/* No batch may be running. */
void media_fetcher_fini(struct media_fetcher *f);

/* One address of a batch.  The result lives in the batch's arena. */
struct media_item {
    enum media_kind kind;
    struct str url;         /* borrowed */
    struct str type, bytes; /* when it came: bytes in base64 */
};

struct media_call;
/* What one request wants, all at once.  Embedded in its owner, who sets items, n and arena. */
struct media_batch {
    struct media_item items[MEDIA_BATCH_MAX];
    unsigned n;
    struct arena *arena; /* borrowed: where the bytes go */
    /* All came (f is NULL), or one did not.  Never called from inside of media_batch_start. */
    void (*told)(void *ctx, const struct fault *f);
    void *ctx;

    struct media_fetcher *fetcher; /* NULL: does not run */
    struct media_call *calls;      /* owned */
    unsigned waiting;
    unsigned timeout_ms; /* its own, of each call: other requests may have less time */
    uint64_t bytes;
};

/* Begin.  False, with the reason in fault, when it cannot; then told is not called. */
MUST_CHECK bool media_batch_start(struct media_batch *b, struct media_fetcher *f,
                                  const struct media_rules *rules, struct fault *fault);
/* Stop without another word; no-op for one that does not run. */
void media_batch_stop(struct media_batch *b);

#endif
