/* Which dialect a request's path asks for, by the paths of the compiled dialects.
 *
 *   /v1/chat/completions             the first dialect with an operation "/chat/completions"
 *   /groq/v1/chat/completions        the dialect or provider of that name, whatever stands between */
#ifndef LLMUX_MOCK_ROUTE_H
#define LLMUX_MOCK_ROUTE_H

#include "runtime/xd/path.h"
#include "runtime/xd/registry.h"

struct mock_route {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
    struct xd_asked asked; /* what else the path says; points into it */
};

/* query without its `?`.  False when nothing is asked for so. */
bool mock_route_find(struct str method, struct str path, struct str query, struct mock_route *r);

#endif
