/* Models and the deployments that are tried for them. */
#include "tests/unit/test_gateway_route_rig.h"

#include "runtime/xd/translate.h"
#include "server/gateway/front.h"

static const char yaml[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "providers:\n"
    "  - { name: a, type: openai, models: [one, { name: pair, weight: 3 }, \"gpt-*\" ] }\n"
    "  - { name: b, type: groq, models: [{ name: pair, weight: 1 }, { name: \"gpt-4*\", upstream: "
    "\"x/*\" }] }\n"
    "  - { name: c, type: anthropic, models: [spare, { name: alias, upstream: real }] }\n"
    "routing: { retries: 2, fallbacks: { pair: [spare, one] } }\n";

static void
begin(struct route *r, struct rig *rig, const char *model)
{
    const struct route_request q = { .asked = str_from(model) };
    assert_true(route_begin(r, &rig->gateway.catalogue, &rig->config->routing, &q, &rig->arena));
}

static void
the_exact_name_wins_over_wildcards_and_the_longest_wildcard_over_others(void **state)
{
    static const struct {
        const char *asked, *model; /* NULL: none */
    } rows[] = {
        { "one", "one" },     { "pair", "pair" },    { "gpt-4o", "gpt-4*" },
        { "gpt-3", "gpt-*" }, { "gpt-4", "gpt-4*" }, { "gpt", NULL },
        { "", NULL },         { "onee", NULL },      { "ONE", NULL },
    };
    struct rig rig;
    (void)state;
    rig_open(&rig, yaml);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct model *m = catalogue_find(&rig.gateway.catalogue, str_from(rows[i].asked));
        if (!rows[i].model)
            assert_null(m);
        else
            assert_str(m->name, rows[i].model);
    }
    rig_close(&rig);
}

static void
a_star_upstream_takes_what_the_name_s_star_matched(void **state)
{
    static const struct {
        const char *asked, *upstream;
    } rows[] = {
        { "gpt-4o", "x/o" }, { "gpt-4", "x/" }, { "gpt-3", "gpt-3" },
        { "alias", "real" }, { "one", "one" },
    };
    struct rig rig;
    (void)state;
    rig_open(&rig, yaml);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct model *m = catalogue_find(&rig.gateway.catalogue, str_from(rows[i].asked));
        assert_str(offer_upstream(&m->offers[0], str_from(rows[i].asked), &rig.arena),
                   rows[i].upstream);
    }
    rig_close(&rig);
}

static void
a_route_tries_all_deployments_before_one_again_then_the_fallbacks(void **state)
{
    struct rig rig;
    struct route r;
    struct candidate c, d = { .offer = NULL };
    struct dice dice;
    (void)state;
    rig_open(&rig, yaml);
    for (uint64_t seed = 1; seed < 50; seed++) {
        dice_init(&dice, seed * 77);
        begin(&r, &rig, "pair");
        assert_true(route_next(&r, &dice, &c) && route_next(&r, &dice, &d));
        assert_ptr_not_equal(c.offer, d.offer);
        assert_int_equal(route_repeats(&r), 1);
        assert_true(route_next(&r, &dice, &c));
        assert_true(c.again && str_is(c.name, "pair"));
        assert_int_equal(route_repeats(&r), 0);
        assert_true(route_next(&r, &dice, &c));
        assert_str(provider(&c), "c");
        assert_true(!c.again && str_is(c.name, "spare"));
        assert_true(route_next(&r, &dice, &c) && route_next(&r, &dice, &c));
        assert_true(route_next(&r, &dice, &c) && str_is(c.name, "one"));
        assert_true(route_next(&r, &dice, &c) && route_next(&r, &dice, &c));
        assert_false(route_next(&r, &dice, &c));
    }
    rig_close(&rig);
}

/* What those answer that are asked for a second call, and who they were. */
struct asked {
    enum rival_start answers[3];
    unsigned n;
    const struct offer *offers[3];
};

static enum rival_start
answer(void *ctx, const struct candidate *c)
{
    struct asked *a = ctx;
    assert_true(a->n < 3);
    a->offers[a->n] = c->offer;
    return a->answers[a->n++];
}

static const char three[] = "server: { listen: \"127.0.0.1:0\" }\n"
                            "providers:\n"
                            "  - { name: a, type: openai, models: [m] }\n"
                            "  - { name: b, type: openai, models: [m] }\n"
                            "  - { name: c, type: openai, models: [m] }\n"
                            "routing: { retries: 5 }\n";

/* Who must not be waited for is asked another time, who cannot serve it never, and a broken one ends the search. */
static void
a_race_asks_one_after_the_other(void **state)
{
    static const struct {
        enum rival_start answers[3];
        unsigned asked;
        bool runs;
        unsigned fresh; /* that are tried before one is again */
    } rows[] = {
        { { RIVAL_BEGUN }, 1, true, 1 },
        { { RIVAL_BUSY, RIVAL_BEGUN }, 2, true, 1 },
        { { RIVAL_BUSY, RIVAL_BUSY }, 2, false, 2 },
        { { RIVAL_REFUSED, RIVAL_BEGUN }, 2, true, 0 },
        { { RIVAL_REFUSED, RIVAL_REFUSED }, 2, false, 0 },
        { { RIVAL_BROKEN }, 1, false, 1 },
        { { RIVAL_BUSY, RIVAL_BROKEN }, 2, false, 1 },
    };
    struct rig rig;
    (void)state;
    rig_open(&rig, three);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked a = { .n = 0 };
        struct route r;
        struct candidate first, c;
        struct dice dice;
        unsigned fresh = 0;
        memcpy(a.answers, rows[i].answers, sizeof a.answers);
        dice_init(&dice, i);
        begin(&r, &rig, "m");
        assert_true(route_next(&r, &dice, &first));
        assert_int_equal(route_race(&r, &dice, answer, &a), rows[i].runs);
        assert_int_equal(a.n, rows[i].asked);
        assert_ptr_not_equal(a.offers[0], first.offer);
        assert_ptr_not_equal(a.offers[0], a.offers[1]);
        while (route_next(&r, &dice, &c) && !c.again)
            fresh++;
        assert_int_equal(fresh, rows[i].fresh);
    }
    rig_close(&rig);
}

static void
weights_are_shares(void **state)
{
    enum { ROUNDS = 4000 };
    struct rig rig;
    struct route r;
    struct candidate c;
    struct dice dice;
    unsigned a = 0;
    (void)state;
    rig_open(&rig, yaml);
    dice_init(&dice, 12345);
    for (unsigned i = 0; i < ROUNDS; i++) {
        begin(&r, &rig, "pair");
        assert_true(route_next(&r, &dice, &c));
        a += str_is(provider(&c), "a");
    }
    assert_in_range(a, ROUNDS * 3 / 4 - 150, ROUNDS * 3 / 4 + 150);
    rig_close(&rig);
}

static void
a_deployment_that_cannot_serve_is_left_out_and_costs_no_try(void **state)
{
    struct rig rig;
    struct route r;
    struct candidate c;
    struct dice dice;
    (void)state;
    rig_open(&rig, yaml);
    dice_init(&dice, 5);
    begin(&r, &rig, "pair");
    assert_true(route_next(&r, &dice, &c));
    const struct offer *unfit = c.offer;
    route_exclude(&r);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(route_next(&r, &dice, &c));
        assert_ptr_not_equal(c.offer, unfit);
        assert_int_equal(c.again, i > 0);
    }
    assert_true(route_next(&r, &dice, &c));
    assert_str(c.name, "spare");
    route_exclude(&r);
    assert_true(route_next(&r, &dice, &c));
    assert_str(c.name, "one");
    route_exclude(&r);
    assert_false(route_next(&r, &dice, &c));
    rig_close(&rig);
}

/* A second call goes to those of the model that were not asked, and leaves the route as it is when there are none: what
 * follows a failure does not pay for it. */
static void
a_try_beside_another_leaves_the_rest_of_the_route_alone(void **state)
{
    struct asked busy = { .answers = { RIVAL_BUSY } }, free = { .answers = { RIVAL_BEGUN } };
    struct rig rig;
    struct route r;
    struct candidate first, c;
    struct dice dice;
    (void)state;
    rig_open(&rig, yaml);
    dice_init(&dice, 5);
    begin(&r, &rig, "pair");
    assert_true(route_next(&r, &dice, &first));
    unsigned tries = r.tries;
    assert_false(route_race(&r, &dice, answer, &busy));
    assert_ptr_not_equal(busy.offers[0], first.offer);
    assert_int_equal(r.tries, tries);
    assert_true(route_race(&r, &dice, answer, &free)); /* another time it is not busy */
    assert_ptr_equal(free.offers[0], busy.offers[0]);
    assert_false(route_race(&r, &dice, answer, &free));
    assert_int_equal(free.n, 1);
    assert_int_equal(r.tries, tries - 1);
    route_forsake(&r, &first); /* who was asked first: not the newest one */
    for (unsigned i = 0; i < tries - 1; i++) {
        assert_true(route_next(&r, &dice, &c));
        assert_ptr_equal(c.offer, free.offers[0]);
    }
    assert_true(route_next(&r, &dice, &c));
    assert_str(c.name, "spare");
    rig_close(&rig);
}

static void
an_unknown_model_has_no_route_and_the_message_can_name_the_others(void **state)
{
    struct rig rig;
    struct route r;
    struct buf out;
    (void)state;
    rig_open(&rig, yaml);
    const struct route_request q = { .asked = STR("nope") };
    assert_false(route_begin(&r, &rig.gateway.catalogue, &rig.config->routing, &q, &rig.arena));
    buf_init(&out, 1000);
    catalogue_print(&rig.gateway.catalogue, 20, &out);
    assert_str(buf_str(&out), "one, pair, spare, alias, gpt-4*, gpt-*");
    buf_clear(&out);
    catalogue_print(&rig.gateway.catalogue, 2, &out);
    assert_str(buf_str(&out), "one, pair and 4 more");
    buf_fini(&out);
    rig_close(&rig);
}

/* --- names ---------------------------------------------------------------------------------- */

static const char names[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "providers:\n"
    "  - { name: a, type: openai, models: [one, { name: two, rpm: 300 }, \"gpt-*\" ] }\n"
    "  - { name: b, type: openai, models: [{ name: two, rpm: 100 }, { name: x, upstream: y }] }\n"
    "routing:\n"
    "  retries: 0\n"
    "  groups:\n"
    "    two: { strategy: round-robin }\n"
    "    team: { models: [x, gpt-5], strategy: least-busy }\n"
    "  aliases: { uno: one, \"team-*\": team, duo: two }\n"
    "  fallbacks: { one: [x], uno: [two], two: [x] }\n";

static const char *
tried_for(struct rig *rig, const char *model)
{
    struct route r;
    const struct route_request q = { .asked = str_from(model) };
    return tried(rig, &q, &r);
}

static void
groups_and_aliases_are_models(void **state)
{
    static const struct {
        const char *model;
        enum route_strategy strategy;
        const char *offers; /* provider/upstream:share */
    } rows[] = {
        { "one", ROUTE_SIMPLE_SHUFFLE, "a/one:1" },
        { "uno", ROUTE_SIMPLE_SHUFFLE, "a/one:1" },
        { "two", ROUTE_ROUND_ROBIN, "a/two:300 b/two:100" },
        { "duo", ROUTE_ROUND_ROBIN, "a/two:300 b/two:100" },
        { "team", ROUTE_LEAST_BUSY, "b/y:1 a/gpt-5:1" },
        { "team-7", ROUTE_LEAST_BUSY, "b/y:1 a/gpt-5:1" },
        { "gpt-5", ROUTE_SIMPLE_SHUFFLE, "a/gpt-5:1" },
    };
    struct rig rig;
    (void)state;
    rig_open(&rig, names);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[200] = "";
        struct str asked = str_from(rows[i].model);
        const struct model *m = catalogue_find(&rig.gateway.catalogue, asked);
        assert_non_null(m);
        assert_int_equal(m->strategy, rows[i].strategy);
        for (unsigned k = 0; k < m->n; k++)
            snprintf(out + strlen(out), sizeof out - strlen(out), "%s%.*s/%.*s:%.0f", k ? " " : "",
                     STR_ARG(m->offers[k].deployment->config->name),
                     STR_ARG(offer_upstream(&m->offers[k], asked, &rig.arena)), m->offers[k].share);
        assert_string_equal(out, rows[i].offers);
    }
    assert_string_equal(tried_for(&rig, "one"), "a/one b/y");
    assert_string_equal(tried_for(&rig, "uno"), "a/one a/two b/y");        /* it has its own */
    assert_string_equal(tried_for(&rig, "duo") + strlen("?/two"), " b/y"); /* two has one */
    rig_close(&rig);
}

/* --- fallbacks ------------------------------------------------------------------------------ */

#define CHAIN(depth) \
    "server: { listen: \"127.0.0.1:0\" }\n" \
    "providers: [{ name: p, type: openai, models: [a, b, c, d, e, long, mild] }]\n" \
    "routing: { retries: 0, fallback_depth: " depth \
    ", fallbacks: { a: [b, d], b: [c], c: [e] },\n" \
    "  context_window_fallbacks: { b: [long] }, content_policy_fallbacks: { a: [mild] } }\n"

static void
fallbacks_have_fallbacks_as_deep_as_the_config_says(void **state)
{
    static const struct {
        const char *yaml, *tried;
    } rows[] = {
        { CHAIN("1"), "p/a p/b p/d" },
        { CHAIN("2"), "p/a p/b p/d p/c" },
        { CHAIN("3"), "p/a p/b p/d p/c p/e" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        rig_open(&rig, rows[i].yaml);
        assert_string_equal(tried_for(&rig, "a"), rows[i].tried);
        rig_close(&rig);
    }
}

static void
no_model_is_tried_twice_even_in_a_circle(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig, "server: { listen: \"127.0.0.1:0\" }\n"
                   "providers: [{ name: p, type: openai, models: [a, b, c] }]\n"
                   "routing: { retries: 0, fallback_depth: 1, aliases: { z: a },\n"
                   "  fallbacks: { a: [b], b: [a, z, c] } }\n");
    assert_string_equal(tried_for(&rig, "a"), "p/a p/b");
    assert_string_equal(tried_for(&rig, "b"), "p/b p/a p/c"); /* z is a */
    rig_close(&rig);
}

static void
too_long_and_refused_requests_have_fallbacks_of_their_own(void **state)
{
    static const struct {
        const char *asked;
        unsigned failing; /* that try shows the trouble, those before just fail */
        enum config_trouble trouble;
        const char *next; /* what follows */
    } rows[] = {
        { "a", 1, CONFIG_TROUBLE_POLICY, "mild" },    { "a", 1, CONFIG_TROUBLE_CONTEXT, "" },
        { "a", 2, CONFIG_TROUBLE_CONTEXT, "long d" }, /* b is too short; d was named for a */
        { "b", 1, CONFIG_TROUBLE_CONTEXT, "long" },   { "b", 1, CONFIG_TROUBLE_POLICY, "" },
        { "e", 1, CONFIG_TROUBLE_POLICY, "" },
    };
    struct rig rig;
    (void)state;
    rig_open(&rig, CHAIN("2"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct route r;
        struct candidate c;
        struct dice dice = { 3 };
        char out[100] = "";
        begin(&r, &rig, rows[i].asked);
        for (unsigned k = 0; k < rows[i].failing; k++)
            assert_true(route_next(&r, &dice, &c));
        assert_int_equal(route_divert(&r, rows[i].trouble), *rows[i].next != '\0');
        while (route_next(&r, &dice, &c))
            snprintf(out + strlen(out), sizeof out - strlen(out), "%s%.*s", *out ? " " : "",
                     STR_ARG(c.name));
        assert_string_equal(out, rows[i].next);
    }
    rig_close(&rig);
}

/* What a client gets that asks at this path, perhaps with a header. */
static const struct xd_dialect *
lister(const char *path, const char *header)
{
    struct http_header h = { str_from(header), STR("1") };
    const struct http_head head = { .path = str_from(path), .headers = &h, .n_headers = 1 };
    struct str name;
    return front_of_list(&head, &name);
}

static void
models_are_listed_in_the_client_s_dialect(void **state)
{
    static const struct {
        const char *path, *header, *want;
    } rows[] = {
        { "/v1/models", "x",
          "{\"object\":\"list\",\"data\":["
          "{\"id\":\"m\",\"object\":\"model\",\"created\":86400,\"owned_by\":\"llmux\"},"
          "{\"id\":\"n\",\"object\":\"model\",\"created\":86400,\"owned_by\":\"llmux\"}]}" },
        { "/mistral/v1/models", "x",
          "{\"object\":\"list\",\"data\":["
          "{\"id\":\"m\",\"object\":\"model\",\"created\":86400,\"owned_by\":\"llmux\"},"
          "{\"id\":\"n\",\"object\":\"model\",\"created\":86400,\"owned_by\":\"llmux\"}]}" },
        { "/v1/models", "anthropic-version",
          "{\"data\":[{\"type\":\"model\",\"id\":\"m\",\"display_name\":\"m\",\"created_at\":"
          "\"1970-01-02T00:00:00Z\"},{\"type\":\"model\",\"id\":\"n\",\"display_name\":\"n\","
          "\"created_at\":\"1970-01-02T00:00:00Z\"}],\"has_more\":false,\"first_id\":\"m\","
          "\"last_id\":\"n\"}" },
        { "/api/tags", "x",
          "{\"models\":[{\"name\":\"m\",\"model\":\"m\",\"modified_at\":\"1970-01-02T00:00:00Z\"},"
          "{\"name\":\"n\",\"model\":\"n\",\"modified_at\":\"1970-01-02T00:00:00Z\"}]}" },
        { "/v1beta/models", "x",
          "{\"models\":[{\"name\":\"models/m\",\"displayName\":\"m\"},"
          "{\"name\":\"models/n\",\"displayName\":\"n\"}]}" },
        { "/cohere/v1/models", "x", "{\"models\":[{\"name\":\"m\"},{\"name\":\"n\"}]}" },
    };
    struct rig rig;
    struct buf out;
    (void)state;
    rig_open(&rig, "server: { listen: \"127.0.0.1:0\" }\n"
                   "providers: [{ name: a, type: openai, api_key: k, models: [m, n] }]\n");
    buf_init(&out, 4000);
    struct ir_model_list l = catalogue_list(&rig.gateway.catalogue, 86400, &rig.arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct xd_dialect *d = lister(rows[i].path, rows[i].header);
        struct xd x;
        assert_non_null(d);
        buf_clear(&out);
        xd_init(&x, d, XD_OP_CHAT, &rig.arena, &out);
        d->write_list(&x, &l);
        xd_fini(&x);
        assert_str(buf_str(&out), rows[i].want);
    }
    assert_string_equal(lister("/models", "x")->name, "openai.chat");
    assert_string_equal(lister("/anthropic/v1/models", "x")->name, "anthropic.messages");
    assert_non_null(lister("/v1/models/m", "x"));
    assert_null(lister("/v1/model", "x"));
    buf_fini(&out);
    rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exact_name_wins_over_wildcards_and_the_longest_wildcard_over_others),
        cmocka_unit_test(a_star_upstream_takes_what_the_name_s_star_matched),
        cmocka_unit_test(a_route_tries_all_deployments_before_one_again_then_the_fallbacks),
        cmocka_unit_test(a_race_asks_one_after_the_other),
        cmocka_unit_test(weights_are_shares),
        cmocka_unit_test(a_deployment_that_cannot_serve_is_left_out_and_costs_no_try),
        cmocka_unit_test(a_try_beside_another_leaves_the_rest_of_the_route_alone),
        cmocka_unit_test(an_unknown_model_has_no_route_and_the_message_can_name_the_others),
        cmocka_unit_test(groups_and_aliases_are_models),
        cmocka_unit_test(fallbacks_have_fallbacks_as_deep_as_the_config_says),
        cmocka_unit_test(no_model_is_tried_twice_even_in_a_circle),
        cmocka_unit_test(too_long_and_refused_requests_have_fallbacks_of_their_own),
        cmocka_unit_test(models_are_listed_in_the_client_s_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
