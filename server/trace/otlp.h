/* The messages of the OpenTelemetry protocol (opentelemetry-proto 1.x): spans, metrics and records
 * of logs, with their attributes.
 *
 *   envelope { resource, scope { item* } }       one request
 *   otlp_envelope(b, r); item bytes; otlp_envelope_end(b, &e)
 *
 * Spans (otlp_span.h) and records are encoded where they arise, and gathered into an envelope later. */
#ifndef LLMUX_TRACE_OTLP_H
#define LLMUX_TRACE_OTLP_H

#include <stdbool.h>

#include "server/trace/context.h"
#include "server/trace/protobuf.h"

enum otlp_signal { OTLP_TRACES, OTLP_METRICS, OTLP_LOGS };
#define OTLP_SIGNALS (OTLP_LOGS + 1)

/* --- attributes ---------------------------------------------------------------------------- */

struct otlp_pair {
    struct str key, value;
};

/* Each appends one KeyValue as this field of the message that is being written.  Strings that are
 * not UTF-8 are made so; an absent one writes nothing. */
void otlp_str(struct buf *b, unsigned field, const char *key, struct str value);
/* The same with a key that is not known before; it is made UTF-8, too. */
void otlp_pair(struct buf *b, unsigned field, struct otlp_pair pair);
void otlp_int(struct buf *b, unsigned field, const char *key, int64_t value);
void otlp_double(struct buf *b, unsigned field, const char *key, double value);
void otlp_bool(struct buf *b, unsigned field, const char *key, bool value);
/* A list of n strings. */
void
otlp_strs(struct buf *b, unsigned field, const char *key, const struct str *values, unsigned n);

/* Where attributes go in each message. */
enum { OTLP_SPAN_ATTRIBUTE = 9, OTLP_LOG_ATTRIBUTE = 6, OTLP_POINT_ATTRIBUTE = 9 };

/* --- records of logs ----------------------------------------------------------------------- */

struct otlp_record {
    uint64_t time_ns;  /* since 1970 */
    unsigned severity; /* 5 debug, 9 info, 13 warn, 17 error */
    struct str level, body;
    struct trace_id trace; /* unset: none */
    uint64_t span;
};

/* Begin a record; attributes follow, then otlp_record_end.  It is a whole item of OTLP_LOGS. */
size_t otlp_record_begin(struct buf *b, const struct otlp_record *r);
void otlp_record_end(struct buf *b, size_t at);

/* --- envelopes ----------------------------------------------------------------------------- */

/* Who tells. */
struct otlp_resource {
    struct str service, version, instance, host;
    int64_t pid;
    const struct otlp_pair
        *more; /* n_more further attributes, none of those that are told anyway */
    unsigned n_more;
};

struct otlp_envelope {
    size_t resource, scope;
};

struct otlp_envelope otlp_envelope(struct buf *b, const struct otlp_resource *r);
void otlp_envelope_end(struct buf *b, struct otlp_envelope e);

/* The path of a signal: below an HTTP endpoint, and of the gRPC method. */
const char *otlp_http_path(enum otlp_signal s);
const char *otlp_grpc_path(enum otlp_signal s);

#endif
