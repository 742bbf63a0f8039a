/* What is told about requests: the order of tries, what each would be asked, and what gets lost. */
#include "tests/unit/test_gateway_rig.h"

#include "server/gateway/explain.h"

static const char yaml[] =
    "server: { listen: \"127.0.0.1:0\", max_body: 1KiB }\n"
    "limits: { models: { fast: { requests_per_minute: 60 } } }\n"
    "providers:\n"
    "  - { name: near, type: openai.chat, base_url: \"http://near/v1\", api_key: sk-0123456789,\n"
    "      models: [only, { name: fast, upstream: mini, weight: 3 }] }\n"
    "  - { name: far, type: anthropic.messages, base_url: \"http://far/v1\",\n"
    "      api_key: sk-0123456789, models: [{ name: fast, upstream: big }] }\n"
    "  - { name: last, type: openai.chat, base_url: \"http://last/v1\", api_key: k,\n"
    "      models: [{ name: other, tags: [blue] }] }\n"
    "  - { name: bare, type: ollama.chat, base_url: \"http://bare\", models: [blind] }\n"
    "  - { name: keen, type: ollama.chat, base_url: \"http://keen\", models: [seer],\n"
    "      policies: { media_urls: fetch } }\n"
    "routing: { retries: 1, fallbacks: { fast: [other] } }\n"
    "redaction: { rules: [{ models: [fast], providers: [far], mode: vault }] }\n";

struct case_rig {
    struct rig rig;
    struct arena arena;
    struct explanation e;
};

static void
ask(struct case_rig *c, const char *path, const char *body)
{
    struct http_header type = { STR("content-type"), STR("application/json") };
    const struct http_head head = {
        .method = STR("POST"), .path = str_from(path), .headers = &type, .n_headers = 1
    };
    const struct explain_question q = { &head, str_from(body) };
    struct dice dice;
    dice_init(&dice, 1);
    explain(&c->e, &c->rig.gateway, &q, &dice, &c->arena);
}

static int
set_up(void **state)
{
    static struct case_rig c;
    c = (struct case_rig){ .e = { .n = 0 } };
    arena_init(&c.arena, 64u << 20);
    rig_open(&c.rig, yaml);
    *state = &c;
    return 0;
}

static int
tear_down(void **state)
{
    struct case_rig *c = *state;
    rig_close(&c->rig);
    arena_fini(&c->arena);
    return 0;
}

#define CHAT(model, more) \
    "{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" more "}"
static const char chat[] = "/v1/chat/completions";

static const struct explain_try *
try_of(const struct explanation *e, const char *provider)
{
    for (unsigned i = 0; i < e->n; i++)
        if (str_is(e->tries[i].candidate.offer->deployment->config->name, provider))
            return &e->tries[i];
    fail_msg("no try of %s", provider);
    return NULL;
}

static void
each_candidate_says_what_it_is_asked_and_what_is_lost(void **state)
{
    struct case_rig *c = *state;
    ask(c, chat, CHAT("fast", ",\"seed\":1,\"stream\":true"));
    assert_null(c->e.refusal.p);
    assert_true(c->e.stream);
    assert_int_equal(c->e.n, 2); /* 1 + retries; the fallback wants a tag */
    const struct explain_try *near = try_of(&c->e, "near"), *far = try_of(&c->e, "far");
    assert_str(near->upstream_model, "mini");
    assert_int_equal(near->way, EXPLAIN_PATCHED);
    assert_null(near->dropped.p);
    assert_str(near->url, "http://near/v1/chat/completions");
    assert_true(near->part == 0.75 && far->part == 0.25);
    assert_int_equal(far->way, EXPLAIN_TRANSLATED);
    assert_str(far->dropped, "seed");
    assert_str(far->redaction, "vault");
    assert_str(near->redaction, "off");
    assert_str(far->url, "http://far/v1/messages");
    assert_int_equal(c->e.n_others, 0);
}

static void
a_request_that_fits_passes_as_it_is(void **state)
{
    struct case_rig *c = *state;
    ask(c, chat, CHAT("only", ""));
    assert_int_equal(c->e.n, 2);
    assert_int_equal(c->e.tries[0].way, EXPLAIN_AS_IT_IS);
    assert_false(c->e.tries[0].candidate.again);
    assert_true(c->e.tries[1].candidate.again);
}

static void
who_cannot_serve_is_named_with_the_reason(void **state)
{
    struct case_rig *c = *state;
    ask(c, "/v1/embeddings", "{\"model\":\"fast\",\"input\":\"x\"}");
    const struct explain_try *far = NULL;
    for (unsigned i = 0; i < c->e.n_others; i++)
        far = &c->e.others[i];
    if (!far) /* the dice have tried it first */
        far = try_of(&c->e, "far");
    assert_int_equal(far->way, EXPLAIN_UNFIT);
    assert_str(far->unfit, "provider far does not have embeddings");
    assert_int_equal(try_of(&c->e, "near")->way, EXPLAIN_PATCHED);
}

static void
what_is_refused_says_why(void **state)
{
    struct case_rig *c = *state;
    static char large[3000];
    static const struct {
        const char *path, *body, *why;
    } rows[] = {
        { "/nowhere", "{}", "no such path" },
        { "/v1/chat/completions", CHAT("nope", ""), "no such model" },
        { "/v1/chat/completions", large, "the body is larger than server.max_body" },
        { "/v1/messages", CHAT("fast", ""), "max_tokens: a required member is missing" },
    };
    memset(large, ' ', sizeof large - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(c, rows[i].path, rows[i].body);
        assert_str(c->e.refusal, rows[i].why);
        assert_int_equal(c->e.n, 0);
    }
}

static void
who_serves_other_tags_gets_no_try(void **state)
{
    struct case_rig *c = *state;
    ask(c, chat, CHAT("other", ""));
    assert_int_equal(c->e.n, 0);
    assert_int_equal(c->e.lack, ROUTE_LACK_TAGS);
    assert_int_equal(c->e.n_others, 1);
}

static void
programs_get_it_as_json(void **state)
{
    struct case_rig *c = *state;
    struct buf text;
    struct jw j;
    buf_init(&text, 1u << 20);
    jw_init(&j, &text);
    ask(c, chat, CHAT("fast", ",\"seed\":1"));
    explain_put(&c->e, &c->rig.gateway, &j);
    buf_putc(&text, '\0');
    assert_non_null(strstr(text.p, "\"operation\":\"chat\""));
    assert_non_null(strstr(text.p, "\"dropped\":\"seed\""));
    assert_non_null(strstr(text.p, "\"model\":{\"requests_a_minute\":60"));
    buf_fini(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void
what_would_be_fetched_is_no_loss(void **state)
{
    struct case_rig *c = *state;
    ask(c, chat,
        "{\"model\":\"seer\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
        "\"image_url\":{\"url\":\"https://h/a.png\"}}]}]}");
    assert_int_equal(try_of(&c->e, "keen")->way, EXPLAIN_TRANSLATED);
    assert_int_equal(try_of(&c->e, "keen")->dropped.n, 0);
    ask(c, chat,
        "{\"model\":\"blind\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
        "\"image_url\":{\"url\":\"https://h/a.png\"}}]}]}");
    const struct explain_try *t = try_of(&c->e, "bare");
    assert_int_equal(t->way, EXPLAIN_UNFIT);
    assert_non_null(memmem(t->unfit.p, t->unfit.n, "media_urls: fetch", 17));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_candidate_says_what_it_is_asked_and_what_is_lost),
        TEST(a_request_that_fits_passes_as_it_is),
        TEST(who_cannot_serve_is_named_with_the_reason),
        TEST(what_is_refused_says_why),
        TEST(who_serves_other_tags_gets_no_try),
        TEST(programs_get_it_as_json),
        TEST(what_would_be_fetched_is_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
