/* From the trail of an exchange to spans for the exporter; docs/observability.md names them. */
#ifndef LLMUX_GATEWAY_SPANS_H
#define LLMUX_GATEWAY_SPANS_H

#include "generated/ir.h"

struct exchange;

#define SPANS_MAX ((size_t)12 << 20) /* bytes of one exchange's */

/* Make all spans of an exchange that is over for the client, in its worker's buffer, and hand them to the exporter. */
void spans_make(const struct exchange *x);

/* What OpenTelemetry's conventions call a provider of this type. */
struct str spans_provider(struct str type);

/* And a reason to stop. */
struct str spans_finish_reason(enum ir_stop stop);

#endif
