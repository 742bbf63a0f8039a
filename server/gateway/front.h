/* The fronts: which dialect and operation a request's path stands for.
 *
 *   POST <front><path of an operation>             of any compiled dialect: /v1/chat, /chat
 *   POST /<vendor><front><path of an operation>    of this vendor's: "acme" of acme.chat
 *
 * Where two dialects have the same path it is that of the first in the registry, and the vendor
 * tells the other.
 * Providers speak the dialect of their family and are no fronts.  The answers come from the
 * registry; there is nothing to set up. */
#ifndef LLMUX_GATEWAY_FRONT_H
#define LLMUX_GATEWAY_FRONT_H

#include "runtime/xd/path.h"
#include "server/http/head.h"

struct front {
    const struct xd_dialect *dialect;
    const struct xd_op *op; /* NULL: the path is not that of an operation */
    struct xd_asked asked;  /* what else the path says; points into it */
};

/* The front for a path and its query; dialect and op are NULL when there is none by POST. */
struct front front_of_path(struct str path, struct str query);
/* The same for any method. */
struct front front_of_request(struct str method, struct str path, struct str query);

/* The last path that was asked for: clients ask for the same one again and again. */
#define FRONT_MEMO_MAX 64
struct front_memo {
    char path[FRONT_MEMO_MAX];
    size_t n; /* 0: nothing is remembered */
    struct front front;
};
/* front_of_path, remembered by the caller, who zeroes m first. */
struct front front_recall(struct front_memo *m, struct str path, struct str query);

/* The dialect in which to answer a request whose path tells none: the one whose constant request
 * headers (a version, say) the request has, else the one whose header for a key it has, else the first that has none to tell it by, and of those
 * one whose spec names an empty front beside another. */
const struct xd_dialect *front_of_headers(const struct http_head *head);

/* The dialect in which to list the models, NULL when that is not what the path asks for.  Where
 * several have the path, the headers tell.  *name: the one model that is asked for, as it stands in
 * the path; absent: all. */
const struct xd_dialect *front_of_list(const struct http_head *head, struct str *name);

/* For any request: the dialect of its path, else that of its headers. */
struct front front_of(const struct http_head *head);

#endif
