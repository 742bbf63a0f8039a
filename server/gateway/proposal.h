/* What a request looks like to one deployment: its body in the provider's dialect, and its headers.
 *
 *   same family, same writer, nothing to prepare    the client's bytes, or a patched copy
 *   an operation that passes                        the client's bytes, with the model's name
 *   anything else                                   written anew from the tape */
#ifndef LLMUX_GATEWAY_PROPOSAL_H
#define LLMUX_GATEWAY_PROPOSAL_H

#include "runtime/base/buf.h"
#include "runtime/xd/ask.h"
#include "runtime/xd/media_url.h"
#include "server/gateway/deployment.h"
#include "server/gateway/front.h"
#include "server/gateway/passage.h"
#include "server/http/head.h"

/* A client's request, read. */
struct proposal_source {
    struct front front;
    struct str body;               /* the client's bytes ... */
    const struct json_doc *doc;    /* ... as a document ... */
    const struct xd_ask *tape;     /* ... and understood */
    bool is_new;                   /* ... but that asks for something else than the bytes do */
    const struct passage *passage; /* of an operation that passes */
    const struct http_head *head;
    struct str request_id;
    struct str traceparent, tracestate;  /* of the trace that the provider is told; absent: none */
    const struct xd_media_list *fetched; /* what it names by its address; or NULL */
};

struct proposal {
    struct str body;                 /* the client's own bytes, or those in `out` */
    struct upstream_header *headers; /* in the arena, with room for KEEPER_HEADERS more */
    unsigned n_headers;
    unsigned n_sane;    /* of these, the first ones, see struct upstream_request */
    bool kindred;       /* both dialects are of one family */
    bool asks_usage;    /* of a stream, though the client did not */
    struct str dropped; /* what was lost, in the client's words, separated by commas;
                                       absent: nothing */
};

/* What is sent to a deployment for the operation of a front.  ERR_UNSUPPORTED, with the reason in f, when
 * it does not have it, or not in a form that the client's can become. */
MUST_CHECK enum err proposal_target(const struct front *front, const struct deployment *d,
                                    struct deployment_call *target, struct fault *f);

/* The bytes that a client's body will hardly exceed when it is written anew. */
size_t proposal_room(struct str body);

/* Make the proposal for a deployment that calls the model `model`.  Texts go to `out` (which shall
 * be empty) and to the arena.  now: seconds since 1970.  ERR_UNSUPPORTED, and the reason in f, when
 * the provider cannot express what the request means; ERR_LIMIT. */
MUST_CHECK enum err
proposal_make(struct proposal *p, const struct proposal_source *from, const struct deployment *d,
              const struct deployment_call *call, struct str model, int64_t now, struct arena *a,
              struct buf *out, struct fault *f);

#endif
