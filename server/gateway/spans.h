/* From the trail of an exchange to spans for the exporter; docs/observability.md names them. */
#ifndef LLMUX_GATEWAY_SPANS_H
#define LLMUX_GATEWAY_SPANS_H

#include "generated/ir.h"
#include "runtime/base/buf.h"

struct exchange;

/* Bytes of one exchange's, which travel together: many receivers take 4 MB at a time. */
#define SPANS_MAX ((size_t)3584 << 10)

/* Make all spans of an exchange that is over for the client, in its worker's buffer, and hand them to the exporter; where
 * they cannot be made, it counts them as dropped. */
void spans_make(const struct exchange *x);

/* Append them to out, which may have SPANS_MAX bytes.  Of what was said that is told which has room there, that of the
 * last attempt before all else. */
void spans_write(const struct exchange *x, struct buf *out);

/* What OpenTelemetry's conventions call a provider of this type. */
struct str spans_provider(struct str type);

/* And a reason to stop. */
struct str spans_finish_reason(enum ir_stop stop);

#endif
