/* What exchanges and attempts add to the metrics, under labels that the config bounds: a model is
 * named as the config names it (a wildcard by its pattern), one that it does not know by nothing.
 *
 * All of these do nothing when the gateway has no metrics. */
#ifndef LLMUX_GATEWAY_MEASURE_H
#define LLMUX_GATEWAY_MEASURE_H

#include "runtime/redact/kind.h"
#include "server/config/config.h"
#include "server/metrics/exposition.h"

struct exchange;
struct worker;

/* A request for an operation has come. */
void measure_begin(const struct exchange *x);
/* An attempt is over; before the exchange's own end. */
void measure_attempt(struct exchange *x, uint64_t total_us);
/* The client has its answer, or left. */
void measure_end(const struct exchange *x);
/* A request that was no exchange was answered. */
void measure_page(struct worker *w, int status);

/* So often something of this kind was found in a request that is about to be sent, and this done about it. */
void measure_redaction(const struct exchange *x, enum redact_kind kind,
                       enum config_redact_mode action, unsigned n);
/* A request is refused, as the operator's patterns took too long with it. */
void measure_redaction_failed(const struct exchange *x);

/* The page of all metrics.  False when memory is short. */
MUST_CHECK bool
measure_page_write(struct worker *w, enum exposition_format format, struct buf *out);

#endif
