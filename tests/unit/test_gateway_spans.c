/* Spans of exchanges that left much behind. */
#include <stdlib.h>

#include "server/gateway/spans.h"
#include "server/gateway/worker.h"
#include "server/trace/exporter.h"
#include "server/trace/otlp_any.h"
#include "server/trace/protobuf.h"
#include "tests/unit/test_gateway_rig.h"

enum { HOPS = 64 };

/* An exchange that is over, after some attempts at one deployment. */
struct scene {
    struct rig rig;
    struct worker worker;
    struct exchange x;
    struct hop hops[HOPS];
};

static void
scene_open(struct scene *s, unsigned n_hops)
{
    *s = (struct scene){ .x.attempts = 0 };
    rig_open(&s->rig, "server: { listen: \"127.0.0.1:0\" }\n"
                      "providers:\n"
                      "  - { name: main, type: openai, api_key: k, models: [m] }\n");
    s->worker.service = &s->rig.service;
    buf_init(&s->worker.spans, SPANS_MAX);
    s->x.worker = &s->worker;
    s->x.gateway = &s->rig.gateway;
    s->x.front = front_of_path(STR("/v1/chat/completions"), STR(""));
    s->x.path = STR("/v1/chat/completions");
    s->x.trail.hops = s->hops;
    s->x.trail.n_hops = n_hops;
    for (unsigned i = 0; i < n_hops; i++)
        s->hops[i] = (struct hop){ .deployment = &s->rig.gateway.deployments[0],
                                   .model = STR("m"),
                                   .url = STR("https://localhost/v1") };
}

static void
scene_close(struct scene *s)
{
    buf_fini(&s->worker.spans);
    rig_close(&s->rig);
}

/* An attribute with a text of n bytes. */
static struct str
attribute(struct scene *s, const char *key, size_t n)
{
    struct buf b;
    char *text = calloc(1, n);
    memset(text, 't', n);
    buf_init(&b, 4 << 20);
    otlp_str(&b, OTLP_SPAN_ATTRIBUTE, key, str_make(text, n));
    assert_int_equal(b.err, ERR_OK);
    struct str kept = arena_str(&s->rig.arena, buf_str(&b));
    buf_fini(&b);
    free(text);
    return kept;
}

static bool
has(struct str span, const char *key)
{
    enum { KEY = 1 };
    struct pb_field f, k;
    while (pb_next(&span, &f))
        if (f.number == OTLP_SPAN_ATTRIBUTE && pb_next(&f.bytes, &k) && k.number == KEY
            && str_is(k.bytes, key))
            return true;
    return false;
}

/* Each of five attempts broke off after it had said much: together they are more than travels at a time. */
static void
of_what_was_said_that_of_the_last_attempt_is_told(void **state)
{
    enum { TOLD = 5 };
    static struct scene s;
    struct pb_field span;
    unsigned attempts = 0, whole = 0, cut = 0;
    (void)state;
    scene_open(&s, TOLD);
    s.x.trail.tells = true;
    s.x.trail.asked = attribute(&s, "gen_ai.input.messages", 768 << 10);
    for (unsigned i = 0; i < TOLD; i++)
        s.hops[i].said = attribute(&s, "gen_ai.output.messages", 256 << 10);
    spans_write(&s.x, &s.worker.spans);
    assert_int_equal(s.worker.spans.err, ERR_OK);
    assert_true(s.worker.spans.n <= SPANS_MAX);
    for (struct str rest = buf_str(&s.worker.spans); pb_next(&rest, &span);) {
        if (!has(span.bytes, "llmux.attempt"))
            continue;
        bool said = has(span.bytes, "gen_ai.output.messages");
        assert_int_equal(has(span.bytes, "gen_ai.input.messages"), said);
        assert_int_equal(has(span.bytes, "llmux.content_cut"), !said);
        attempts++;
        whole += said;
        cut += !said;
        if (attempts == TOLD)
            assert_true(said);
    }
    assert_int_equal(attempts, TOLD);
    assert_in_range(whole, 2, 3);
    assert_int_equal(cut, TOLD - whole);
    scene_close(&s);
}

/* Texts that are no content are cut, but so many are too much all the same. */
static void
spans_that_cannot_be_made_are_counted(void **state)
{
    static struct scene s;
    static char much[64 << 10];
    struct str stops[TRAIL_STOPS];
    struct fault f;
    const struct exporter_options o = {
        .endpoint = STR("http://127.0.0.1:1"), .timeout_ms = 100, .queue = 8, .batch = 8
    };
    (void)state;
    memset(much, 's', sizeof much);
    for (unsigned i = 0; i < TRAIL_STOPS; i++)
        stops[i] = str_make(much, sizeof much);
    scene_open(&s, 1);
    s.x.trail.wishes.stops = stops;
    s.x.trail.wishes.n_stops = TRAIL_STOPS;
    spans_write(&s.x, &s.worker.spans);
    assert_int_equal(s.worker.spans.err, ERR_OK);
    assert_in_range(s.worker.spans.n, TRAIL_STOPS << 10, TRAIL_STOPS * (5u << 10));
    scene_close(&s);

    scene_open(&s, HOPS);
    s.x.trail.wishes.stops = stops;
    s.x.trail.wishes.n_stops = TRAIL_STOPS;
    s.rig.service.exporter = exporter_create(&o, &f);
    assert_non_null(s.rig.service.exporter);
    spans_make(&s.x);
    assert_int_equal(exporter_stats(s.rig.service.exporter).dropped[OTLP_TRACES], 1);
    exporter_destroy(s.rig.service.exporter);
    scene_close(&s);
}

/* Where no request is redacted, what is said is still told without what the operator has patterns for. */
static void
patterns_of_the_operator_are_there_in_any_mode(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig, "server: { listen: \"127.0.0.1:0\" }\n"
                   "providers:\n"
                   "  - { name: main, type: openai, api_key: k, models: [m] }\n"
                   "redaction: { patterns: [{ name: ticket, regex: 'TICKET-[0-9]+' }] }\n");
    assert_non_null(rig.gateway.redactor);
    assert_non_null(rig.gateway.redactor->custom);
    assert_int_equal(rig.gateway.redactor->policies[0].mode, CONFIG_REDACT_OFF);
    rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_what_was_said_that_of_the_last_attempt_is_told),
        cmocka_unit_test(spans_that_cannot_be_made_are_counted),
        cmocka_unit_test(patterns_of_the_operator_are_there_in_any_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
