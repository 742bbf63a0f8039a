/* What a provider's call says, on its way to the exchange.
 *
 *   head ─► data* ─► end
 *     │        └─ by its first letters: a stream (stream.h), or a document (whole.h)
 *     └─ not 2xx: an error, whatever its form (complaint.h)
 *
 * It is the newest attempt's call, or its rival's (race.h). */
#ifndef LLMUX_GATEWAY_RECEPTION_H
#define LLMUX_GATEWAY_RECEPTION_H

#include "server/gateway/attempt.h"
#include "server/upstream/upstream.h"

/* For calls whose context is a struct race_leg. */
extern const struct upstream_handler reception_handler;

/* What a good reply is by its first bytes: a stream, a document, or nothing yet. */
enum attempt_reply reception_tell(const struct xd_dialect *d, struct str first, bool wants_stream);

#endif
