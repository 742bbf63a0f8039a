/* OpenTelemetry's environment variables. */
#include <stdlib.h>

#include "runtime/base/percent.h"
#include "server/config/sections.h"

#define VALUE_MAX        65536u /* of a variable */
#define MILLISECONDS_MAX ((uint64_t)3600000)

/* Absent when it is not set, or empty. */
static struct str
variable(const struct config_reader *r, const char *name)
{
    const char *text = r->world->env ? r->world->env(r->world->ctx, name) : NULL;
    struct str value = str_trim(str_from(text));
    return value.n && value.n < VALUE_MAX ? value : (struct str){ NULL, 0 };
}

/* Read a variable as if its value stood in the file, under the record's key. */
static void
take(struct config_reader *r, const char *name, const struct config_record *record, const char *key,
     struct config_telemetry *t)
{
    struct str value = variable(r, name);
    unsigned before = r->errors->n;
    for (size_t i = 0; value.p && i < record->n; i++) {
        const struct config_field *f = &record->fields[i];
        const struct node n = { .kind = NODE_SCALAR, .text = arena_str(r->arena, value) };
        if (str_is(str_from(f->key), key) && !f->read(r, f, &n, (char *)t + f->offset)
            && r->errors->n == before)
            config_fail(r, NULL, "environment variable %s is not valid", name);
    }
    if (r->errors->n > before)
        config_fail(r, NULL, "... which environment variable %s says", name);
}

static struct str
decode(struct config_reader *r, struct str s)
{
    struct buf b;
    buf_init(&b, VALUE_MAX);
    percent_decode(&b, str_trim(s));
    struct str out = arena_str(r->arena, buf_str(&b));
    buf_fini(&b);
    return out;
}

/* The next of "key=value,key=value", decoded; false at the end. */
static bool
next_pair(struct config_reader *r, struct str *rest, struct config_pair *pair)
{
    while (rest->n) {
        const char *comma = memchr(rest->p, ',', rest->n);
        struct str one = { rest->p, comma ? (size_t)(comma - rest->p) : rest->n };
        *rest = str_skip(*rest, one.n + (comma != NULL));
        const char *is = one.n ? memchr(one.p, '=', one.n) : NULL;
        if (!is)
            continue;
        size_t n = (size_t)(is - one.p);
        *pair = (struct config_pair){ decode(r, str_make(one.p, n)),
                                      decode(r, str_skip(one, n + 1)) };
        if (pair->key.n)
            return true;
    }
    return false;
}

static void
take_headers(struct config_reader *r, struct config_telemetry *t)
{
    struct str rest = variable(r, "OTEL_EXPORTER_OTLP_HEADERS");
    struct config_pair pair;
    unsigned room = 0;
    while (next_pair(r, &rest, &pair)) {
        struct config_pair *to = CONFIG_PUSH(r, t->headers.v, t->headers.n, room);
        if (!to)
            return;
        *to = pair;
        config_secret(r, pair.value);
    }
}

static void
take_resource(struct config_reader *r, struct config_telemetry *t)
{
    struct str rest = variable(r, "OTEL_RESOURCE_ATTRIBUTES");
    struct config_pair pair;
    while (next_pair(r, &rest, &pair)) {
        if (str_is(pair.key, "service.name"))
            t->service = pair.value;
        else
            (void)config_add_resource(r, &t->resource, pair.key, pair.value);
    }
}

/* "http/protobuf" and "grpc"; JSON is not spoken. */
static void
take_protocol(struct config_reader *r, struct config_telemetry *t)
{
    struct str value = variable(r, "OTEL_EXPORTER_OTLP_PROTOCOL");
    if (str_is(value, "grpc"))
        t->protocol = CONFIG_OTLP_GRPC;
    else if (value.p && !str_is(value, "http/protobuf"))
        config_fail(r, NULL,
                    "environment variable OTEL_EXPORTER_OTLP_PROTOCOL must be grpc or "
                    "http/protobuf");
}

static void
take_milliseconds(struct config_reader *r, const char *name, uint64_t *to)
{
    struct str value = variable(r, name);
    char *end;
    if (!value.p)
        return;
    struct str copy = arena_str(r->arena, value);
    uint64_t ms = copy.p ? strtoull(copy.p, &end, 10) : 0;
    if (ms == 0 || ms > MILLISECONDS_MAX || (size_t)(end - copy.p) != copy.n)
        config_fail(r, NULL, "environment variable %s must be 1 to 3600000 milliseconds", name);
    else
        *to = ms;
}

/* Is this signal wanted?  "otlp" or "none"; whatever else there is, llmux does not have. */
static void
take_signal(const struct config_reader *r, const char *name, int *send)
{
    struct str value = variable(r, name);
    if (value.p)
        *send = str_is(value, "otlp");
}

/* A share such as 0.25, in thousandths; 1 when it is not said. */
static bool
read_ratio(struct config_reader *r, unsigned *thousandths)
{
    struct str copy = arena_str(r->arena, variable(r, "OTEL_TRACES_SAMPLER_ARG"));
    char *end = NULL;
    double ratio = copy.n ? strtod(copy.p, &end) : 1;
    if (copy.n && ((size_t)(end - copy.p) != copy.n || !(ratio >= 0 && ratio <= 1)))
        return false;
    *thousandths = (unsigned)(ratio * 1000 + 0.5);
    return true;
}

/* Which traces are told; failed and slow ones are so or so (keep_errors, keep_slow). */
static void
take_sampler(struct config_reader *r, struct config_telemetry *t)
{
    static const struct str based = STR_INIT("parentbased_");
    struct str value = variable(r, "OTEL_TRACES_SAMPLER");
    bool follows = str_starts(value, based);
    struct str kind = follows ? str_skip(value, based.n) : value;
    unsigned ratio = 1000;
    if (!value.p)
        return;
    if (str_is(kind, "always_off"))
        ratio = 0;
    else if (!str_is(kind, "always_on")
             && (!str_is(kind, "traceidratio") || !read_ratio(r, &ratio)))
        config_fail(r, NULL,
                    "environment variable OTEL_TRACES_SAMPLER must be always_on, always_off or "
                    "traceidratio, perhaps behind parentbased_, and OTEL_TRACES_SAMPLER_ARG a "
                    "number from 0 to 1");
    t->sample = ratio;
    t->follow = follows;
}

void
config_telemetry_environment(struct config_reader *r, struct config_telemetry *t)
{
    if (str_eq_nocase(variable(r, "OTEL_SDK_DISABLED"), STR("true")))
        return;
    take(r, "OTEL_EXPORTER_OTLP_ENDPOINT", &config_otlp_record, "endpoint", t);
    take(r, "OTEL_EXPORTER_OTLP_COMPRESSION", &config_otlp_record, "compression", t);
    take(r, "OTEL_EXPORTER_OTLP_CERTIFICATE", &config_otlp_record, "ca_file", t);
    take(r, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &config_otlp_record, "cert_file", t);
    take(r, "OTEL_EXPORTER_OTLP_CLIENT_KEY", &config_otlp_record, "key_file", t);
    take_protocol(r, t);
    take_headers(r, t);
    take_milliseconds(r, "OTEL_EXPORTER_OTLP_TIMEOUT", &t->timeout);
    take_milliseconds(r, "OTEL_METRIC_EXPORT_INTERVAL", &t->interval);
    take_signal(r, "OTEL_TRACES_EXPORTER", &t->send_traces);
    take_signal(r, "OTEL_METRICS_EXPORTER", &t->send_metrics);
    take_signal(r, "OTEL_LOGS_EXPORTER", &t->send_logs);
    take_sampler(r, t);
    take_resource(r, t);
    take(r, "OTEL_SERVICE_NAME", &config_telemetry_record, "service", t);
}
