/* Sends spans, records of logs and metrics to an OTLP receiver, on a thread of its own.
 *
 *   any thread: exporter_put ─► bounded queue of each signal ─► batches ─► POST, with retries
 *                                       └─ full: dropped, counted
 *   metrics, read each interval ──────────────────────────────► POST
 *
 * Nobody ever waits for it: while the receiver is away the queues fill up, then items are dropped
 * and counted. */
#ifndef LLMUX_TRACE_EXPORTER_H
#define LLMUX_TRACE_EXPORTER_H

#include "server/log/log.h"
#include "server/metrics/metrics.h"
#include "server/trace/otlp.h"

struct exporter;

/* OTLP over HTTP with binary protobuf, or over gRPC (opentelemetry.io/docs/specs/otlp). */
enum exporter_protocol { EXPORTER_HTTP, EXPORTER_GRPC };

struct exporter_header {
    struct str name, value;
};

struct exporter_options {
    struct str endpoint; /* scheme, host and port, and for HTTP perhaps a path */
    enum exporter_protocol protocol;
    const struct exporter_header *headers; /* n_headers, for each request */
    unsigned n_headers;
    bool gzip;                      /* messages are compressed */
    struct str ca_file;             /* PEM; absent: the system's */
    struct str cert_file, key_file; /* PEM, to show who we are; absent: we do not */
    unsigned timeout_ms;            /* of one try */
    unsigned retry_ms;              /* after that a batch that nobody took is dropped */
    unsigned queue;                 /* items of each signal that may wait */
    unsigned batch;                 /* items of one request, at most */
    unsigned delay_ms;              /* how long an item may wait for others, until they are 2 MB */
    unsigned interval_ms;           /* between two reports of the metrics */
    struct metrics *metrics;        /* borrowed; NULL: they are not sent */
    struct log *log; /* borrowed, may be NULL: hears when the receiver is lost and found */
    struct otlp_resource resource;
    /* The convention's name for a provider of this type; NULL: the type itself. */
    struct str (*provider)(struct str type);
};

/* Items since creation, by signal; metrics count reports. */
struct exporter_stats {
    uint64_t exported[OTLP_SIGNALS];
    uint64_t dropped[OTLP_SIGNALS]; /* the queue was full, or had 32 MB, or memory was short */
    uint64_t failed[OTLP_SIGNALS];  /* the receiver refused them, or was away too long */
    uint64_t
        rejected[OTLP_SIGNALS]; /* single spans, points and records of what it took otherwise */
};

/* Copies what opts points to, but for what is borrowed.  NULL, with the reason in f, when memory or
 * threads are short. */
struct exporter *exporter_create(const struct exporter_options *opts, struct fault *f);
/* Try once more to send what waits, for at most two seconds, and end. */
void exporter_destroy(struct exporter *e);

/* Take an item (a whole span or record, as otlp.h encodes it), which is copied.  False when it was
 * dropped, as is an absent one: it could not be made. */
bool exporter_put(struct exporter *e, enum otlp_signal signal, struct str item);

struct exporter_stats exporter_stats(const struct exporter *e);

#endif
