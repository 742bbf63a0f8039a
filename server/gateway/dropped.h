/* The names of what was lost on the way, as the client knows them. */
#ifndef LLMUX_GATEWAY_DROPPED_H
#define LLMUX_GATEWAY_DROPPED_H

#include "runtime/xd/xd.h"

/* Append the names in `lost` to the comma-separated list *to, model paths in the words of the
 * front's requests where it has them.  The list is made in the arena; a full one cuts it. */
void dropped_add(struct str *to, const struct xd_losses *lost, const struct xd_op *front,
                 struct arena *a);
/* Append one name as it is, if the list does not have it. */
void dropped_add_name(struct str *to, struct str name, struct arena *a);

/* The wire path of the row for requests that names a path of the model ("sampling.seed": "seed"),
 * or what it is part of; absent when no row does. */
struct str dropped_wire_name(const struct xd_op *op, struct str path);

#endif
