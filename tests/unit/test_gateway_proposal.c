/* What providers get: bodies passed on, patched or written anew, and headers. */
#include "tests/unit/test_gateway_rig.h"

#include "runtime/xd/translate.h"
#include "server/gateway/proposal.h"

static const char yaml[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "providers:\n"
    "  - { name: open, type: openai, api_key: sk-open-12345, models: [m] }\n"
    "  - { name: seek, type: deepseek, api_key: sk-seek-12345, models: [m] }\n"
    "  - { name: anth, type: anthropic, api_key: sk-anth-12345, models: [m],\n"
    "      headers: { Anthropic-Version: \"2099-01-01\", x-own: \"1\" } }\n"
    "  - { name: none, type: openai.chat, base_url: \"http://h/v1\", models: [m],\n"
    "      policies: { stream_usage: keep } }\n"
    "  - { name: olla, type: ollama.chat, base_url: \"http://h\", models: [m],\n"
    "      policies: { media_urls: fetch } }\n";

enum { OPEN, SEEK, ANTH, NONE, OLLA };

/* One request on its way to one deployment. */
struct trip {
    struct rig rig;
    struct json_doc doc;
    struct xd_ask ask;
    struct buf out;
    struct http_header headers[4];
    struct http_head head;
    struct deployment_call call;
    struct proposal p;
    struct xd_media_list fetched;
    bool trace; /* the provider shall be told of it */
};

static enum err
go(struct trip *t, const char *path, const char *body, unsigned to, const char *model,
   struct fault *f)
{
    struct front front = front_of_path(str_from(path), STR(""));
    const struct deployment *d = &t->rig.gateway.deployments[to];
    struct xd xd;
    json_doc_fini(&t->doc);
    buf_clear(&t->out);
    xd_init(&xd, front.dialect, front.op->kind, &t->rig.arena, NULL);
    if (xd_ask_read(&xd, str_from(body), &t->ask))
        fail_msg("%s: %s", xd.fault.path, xd.fault.text);
    t->doc = xd.doc;
    t->head.headers = t->headers;
    const struct proposal_source from = { .front = front,
                                          .body = str_from(body),
                                          .doc = &t->doc,
                                          .tape = &t->ask,
                                          .head = &t->head,
                                          .request_id = STR("id-1"),
                                          .traceparent = t->trace ? STR("00-a-b-01")
                                                                  : (struct str){ 0 },
                                          .tracestate = STR("a=b"),
                                          .fetched = &t->fetched };
    assert_true(deployment_call(d, front.dialect, front.op->kind, &t->call));
    return proposal_make(&t->p, &from, d, &t->call, str_from(model), 0, &t->rig.arena, &t->out, f);
}

static int
open_trip(void **state)
{
    static struct trip t;
    t = (struct trip){ .out.cap = 0 };
    rig_open(&t.rig, yaml);
    json_doc_init(&t.doc);
    buf_init(&t.out, 100000);
    *state = &t;
    return 0;
}

static int
close_trip(void **state)
{
    struct trip *t = *state;
    json_doc_fini(&t->doc);
    buf_fini(&t->out);
    rig_close(&t->rig);
    return 0;
}

static const char chat[] = "/v1/chat/completions", messages[] = "/v1/messages";
#define CHAT_BODY(more) \
    "{ \"model\": \"m\"" more \
    ", \"seed\" : 1e2, \"messages\":[{\"role\":\"user\",\"content\":\"\\u0068i\"}]}"

static struct str
header(const struct trip *t, const char *name)
{
    struct str value = { NULL, 0 };
    for (unsigned i = 0; i < t->p.n_headers; i++) {
        if (!str_eq_nocase(t->p.headers[i].name, str_from(name)))
            continue;
        assert_null(value.p);
        value = t->p.headers[i].value;
    }
    return value;
}

static void
the_client_s_own_bytes_go_on_when_nothing_is_to_change(void **state)
{
    struct trip *t = *state;
    struct fault f;
    static const char *const bodies[] = {
        CHAT_BODY(""),
        CHAT_BODY(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"),
        CHAT_BODY(",\"unknown\":{\"a\":1,\"a\":2}"),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(go(t, chat, bodies[i], OPEN, "m", &f), ERR_OK);
        assert_str(t->p.body, bodies[i]);
        assert_int_equal(t->out.n, 0);
        assert_true(t->p.kindred && !t->p.asks_usage && !t->p.dropped.p);
    }
    static const char anthropic[] =
        "{\"max_tokens\": 9,\"model\":\"m\",\"messages\":[{\"content\":\"hi\",\"role\":\"user\"}]}";
    assert_int_equal(go(t, messages, anthropic, ANTH, "m", &f), ERR_OK);
    assert_str(t->p.body, anthropic);
}

static void
the_model_and_the_wish_for_usage_are_patched_in_place(void **state)
{
    struct trip *t = *state;
    struct fault f;
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "other \"name\"", &f), ERR_OK);
    assert_str(t->p.body, "{ \"model\": \"other \\\"name\\\"\", \"seed\" : 1e2, "
                          "\"messages\":[{\"role\":\"user\",\"content\":\"\\u0068i\"}]}");
    assert_false(t->p.asks_usage);
    assert_int_equal(go(t, chat, CHAT_BODY(",\"stream\":true"), OPEN, "n", &f), ERR_OK);
    assert_str(t->p.body, "{\"stream_options\":{\"include_usage\":true}, \"model\": "
                          "\"n\",\"stream\":true, \"seed\" : 1e2, "
                          "\"messages\":[{\"role\":\"user\",\"content\":\"\\u0068i\"}]}");
    assert_true(t->p.asks_usage);
    assert_int_equal(
        go(t, chat, CHAT_BODY(",\"stream\":true,\"stream_options\":null"), OPEN, "m", &f), ERR_OK);
    assert_true(t->p.asks_usage);
    assert_int_equal(go(t, chat, CHAT_BODY(",\"stream\":true"), NONE, "m", &f), ERR_OK);
    assert_str(t->p.body, CHAT_BODY(",\"stream\":true"));
    assert_false(t->p.asks_usage);
}

static void
a_provider_with_rows_of_its_own_gets_a_body_written_for_it(void **state)
{
    struct trip *t = *state;
    struct fault f;
    assert_int_equal(go(t, chat, CHAT_BODY(",\"max_completion_tokens\":5"), SEEK, "m", &f), ERR_OK);
    assert_str(t->p.body, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                          "\"max_tokens\":5}");
    assert_true(t->p.kindred);
    assert_str(t->p.dropped, "seed");
}

static void
another_dialect_gets_a_translation_and_losses_have_the_client_s_names(void **state)
{
    struct trip *t = *state;
    struct fault f;
    assert_int_equal(go(t, chat, CHAT_BODY(",\"top_logprobs\":2,\"stream\":true"), ANTH, "m", &f),
                     ERR_OK);
    assert_str(t->p.body, "{\"model\":\"m\",\"max_tokens\":4096,\"stream\":true,\"messages\":[{"
                          "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}]}");
    assert_false(t->p.kindred);
    assert_true(str_eq(t->p.dropped, STR("seed,top_logprobs"))
                || str_eq(t->p.dropped, STR("top_logprobs,seed")));
}

static void
a_request_that_cannot_be_said_is_refused_with_a_reason(void **state)
{
    struct trip *t = *state;
    struct fault f;
    assert_int_equal(go(t, chat, CHAT_BODY(",\"n\":3"), ANTH, "m", &f), ERR_UNSUPPORTED);
    assert_non_null(strstr(f.text, "3 candidates"));
}

static void
headers_are_the_dialect_s_then_the_operator_s_then_the_request_s(void **state)
{
    struct trip *t = *state;
    struct fault f;
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "m", &f), ERR_OK);
    assert_str(header(t, "authorization"), "Bearer sk-open-12345");
    assert_str(header(t, "content-type"), "application/json");
    assert_str(header(t, "accept"), "application/json");
    assert_str(header(t, "x-request-id"), "id-1");
    assert_int_equal(go(t, chat, CHAT_BODY(",\"stream\":true"), ANTH, "m", &f), ERR_OK);
    assert_str(header(t, "accept"), "text/event-stream");
    assert_str(header(t, "x-api-key"), "sk-anth-12345");
    assert_str(header(t, "anthropic-version"), "2099-01-01");
    assert_str(header(t, "x-own"), "1");
    assert_null(header(t, "authorization").p);
    assert_int_equal(go(t, chat, CHAT_BODY(""), NONE, "m", &f), ERR_OK);
    assert_null(header(t, "authorization").p);
}

static void
a_provider_is_told_of_the_trace_if_there_is_one(void **state)
{
    struct trip *t = *state;
    struct fault f;
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "m", &f), ERR_OK);
    assert_null(header(t, "traceparent").p);
    assert_null(header(t, "tracestate").p);
    t->trace = true;
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "m", &f), ERR_OK);
    assert_str(header(t, "traceparent"), "00-a-b-01");
    assert_str(header(t, "tracestate"), "a=b");
}

/* What clients and keepers add stands behind those, and is checked with each request. */
static void
headers_that_were_checked_once_are_not_checked_again(void **state)
{
    struct trip *t = *state;
    struct fault f;
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "m", &f), ERR_OK);
    assert_int_equal(t->p.n_sane, t->p.n_headers);
    t->trace = true;
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "m", &f), ERR_OK);
    assert_int_equal(t->p.n_sane, t->p.n_headers - 1);
    assert_str(t->p.headers[t->p.n_sane].name, "tracestate");
    const struct deployment_language *l = t->rig.gateway.deployments[OPEN].languages;
    for (unsigned i = 0; i < l->dialect->nops; i++)
        l->are_sane[i] = false;
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "m", &f), ERR_OK);
    assert_int_equal(t->p.n_sane, 1);
    assert_str(t->p.headers[0].name, "traceparent");
}

static void
opt_ins_to_unfinished_features_go_to_their_vendor_only(void **state)
{
    struct trip *t = *state;
    struct fault f;
    t->headers[0] = (struct http_header){ STR("Anthropic-Beta"), STR("a") };
    t->headers[1] = (struct http_header){ STR("authorization"), STR("Bearer client") };
    t->headers[2] = (struct http_header){ STR("anthropic-beta"), STR("b") };
    t->head.n_headers = 3;
    static const char body[] =
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    assert_int_equal(go(t, messages, body, ANTH, "m", &f), ERR_OK);
    assert_str(header(t, "anthropic-beta"), "a,b");
    assert_null(header(t, "authorization").p);
    assert_null(t->p.dropped.p);
    assert_int_equal(go(t, messages, body, OPEN, "m", &f), ERR_OK);
    assert_null(header(t, "anthropic-beta").p);
    assert_str(t->p.dropped, "anthropic-beta");
    assert_int_equal(go(t, chat, CHAT_BODY(""), ANTH, "m", &f), ERR_OK);
    assert_null(header(t, "anthropic-beta").p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_trip, close_trip)

static void
a_client_is_served_in_its_own_family(void **state)
{
    struct trip *t = *state;
    struct fault f = { .err = ERR_OK };
    static const char body[] = "{ \"model\": \"m\", \"input\": \"x\" }";
    assert_int_equal(go(t, "/v1/responses", body, OPEN, "m", &f), ERR_OK);
    assert_string_equal(t->call.dialect->name, "openai.responses");
    assert_str(t->call.urls.whole, "https://api.openai.com/v1/responses");
    assert_true(t->p.kindred);
    assert_str(t->p.body, body);
    assert_int_equal(go(t, "/v1/responses", body, SEEK, "m", &f), ERR_OK);
    assert_string_equal(t->call.dialect->name, "deepseek_responses");
    assert_str(t->call.urls.whole, "https://api.deepseek.com/responses");
    assert_int_equal(go(t, "/v1/responses", body, ANTH, "m", &f), ERR_OK);
    assert_string_equal(t->call.dialect->name, "anthropic");
    assert_false(t->p.kindred);
    assert_int_equal(go(t, chat, CHAT_BODY(""), OPEN, "m", &f), ERR_OK);
    assert_string_equal(t->call.dialect->name, "openai");
}

static void
what_a_provider_keeps_is_not_for_others(void **state)
{
    struct trip *t = *state;
    struct fault f = { .err = ERR_OK };
    static const char body[] = "{\"model\":\"m\",\"input\":\"x\",\"previous_response_id\":\"r\"}";
    assert_int_equal(go(t, "/v1/responses", body, OPEN, "m", &f), ERR_OK);
    assert_str(t->p.body, body);
    assert_int_equal(go(t, "/v1/responses", body, ANTH, "m", &f), ERR_UNSUPPORTED);
    assert_string_equal(f.text,
                        "'previous_response_id' is for providers that speak openai.responses only");
}

static void
what_was_fetched_stands_in_the_place_of_its_address(void **state)
{
    struct trip *t = *state;
    struct fault f;
    static const char body[] =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":["
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://h/a.png\"}}]}]}";
    t->fetched.n = 0;
    assert_int_equal(go(t, "/v1/chat/completions", body, OLLA, "m", &f), ERR_UNSUPPORTED);
    assert_string_equal(f.path, "messages[0].content[0].image_url.url");
    t->fetched.n = 1;
    t->fetched.v[0] = (struct xd_media){ .url = STR("https://h/a.png"),
                                         .media = STR("image/png"),
                                         .data = STR("QUJD") };
    assert_int_equal(go(t, "/v1/chat/completions", body, OLLA, "m", &f), ERR_OK);
    assert_non_null(memmem(t->p.body.p, t->p.body.n, "\"images\":[\"QUJD\"]", 17));
    assert_int_equal(t->p.dropped.n, 0);
    static const char tools[] =
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
        "\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]}";
    assert_int_equal(go(t, "/v1/messages", tools, OPEN, "m", &f), ERR_UNSUPPORTED);
    assert_string_equal(f.path, "tools[0]");
    assert_string_equal(f.text, "openai does not have any of them");
    /* Who takes the address has it. */
    assert_int_equal(go(t, "/v1/chat/completions", body, ANTH, "m", &f), ERR_OK);
    t->fetched.n = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_client_s_own_bytes_go_on_when_nothing_is_to_change),
        TEST(the_model_and_the_wish_for_usage_are_patched_in_place),
        TEST(a_provider_with_rows_of_its_own_gets_a_body_written_for_it),
        TEST(another_dialect_gets_a_translation_and_losses_have_the_client_s_names),
        TEST(a_request_that_cannot_be_said_is_refused_with_a_reason),
        TEST(a_provider_is_told_of_the_trace_if_there_is_one),
        TEST(headers_that_were_checked_once_are_not_checked_again),
        TEST(headers_are_the_dialect_s_then_the_operator_s_then_the_request_s),
        TEST(opt_ins_to_unfinished_features_go_to_their_vendor_only),
        TEST(a_client_is_served_in_its_own_family),
        TEST(what_a_provider_keeps_is_not_for_others),
        TEST(what_was_fetched_stands_in_the_place_of_its_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
