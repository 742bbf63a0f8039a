/* Metrics of the process itself, by the names that all exporters use
 * (prometheus.io/docs/instrumenting/writing_clientlibs, "process metrics"). */
#ifndef LLMUX_METRICS_PROCESS_H
#define LLMUX_METRICS_PROCESS_H

#include "server/metrics/exposition.h"

/* What the kernel tells now; what it does not tell is left out. */
void process_metrics(struct exposition *e);

#endif
