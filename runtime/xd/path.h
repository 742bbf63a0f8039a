/* Addresses: which operation a path asks for, and where an operation is asked for.
 *
 *   https://{region}.acme.com/v1  /models/{model}:stream  ?alt=sse
 *   └ base ────────────────────┘  └ path ──────────────┘  └ query
 *                       /v1beta   /models/acme-1:stream   ?alt=sse       a client
 *                       └ front
 *
 * A place `{name}` is filled in with percent-encoded text, the model's with what the provider calls
 * it.  The model in a path may have slashes and colons, encoded or not. */
#ifndef LLMUX_XD_PATH_H
#define LLMUX_XD_PATH_H

#include "runtime/xd/ask.h"

/* What the path and the query of a request say. */
struct xd_asked {
    const struct xd_op *op;
    struct str model;     /* as it stands in the path; absent: the body says it */
    struct str id;        /* of what is stored, as it stands in the path; absent in most */
    enum ir_bool stream;  /* unset: the body says it */
    enum framing framing; /* of a stream */
};

/* A path that begins with one of the dialect's fronts: "/v1" or nothing where its spec names none.
 * query without its `?`.  False when no operation is asked for by POST at this path. */
bool xd_front_read(const struct xd_dialect *d, struct str path, struct str query,
                   struct xd_asked *asked);
/* The same for another method. */
bool xd_front_read_by(const struct xd_dialect *d, struct str method, struct str path,
                      struct str query, struct xd_asked *asked);
/* Is this where the dialect's clients ask for the names of models?  *name is that of the one they ask for, as it stands
 * in the path, absent when they ask for all. */
bool xd_front_lists(const struct xd_dialect *d, struct str path, struct str *name);
/* A path without anything before it. */
bool
xd_path_read(const struct xd_dialect *d, struct str path, struct str query, struct xd_asked *asked);
/* A path with anything before it, the shortest that makes sense. */
bool
xd_path_find(const struct xd_dialect *d, struct str path, struct str query, struct xd_asked *asked);

/* The same for another method. */
bool xd_path_find_by(const struct xd_dialect *d, struct str method, struct str path,
                     struct str query, struct xd_asked *asked);

/* Let a request that was read have what its path said; a decoded model lives in the arena. */
void xd_asked_tell(const struct xd_asked *asked, struct arena *a, struct xd_ask *ask);

/* Where the operation is asked for a stream, NULL when that is where it is asked for a whole reply. */
const struct xd_path *xd_op_streamed(const struct xd_op *op);

/* Has the address a place of this name? */
bool xd_address_has(struct str address, struct str name);
/* Append the address with every place of this name filled in. */
void xd_address_fill(struct buf *out, struct str address, struct str name, struct str value);
/* The name of the first place, absent when there is none. */
struct str xd_address_place(struct str address);

#endif
