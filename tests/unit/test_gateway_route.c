/* Models and the deployments that are tried for them. */
#include "tests/unit/test_gateway_rig.h"

#include "runtime/xd/translate.h"
#include "server/gateway/front.h"
#include "server/gateway/route.h"

static const char yaml[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "providers:\n"
    "  - { name: a, type: openai, models: [one, { name: pair, weight: 3 }, \"gpt-*\" ] }\n"
    "  - { name: b, type: groq, models: [{ name: pair, weight: 1 }, { name: \"gpt-4*\", upstream: "
    "\"x/*\" }] }\n"
    "  - { name: c, type: anthropic, models: [spare, { name: alias, upstream: real }] }\n"
    "routing: { retries: 2, fallbacks: { pair: [spare, one] } }\n";

static struct str
provider(const struct candidate *c)
{
    return c->offer->deployment->config->name;
}

static void
begin(struct route *r, struct rig *rig, const char *model)
{
    assert_true(route_begin(r, &rig->gateway.catalogue, &rig->config->routing, str_from(model),
                            &rig->arena));
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

static void
an_unknown_model_has_no_route_and_the_message_can_name_the_others(void **state)
{
    struct rig rig;
    struct route r;
    struct buf out;
    (void)state;
    rig_open(&rig, yaml);
    assert_false(
        route_begin(&r, &rig.gateway.catalogue, &rig.config->routing, STR("nope"), &rig.arena));
    buf_init(&out, 1000);
    catalogue_print(&rig.gateway.catalogue, 20, &out);
    assert_str(buf_str(&out), "one, pair, spare, alias, gpt-4*, gpt-*");
    buf_clear(&out);
    catalogue_print(&rig.gateway.catalogue, 2, &out);
    assert_str(buf_str(&out), "one, pair and 4 more");
    buf_fini(&out);
    rig_close(&rig);
}

/* What a client gets that asks at this path, perhaps with a header. */
static const struct xd_dialect *
lister(const char *path, const char *header)
{
    struct http_header h = { str_from(header), STR("1") };
    const struct http_head head = { .path = str_from(path), .headers = &h, .n_headers = 1 };
    return front_of_list(&head);
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
    assert_null(lister("/v1/models/m", "x"));
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
        cmocka_unit_test(weights_are_shares),
        cmocka_unit_test(a_deployment_that_cannot_serve_is_left_out_and_costs_no_try),
        cmocka_unit_test(an_unknown_model_has_no_route_and_the_message_can_name_the_others),
        cmocka_unit_test(models_are_listed_in_the_client_s_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
