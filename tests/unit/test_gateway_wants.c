/* What requests bring that says where they belong: tags, conversations, seals; and who is shut then. */
#include "tests/unit/test_gateway_route_rig.h"

#include "runtime/route/key.h"
#include "runtime/route/memory.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "server/gateway/wants.h"

static const char tagged[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "providers:\n"
    "  - { name: free, type: openai, models: [{ name: m, tags: [free, trial] }, n] }\n"
    "  - { name: eu, type: openai, models: [{ name: m, tags: [eu] }, { name: n, tier: 2 }] }\n"
    "  - { name: all, type: openai, models: [{ name: m }, { name: n, tier: 3 }] }\n"
    "  - { name: only, type: openai, models: [{ name: o, tags: [eu] }] }\n"
    "routing: { retries: 2 }\n";

static void
a_tag_brings_requests_to_those_that_have_it_and_keeps_others_away(void **state)
{
    static const struct {
        const char *model;
        struct str tags[2];
        const char *tried;
        enum route_lack lack;
    } rows[] = {
        { "m", { STR_INIT("eu") }, "eu/m all/m eu/m", ROUTE_LACK_TAGS },
        { "m", { STR_INIT("trial"), STR_INIT("x") }, "free/m all/m free/m", ROUTE_LACK_TAGS },
        { "m", { STR_INIT("unknown") }, "all/m all/m all/m", ROUTE_LACK_TAGS },
        { "m", { { 0 } }, "all/m all/m all/m", ROUTE_LACK_TAGS },
        { "n", { { 0 } }, "free/n eu/n all/n", ROUTE_LACK_NONE },
        { "o", { STR_INIT("us") }, "", ROUTE_LACK_TAGS },
    };
    struct rig rig;
    struct route r;
    (void)state;
    rig_open(&rig, tagged);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str tags[2] = { rows[i].tags[0], rows[i].tags[1] };
        const struct route_request q = { .asked = str_from(rows[i].model),
                                         .tags = { tags, tags[1].p   ? 2
                                                         : tags[0].p ? 1
                                                                     : 0 } };
        assert_string_equal(tried(&rig, &q, &r), rows[i].tried);
        assert_int_equal(r.lack, rows[i].lack);
    }
    rig_close(&rig);
}

static void
a_conversation_stays_with_the_account_that_sealed_its_thinking(void **state)
{
    struct rig rig;
    struct route r;
    struct candidate c;
    (void)state;
    rig_open(&rig, "server: { listen: \"127.0.0.1:0\" }\n"
                   "providers:\n"
                   "  - { name: x, type: openai, api_key: kx, models: [m] }\n"
                   "  - { name: y, type: openai, api_key: ky, models: [m] }\n");
    for (unsigned i = 0; i < 2; i++) {
        const struct deployment *d = &rig.gateway.deployments[i];
        struct str marks[] = { STR("llmux:other:12345678:"), d->languages[0].seal };
        const struct route_request q = { .asked = STR("m"), .marks = { marks, 2 } };
        for (uint64_t seed = 1; seed < 30; seed++) {
            struct dice dice = { seed };
            assert_true(
                route_begin(&r, &rig.gateway.catalogue, &rig.config->routing, &q, &rig.arena));
            assert_true(route_next(&r, &dice, &c));
            assert_ptr_equal(c.offer->deployment, d);
            assert_true(route_next(&r, &dice, &c)); /* rather without than not at all */
            assert_ptr_not_equal(c.offer->deployment, d);
        }
    }
    rig_close(&rig);
}

static struct str
first_choice(struct rig *rig, const struct route_request *q, uint64_t seed)
{
    struct route r;
    struct candidate c;
    struct dice dice = { seed };
    assert_true(route_begin(&r, &rig->gateway.catalogue, &rig->config->routing, q, &rig->arena));
    assert_true(route_next(&r, &dice, &c));
    return provider(&c);
}

/* What a request that comes as these bytes wants. */
static void
want(struct route_request *q, struct rig *rig, const char *dialect, const char *body,
     const char *tags)
{
    struct http_header h = { WANTS_TAGS_HEADER, str_from(tags) };
    const struct http_head head = { .headers = &h, .n_headers = tags ? 1 : 0 };
    struct xd_ask ask = { .kind = XD_OP_CHAT };
    struct xd x;
    xd_init(&x, xd_find(str_from(dialect)), XD_OP_CHAT, &rig->arena, NULL);
    assert_int_equal(xd_ask_read(&x, str_from(body), &ask), ERR_OK);
    wants_of(q, &ask, &head, strlen(body), STR("m"), &rig->arena);
    json_doc_fini(&x.doc);
}

#define TURNS(seal) \
    "{\"model\":\"m\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}," \
    "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"" seal \
    "\"}]},{\"role\":\"user\",\"content\":\"Go on\"}]}"

static void
tags_may_stand_in_the_metadata(void **state)
{
    static const struct {
        const char *metadata, *tags; /* the latter joined */
    } rows[] = {
        { "{\"tags\":[\"eu\",3,\"a b\",\"eu\"]}", "eu|a b|" },
        { "{\"x\":1,\"tags\":\"eu, us\"}", "eu|us|" },
        { "{\"tags\":{}}", "" },
        { "{}", "" },
        { "[\"tags\"]", "" },
        { "\"tags\"", "" },
    };
    struct rig rig;
    (void)state;
    rig_open(&rig, tagged);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct route_request q;
        char body[300], out[100] = "";
        snprintf(body, sizeof body,
                 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
                 "\"metadata\":%s}",
                 rows[i].metadata);
        want(&q, &rig, "openai.chat", body, NULL);
        for (unsigned k = 0; k < q.tags.n; k++)
            snprintf(out + strlen(out), sizeof out - strlen(out), "%.*s|", STR_ARG(q.tags.v[k]));
        assert_string_equal(out, rows[i].tags);
    }
    rig_close(&rig);
}

static void
what_a_request_brings_tells_where_it_belongs(void **state)
{
    static const char plain[] = "{\"model\":\"m\",\"max_tokens\":5000,\"messages\":"
                                "[{\"role\":\"user\",\"content\":\"Hello\"}]}",
                      file[] = "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                               "\"content\":[{\"type\":\"document\",\"source\":{\"type\":\"file\","
                               "\"file_id\":\"f1\"}}]}]}";
    struct route_request first, next, marked, filed;
    struct rig rig;
    (void)state;
    rig_open(&rig, tagged);
    want(&first, &rig, "anthropic.messages", plain, "eu, trial ,,eu");
    assert_int_equal(first.tags.n, 2);
    assert_str(first.tags.v[1], "trial");
    assert_false(first.needs_home);
    assert_true(first.ask.key && first.bond == first.ask.key);
    assert_true(first.ask.tokens_in > 10 && first.ask.tokens_out < 5000);
    want(&next, &rig, "anthropic.messages", TURNS("abc"), NULL);
    assert_true(next.needs_home && next.bond == first.bond && next.ask.tokens_out < 51);
    want(&marked, &rig, "anthropic.messages", TURNS("llmux:fam:00c0ffee:t0:abc"), NULL);
    assert_false(marked.needs_home);
    assert_int_equal(marked.marks.n, 1);
    assert_str(marked.marks.v[0], "llmux:fam:00c0ffee:");
    want(&filed, &rig, "anthropic.messages", file, NULL);
    assert_true(filed.needs_home && filed.bond == route_key_of(STR("f1")));
    for (uint64_t seed = 1; seed < 20; seed++) { /* who served it serves it again */
        next.asked = STR("n");
        next.home = route_memory_id(
            catalogue_find(&rig.gateway.catalogue, STR("n"))->offers[2].identity);
        assert_str(first_choice(&rig, &next, seed), "all");
    }
    rig_close(&rig);
}

/* A guard that knows who is shut. */
static void
look(void *ctx, const struct offer *o, struct str name, struct route_view *v)
{
    const char *shut = ctx;
    (void)name;
    if (strchr(shut, *o->deployment->config->name.p)) {
        v->standing = ROUTE_SHUT;
        v->shut_for = *o->deployment->config->name.p == 'e' ? 3 : 7;
    }
}

static void
who_is_shut_is_not_asked_and_the_first_to_open_is_known(void **state)
{
    static const struct {
        const char *shut, *tried;
    } rows[] = { { "f", "eu/n all/n eu/n" }, { "fa", "eu/n eu/n eu/n" }, { "fea", "" } };
    struct rig rig;
    struct route r;
    (void)state;
    rig_open(&rig, tagged);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char shut[8];
        snprintf(shut, sizeof shut, "%s", rows[i].shut);
        const struct route_request q = { .asked = STR("n"), .outlook = { look, shut } };
        assert_string_equal(tried(&rig, &q, &r), rows[i].tried);
        assert_int_equal(r.lack, ROUTE_LACK_HEALTH);
    }
    assert_true(r.wait > 2.9 && r.wait < 3.1);
    rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_brings_requests_to_those_that_have_it_and_keeps_others_away),
        cmocka_unit_test(a_conversation_stays_with_the_account_that_sealed_its_thinking),
        cmocka_unit_test(tags_may_stand_in_the_metadata),
        cmocka_unit_test(what_a_request_brings_tells_where_it_belongs),
        cmocka_unit_test(who_is_shut_is_not_asked_and_the_first_to_open_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
