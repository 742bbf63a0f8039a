/* From the trail of an exchange to spans for the exporter; docs/observability.md names them. */
#ifndef LLMUX_GATEWAY_SPANS_H
#define LLMUX_GATEWAY_SPANS_H

#include "generated/ir.h"

struct exchange;

/* Make all spans of an exchange that is over for the client, and hand them to the exporter. */
void spans_make(const struct exchange *x);

/* What OpenTelemetry's conventions call a provider of this type. */
struct str spans_provider(struct str type);

/* And a reason to stop. */
struct str spans_finish_reason(enum ir_stop stop);

#endif
