/* One request, from its bytes to a reply on its way. */
#ifndef LLMUX_MOCK_VISIT_H
#define LLMUX_MOCK_VISIT_H

#include "server/mock/worker.h"

/* Answer x, which asks for this operation, as the options, its model and its text say. */
void mock_visit(struct mock_worker *w, struct http_exchange *x, const struct mock_route *route);

#endif
