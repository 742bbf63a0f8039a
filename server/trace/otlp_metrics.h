/* The metrics that have a name in the conventions for generative AI, as OTLP. */
#ifndef LLMUX_TRACE_OTLP_METRICS_H
#define LLMUX_TRACE_OTLP_METRICS_H

#include "server/metrics/metrics.h"
#include "server/trace/otlp.h"

struct otlp_metrics {
    struct metrics *metrics;
    uint64_t start_ns, now_ns;               /* since 1970: what is told counts from start on */
    struct str (*provider)(struct str type); /* as exporter_options has it */
};

/* Append all of them, as items of OTLP_METRICS.  False when memory is short. */
MUST_CHECK bool otlp_metrics_write(struct buf *b, const struct otlp_metrics *m);

#endif
