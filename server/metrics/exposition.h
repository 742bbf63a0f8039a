/* Metrics as text, in the two forms that scrapers ask for.
 *
 * Prometheus text 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats) and OpenMetrics 1.0
 * (RFC-style text at prometheus.io/docs/specs/om/open_metrics_spec): the second has units,
 * examples with trace ids, and an end mark. */
#ifndef LLMUX_METRICS_EXPOSITION_H
#define LLMUX_METRICS_EXPOSITION_H

#include "runtime/base/buf.h"
#include "server/metrics/metrics.h"

enum exposition_format { EXPOSITION_PROMETHEUS, EXPOSITION_OPENMETRICS };

/* Which form an Accept header asks for; absent: Prometheus's. */
enum exposition_format exposition_choose(struct str accept);
/* The content type of a form. */
struct str exposition_type(enum exposition_format f);

/* A page under construction. */
struct exposition {
    enum exposition_format format;
    struct buf *out;
    const struct metrics_family *family; /* of the values that follow */
};
void exposition_begin(struct exposition *e, enum exposition_format format, struct buf *out);
void exposition_end(struct exposition *e);

/* Begin a family, whose values must all come before the next one. */
void exposition_family(struct exposition *e, const struct metrics_family *f);
/* One value of it, with n labels.  Counters and gauges only. */
void exposition_value(struct exposition *e, const char *const *names, const struct str *labels,
                      unsigned n, uint64_t value);

/* All that m counts.  False when memory is short. */
MUST_CHECK bool exposition_metrics(struct exposition *e, struct metrics *m);

#endif
