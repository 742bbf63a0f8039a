/* What OpenTelemetry's environment variables mean for the section `telemetry`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/config/config.h"

static bool
any_file(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    (void)ctx, (void)path, (void)why;
    buf_puts(content, STR("PEM"));
    return true;
}

struct result {
    struct arena arena;
    struct config *config;
    struct config_errors errors;
    struct buf text; /* the errors, printed */
};

static void
result_fini(struct result *r)
{
    arena_fini(&r->arena);
    buf_fini(&r->text);
}

#define ASSERT_STR(s, text) assert_true(str_is(s, text))

#define SMALL \
    "server: { listen: 127.0.0.1:1 }\n" \
    "providers: [{ name: a, type: openai, base_url: 'http://a', api_key: sk-0123456789abcdef, " \
    "models: [m] }]\n"

static const char *
telemetry_env(void *ctx, const char *name)
{
    const char *const(*vars)[2] = ctx;
    for (; (*vars)[0]; vars++)
        if (strcmp(name, (*vars)[0]) == 0)
            return (*vars)[1];
    return NULL;
}

static void
parse(struct result *r, const char *text, const char *const (*vars)[2])
{
    const struct config_world here = { .ctx = (void *)vars,
                                       .env = telemetry_env,
                                       .file = any_file };
    arena_init(&r->arena, (size_t)1 << 20);
    buf_init(&r->text, 65536);
    r->config = config_parse(str_from(text), "x.yaml", &here, &r->arena, &r->errors);
    config_errors_print(&r->errors, &r->text);
    buf_putc(&r->text, '\0');
}

static void
telemetry_takes_defaults_from_the_environment(void **state)
{
    static const char *const vars[][2] = {
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317/" },
        { "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b, x-other=c=d,,=no,nothing" },
        { "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip" },
        { "OTEL_EXPORTER_OTLP_TIMEOUT", "2500" },
        { "OTEL_METRIC_EXPORT_INTERVAL", "30000" },
        { "OTEL_METRICS_EXPORTER", "none" },
        { "OTEL_LOGS_EXPORTER", "otlp" },
        { "OTEL_RESOURCE_ATTRIBUTES",
          "service.name=from-attributes,deployment.environment.name=test,host.name=no,team=a" },
        { "OTEL_SERVICE_NAME", "gateway-7" },
        { "OTEL_TRACES_SAMPLER", "parentbased_traceidratio" },
        { "OTEL_TRACES_SAMPLER_ARG", "0.25" },
        { NULL, NULL },
    };
    struct result r;
    (void)state;
    parse(&r, SMALL, vars);
    assert_string_equal(r.text.p, "");
    const struct config_telemetry *t = &r.config->telemetry;
    ASSERT_STR(t->endpoint, "http://collector:4317");
    assert_int_equal(t->protocol, CONFIG_OTLP_GRPC);
    assert_int_equal(t->headers.n, 2);
    ASSERT_STR(t->headers.v[0].key, "x-key");
    ASSERT_STR(t->headers.v[0].value, "a b");
    ASSERT_STR(t->headers.v[1].value, "c=d");
    assert_int_equal(r.config->n_secrets, 3);
    assert_int_equal(t->compression, 1);
    assert_int_equal(t->timeout, 2500);
    assert_int_equal(t->interval, 30000);
    assert_true(t->send_traces && !t->send_metrics && t->send_logs);
    assert_int_equal(t->sample, 250);
    assert_true(t->follow);
    ASSERT_STR(t->service, "gateway-7");
    assert_int_equal(t->resource.n, 2);
    ASSERT_STR(t->resource.v[0].value, "test");
    result_fini(&r);
    parse(&r,
          SMALL
          "telemetry: { service: mine, resource: { team: b }, otlp: { protocol: http, headers: "
          "{ x-key: mine } } }\n",
          vars);
    assert_string_equal(r.text.p, "");
    t = &r.config->telemetry;
    ASSERT_STR(t->endpoint, "http://collector:4317");
    assert_int_equal(t->protocol, CONFIG_OTLP_HTTP);
    assert_int_equal(t->headers.n, 1);
    ASSERT_STR(t->headers.v[0].value, "mine");
    ASSERT_STR(t->service, "mine");
    assert_int_equal(t->resource.n, 2);
    ASSERT_STR(t->resource.v[1].value, "b");
    result_fini(&r);
}

static void
variables_that_make_no_sense_are_named(void **state)
{
    static const struct {
        const char *vars[3][2], *want;
    } rows[] = {
        { { { "OTEL_EXPORTER_OTLP_ENDPOINT", "collector" } }, "OTEL_EXPORTER_OTLP_ENDPOINT" },
        { { { "OTEL_EXPORTER_OTLP_PROTOCOL", "http/json" } }, "OTEL_EXPORTER_OTLP_PROTOCOL" },
        { { { "OTEL_EXPORTER_OTLP_COMPRESSION", "zip" } }, "OTEL_EXPORTER_OTLP_COMPRESSION" },
        { { { "OTEL_EXPORTER_OTLP_TIMEOUT", "10s" } }, "OTEL_EXPORTER_OTLP_TIMEOUT" },
        { { { "OTEL_EXPORTER_OTLP_TIMEOUT", "0" } }, "OTEL_EXPORTER_OTLP_TIMEOUT" },
        { { { "OTEL_TRACES_SAMPLER", "jaeger_remote" } }, "OTEL_TRACES_SAMPLER" },
        { { { "OTEL_TRACES_SAMPLER", "traceidratio" }, { "OTEL_TRACES_SAMPLER_ARG", "1.5" } },
          "OTEL_TRACES_SAMPLER" },
        { { { "OTEL_TRACES_SAMPLER", "traceidratio" }, { "OTEL_TRACES_SAMPLER_ARG", "x" } },
          "OTEL_TRACES_SAMPLER" },
        { { { "OTEL_EXPORTER_OTLP_CLIENT_KEY", "/tls/key.pem" } }, "cert_file" },
    };
    static const char *const off[][2] = { { "OTEL_SDK_DISABLED", "TRUE" },
                                          { "OTEL_EXPORTER_OTLP_ENDPOINT", "collector" },
                                          { NULL, NULL } };
    struct result r;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        parse(&r, SMALL, rows[i].vars);
        if (r.config || !strstr(r.text.p, rows[i].want))
            fail_msg("%s: %s", rows[i].want, r.text.p);
        result_fini(&r);
    }
    parse(&r, SMALL, off);
    assert_non_null(r.config);
    assert_null(r.config->telemetry.endpoint.p);
    result_fini(&r);
}

static void
samplers_have_their_names(void **state)
{
    static const struct {
        const char *name;
        unsigned sample;
        int follow;
    } rows[] = {
        { "always_on", 1000, 0 },
        { "always_off", 0, 0 },
        { "parentbased_always_on", 1000, 1 },
        { "parentbased_always_off", 0, 1 },
        { "traceidratio", 1000, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const vars[][2] = { { "OTEL_TRACES_SAMPLER", rows[i].name }, { NULL, NULL } };
        struct result r;
        parse(&r, SMALL, vars);
        assert_non_null(r.config);
        assert_int_equal(r.config->telemetry.sample, rows[i].sample);
        assert_int_equal(r.config->telemetry.follow, rows[i].follow);
        result_fini(&r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telemetry_takes_defaults_from_the_environment),
        cmocka_unit_test(variables_that_make_no_sense_are_named),
        cmocka_unit_test(samplers_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
