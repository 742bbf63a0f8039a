/* Messages; the numbers of the fields are those of opentelemetry-proto. */
#include "server/trace/otlp.h"

#include "server/trace/otlp_any.h"

#include "runtime/base/utf8.h"

#define SCOPE "llmux"
/* The attributes follow these conventions; those for generative AI have none of their own yet. */
#define SCHEMA "https://opentelemetry.io/schemas/1.41.0"

/* --- attributes ---------------------------------------------------------------------------- */

enum { KEY = 1, VALUE = 2 };
enum { ANY_STRING = 1, ANY_BOOL = 2, ANY_INT = 3, ANY_DOUBLE = 4, ANY_ARRAY = 5, ANY_MAP = 6 };

/* What is no UTF-8 becomes a replacement character for each byte. */
void
otlp_text(struct buf *b, unsigned field, struct str s)
{
    if (utf8_valid(s.p, s.n) == s.n) {
        pb_str(b, field, s);
        return;
    }
    size_t at = pb_begin(b, field);
    utf8_sanitize(b, s);
    pb_end(b, at);
}

struct pair {
    size_t pair, value;
};

static struct pair
begin_pair(struct buf *b, unsigned field, const char *key)
{
    struct pair p = { .pair = pb_begin(b, field) };
    pb_str(b, KEY, str_from(key));
    p.value = pb_begin(b, VALUE);
    return p;
}

static void
end_pair(struct buf *b, struct pair p)
{
    pb_end(b, p.value);
    pb_end(b, p.pair);
}

/* Begin a pair whose value takes n bytes. */
static void
open_pair(struct buf *b, unsigned field, const char *key, size_t n)
{
    struct str k = str_from(key);
    pb_open(b, field, pb_bytes_size(KEY, k.n) + pb_bytes_size(VALUE, n));
    pb_str(b, KEY, k);
    pb_open(b, VALUE, n);
}

void
otlp_str(struct buf *b, unsigned field, const char *key, struct str value)
{
    if (!value.p)
        return;
    if (utf8_valid(value.p, value.n) == value.n) {
        open_pair(b, field, key, pb_bytes_size(ANY_STRING, value.n));
        pb_str(b, ANY_STRING, value);
        return;
    }
    struct pair p = begin_pair(b, field, key);
    otlp_text(b, ANY_STRING, value);
    end_pair(b, p);
}

void
otlp_pair(struct buf *b, unsigned field, struct otlp_pair pair)
{
    size_t at = otlp_entry_begin(b, field, pair.key);
    otlp_value_str(b, VALUE, pair.value);
    pb_end(b, at);
}

void
otlp_int(struct buf *b, unsigned field, const char *key, int64_t value)
{
    open_pair(b, field, key, pb_int_size(ANY_INT, value));
    pb_int(b, ANY_INT, value);
}

void
otlp_double(struct buf *b, unsigned field, const char *key, double value)
{
    open_pair(b, field, key, pb_double_size(ANY_DOUBLE));
    pb_double(b, ANY_DOUBLE, value);
}

void
otlp_bool(struct buf *b, unsigned field, const char *key, bool value)
{
    open_pair(b, field, key, pb_int_size(ANY_BOOL, value));
    pb_int(b, ANY_BOOL, value);
}

void
otlp_strs(struct buf *b, unsigned field, const char *key, const struct str *values, unsigned n)
{
    struct pair p = begin_pair(b, field, key);
    size_t array = pb_begin(b, ANY_ARRAY);
    for (unsigned i = 0; i < n; i++) {
        size_t value = pb_begin(b, 1);
        otlp_text(b, ANY_STRING, values[i]);
        pb_end(b, value);
    }
    pb_end(b, array);
    end_pair(b, p);
}

/* --- values with an inside ------------------------------------------------------------------ */

size_t
otlp_entry_begin(struct buf *b, unsigned field, struct str key)
{
    size_t at = pb_begin(b, field);
    otlp_text(b, KEY, key);
    return at;
}

struct otlp_open
otlp_list_begin(struct buf *b, unsigned field)
{
    struct otlp_open o = { .value = pb_begin(b, field) };
    o.inside = pb_begin(b, ANY_ARRAY);
    return o;
}

struct otlp_open
otlp_map_begin(struct buf *b, unsigned field)
{
    struct otlp_open o = { .value = pb_begin(b, field) };
    o.inside = pb_begin(b, ANY_MAP);
    return o;
}

void
otlp_value_end(struct buf *b, struct otlp_open o)
{
    pb_end(b, o.inside);
    pb_end(b, o.value);
}

void
otlp_value_str(struct buf *b, unsigned field, struct str s)
{
    size_t at = pb_begin(b, field);
    otlp_text(b, ANY_STRING, s);
    pb_end(b, at);
}

void
otlp_value_int(struct buf *b, unsigned field, int64_t v)
{
    pb_open(b, field, pb_int_size(ANY_INT, v));
    pb_int(b, ANY_INT, v);
}

void
otlp_value_double(struct buf *b, unsigned field, double v)
{
    pb_open(b, field, pb_double_size(ANY_DOUBLE));
    pb_double(b, ANY_DOUBLE, v);
}

void
otlp_value_bool(struct buf *b, unsigned field, bool v)
{
    pb_open(b, field, pb_int_size(ANY_BOOL, v));
    pb_int(b, ANY_BOOL, v);
}

void
otlp_value_none(struct buf *b, unsigned field)
{
    pb_open(b, field, 0);
}

/* --- records of logs ----------------------------------------------------------------------- */

enum {
    LOG_TIME = 1,
    LOG_SEVERITY = 2,
    LOG_LEVEL = 3,
    LOG_BODY = 5,
    LOG_TRACE = 9,
    LOG_SPAN = 10,
    LOG_OBSERVED = 11,
};

size_t
otlp_record_begin(struct buf *b, const struct otlp_record *r)
{
    unsigned char trace[16], span[8];
    size_t at = pb_begin(b, OTLP_ITEM);
    pb_fixed64(b, LOG_TIME, r->time_ns);
    pb_int(b, LOG_SEVERITY, r->severity);
    otlp_text(b, LOG_LEVEL, r->level);
    size_t body = pb_begin(b, LOG_BODY);
    otlp_text(b, ANY_STRING, r->body);
    pb_end(b, body);
    if (trace_id_is_set(r->trace)) {
        trace_id_bytes(r->trace, trace);
        trace_span_bytes(r->span, span);
        pb_bytes(b, LOG_TRACE, trace, sizeof trace);
        pb_bytes(b, LOG_SPAN, span, sizeof span);
    }
    pb_fixed64(b, LOG_OBSERVED, r->time_ns);
    return at;
}

void
otlp_record_end(struct buf *b, size_t at)
{
    pb_end(b, at);
}

/* --- envelopes ----------------------------------------------------------------------------- */

enum { RESOURCE_ITEMS = 1 };                /* in the request */
enum { RESOURCE = 1, SCOPE_ITEMS = 2 };     /* in ResourceSpans and its like */
enum { SCOPE_INFO = 1, SCOPE_SCHEMA = 3 };  /* in ScopeSpans and its like */
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2 }; /* in InstrumentationScope */
enum { RESOURCE_ATTRIBUTE = 1 };

static void
put_resource(struct buf *b, const struct otlp_resource *r)
{
    size_t at = pb_begin(b, RESOURCE);
    otlp_str(b, RESOURCE_ATTRIBUTE, "service.name", r->service);
    otlp_str(b, RESOURCE_ATTRIBUTE, "service.version", r->version);
    otlp_str(b, RESOURCE_ATTRIBUTE, "service.instance.id", r->instance);
    otlp_str(b, RESOURCE_ATTRIBUTE, "host.name", r->host);
    otlp_int(b, RESOURCE_ATTRIBUTE, "process.pid", r->pid);
    otlp_str(b, RESOURCE_ATTRIBUTE, "telemetry.sdk.name", STR(SCOPE));
    otlp_str(b, RESOURCE_ATTRIBUTE, "telemetry.sdk.language", STR("c"));
    otlp_str(b, RESOURCE_ATTRIBUTE, "telemetry.sdk.version", r->version);
    for (unsigned i = 0; i < r->n_more; i++)
        otlp_pair(b, RESOURCE_ATTRIBUTE, r->more[i]);
    pb_end(b, at);
}

/* The three signals have the same numbers here. */
struct otlp_envelope
otlp_envelope(struct buf *b, const struct otlp_resource *r)
{
    struct otlp_envelope e = { .resource = pb_begin(b, RESOURCE_ITEMS) };
    put_resource(b, r);
    e.scope = pb_begin(b, SCOPE_ITEMS);
    size_t info = pb_begin(b, SCOPE_INFO);
    pb_str(b, SCOPE_NAME, STR(SCOPE));
    pb_str(b, SCOPE_VERSION, r->version);
    pb_end(b, info);
    return e;
}

void
otlp_envelope_end(struct buf *b, struct otlp_envelope e)
{
    pb_str(b, SCOPE_SCHEMA, STR(SCHEMA));
    pb_end(b, e.scope);
    pb_end(b, e.resource);
}

const char *
otlp_http_path(enum otlp_signal s)
{
    static const char *const paths[OTLP_SIGNALS] = { "/v1/traces", "/v1/metrics", "/v1/logs" };
    return paths[s];
}

const char *
otlp_grpc_path(enum otlp_signal s)
{
    static const char *const paths[OTLP_SIGNALS] = {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    };
    return paths[s];
}
