/* Adding a provider takes one spec file: a made-up one of a few lines is compiled in both ways, with
 * all others and as a plugin, and speaks. */
#include "tests/unit/test_dialect_rig.h"

#define SPEC "tests/specc/plugin/acme.spec"

static const char request_in[] =
    "{\"model\":\"acme-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
    "\"max_completion_tokens\":7}";
static const char request_out[] =
    "{\"model\":\"acme-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
    "\"max_new_tokens\":7}";

static void
check_request(const struct xd_dialect *acme)
{
    const struct xd_dialect *openai = xd_find(STR("openai.chat"));
    struct trip t;

    trip_init(&t, openai, acme);
    trip_request(&t, str_from(request_in));
    assert_out(&t, request_out);
    trip_fini(&t);
    trip_init(&t, acme, acme);
    trip_request(&t, str_from(request_out));
    assert_out(&t, request_out);
    trip_fini(&t);
}

static void
check_reply(const struct xd_dialect *acme)
{
    struct trip t;

    trip_init(&t, acme, xd_find(STR("anthropic.messages")));
    trip_reply(&t, STR("{\"id\":\"r1\",\"model\":\"acme-1\",\"choices\":[{\"index\":0,\"message\":"
                       "{\"role\":\"assistant\",\"content\":\"Hello\"},\"finish_reason\":"
                       "\"budget\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,"
                       "\"cache_hits\":4}}"));
    assert_out(&t,
               "{\"id\":\"r1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"acme-1\","
               "\"content\":[{\"type\":\"text\",\"text\":\"Hello\"}],\"stop_reason\":"
               "\"max_tokens\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":5,"
               "\"output_tokens\":2,\"cache_read_input_tokens\":4}}");
    trip_fini(&t);
}

static void
check_error(const struct xd_dialect *acme)
{
    const struct xd_dialect *anthropic = xd_find(STR("anthropic.messages"));
    struct trip t;

    trip_init(&t, acme, anthropic);
    assert_int_equal(
        trip_error(&t, STR("{\"error\":{\"message\":\"Pay.\",\"type\":\"quota_gone\"}}"), 0), 402);
    assert_out(&t,
               "{\"type\":\"error\",\"error\":{\"type\":\"billing_error\",\"message\":\"Pay.\"}}");
    trip_fini(&t);
    trip_init(&t, anthropic, acme);
    assert_int_equal(trip_error(&t,
                                STR("{\"type\":\"error\",\"error\":{\"type\":\"billing_error\","
                                    "\"message\":\"Pay.\"}}"),
                                0),
                     402);
    assert_out(&t, "{\"error\":{\"message\":\"Pay.\",\"type\":\"quota_gone\",\"param\":null,"
                   "\"code\":null}}");
    trip_fini(&t);
}

static void
check_acme(const struct xd_dialect *acme)
{
    assert_non_null(acme);
    assert_int_equal(acme->abi, XD_ABI);
    assert_string_equal(acme->name, "acme");
    assert_string_equal(acme->family, "openai.chat");
    assert_true(acme->provider);
    assert_true(str_is(acme->base_url, "https://api.acme.example/v1"));
    assert_int_equal(acme->auths[0].scheme, XD_AUTH_HEADER);
    assert_true(str_is(acme->auths[0].name, "x-acme-key"));
    assert_int_equal(acme->nmodels, 1);
    assert_true(str_is(acme->models[0], "acme-*"));
    check_request(acme);
    check_reply(acme);
    check_error(acme);
}

static void
a_provider_is_one_spec_file_beside_the_others(void **state)
{
    (void)state;
    struct made m;

    made_init(&m);
    made_specc(&m, "--out $DIR specs/*.spec specs/*/*.spec " SPEC);
    made_load(&m, "openai_chat");
    check_acme(dlsym(m.object, "xd_acme"));
    made_fini(&m);
}

static void
a_provider_can_be_a_plugin(void **state)
{
    (void)state;
    struct made m;

    made_init(&m);
    made_specc(&m, "--plugin " SPEC " --out $DIR/acme.c specs/ir.spec specs/openai/chat.spec");
    made_load(&m, "acme");
    const struct xd_dialect *(*plugin)(void);
    *(void **)&plugin = dlsym(m.object, "xd_plugin");
    assert_non_null(plugin);
    check_acme(plugin());
    assert_null(dlsym(m.object, "xd_acme")); /* nothing else is given away */
    made_fini(&m);
}

static const struct xd_op *
chat_of(const char *name)
{
    const struct xd_dialect *d = xd_find(str_from(name));

    assert_non_null(d);
    return xd_op(d, XD_OP_CHAT);
}

/* By the function a gateway sees whether a client's bytes can be passed on as they are. */
static void
what_is_amended_is_never_taken_for_the_dialect(void **state)
{
    (void)state;
    assert_ptr_equal(chat_of("openai_compatible")->write_request,
                     chat_of("openai.chat")->write_request);
    /* They amend the request itself, and only what it looks up. */
    assert_ptr_not_equal(chat_of("hyperbolic")->write_request,
                         chat_of("openai.chat")->write_request);
    assert_ptr_not_equal(chat_of("stepfun")->write_request, chat_of("openai.chat")->write_request);
    assert_ptr_equal(chat_of("lepton")->write_request, chat_of("hyperbolic")->write_request);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_is_one_spec_file_beside_the_others),
        cmocka_unit_test(a_provider_can_be_a_plugin),
        cmocka_unit_test(what_is_amended_is_never_taken_for_the_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
