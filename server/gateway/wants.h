/* What a route has to know of a request: whose it is to be, what it may cost, where it belongs. */
#ifndef LLMUX_GATEWAY_WANTS_H
#define LLMUX_GATEWAY_WANTS_H

#include "runtime/xd/ask.h"
#include "server/gateway/route.h"
#include "server/http/head.h"

/* The header with the request's tags, separated by commas.  A body may bring some, too: in metadata.tags. */
#define WANTS_TAGS_HEADER STR("x-llmux-tags")

/* From a request that was read.  All but the outlook and the home is filled in; lists lie in the
 * arena, what they name where the request is. */
void wants_of(struct route_request *q, const struct xd_ask *ask, const struct http_head *head,
              size_t body_bytes, struct str model, struct arena *a);

/* What is asked for is kept by an account, by this id: it is the one to ask. */
void wants_kept(struct route_request *q, struct str id);
/* The key by which is remembered who keeps it. */
uint64_t wants_key(struct str id);

#endif
