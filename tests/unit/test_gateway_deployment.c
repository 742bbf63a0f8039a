/* What deployments make of settings and credentials: addresses and headers. */
#include "tests/unit/test_gateway_rig.h"

#include <stdlib.h>

#include "runtime/xd/registry.h"

static const char yaml[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "providers:\n"
    "  - { name: told, type: bedrock, settings: { region: eu-told-1 }, models: [m],\n"
    "      auth: { access_key_id: AKID0123, secret_access_key: secret-0123 } }\n"
    "  - { name: signed, type: bedrock, models: [m],\n"
    "      auth: { access_key_id: AKID0123, secret_access_key: secret-0123, region: eu-auth-1 } }\n"
    "  - { name: usual, type: bedrock, models: [m],\n"
    "      auth: { access_key_id: AKID0123, secret_access_key: secret-0123 } }\n"
    "  - { name: key, type: azure, settings: { resource: r }, models: [m], api_key: key-0123 }\n"
    "  - { name: none, type: azure, settings: { resource: r }, models: [m], auth: { scheme: none } }\n"
    "  - { name: entra, type: azure, settings: { resource: r }, models: [m], api_key: key-0123,\n"
    "      auth: { scheme: bearer } }\n"
    "  - { name: placed, type: openai.chat, models: [m], auth: { scheme: none },\n"
    "      base_url: \"https://x.example/models/{model}/v1\" }\n";

enum { TOLD, SIGNED, USUAL, KEY, NONE, ENTRA, PLACED };

static struct rig rig;

static int
open_rig(void **state)
{
    (void)state;
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    setenv("AWS_CONFIG_FILE", "/nowhere", 1);
    rig_open(&rig, yaml);
    return 0;
}

static int
close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static struct deployment_call
call_of(unsigned i)
{
    struct deployment_call call;
    const struct deployment *d = &rig.gateway.deployments[i];
    assert_true(deployment_call(d, d->dialect, XD_OP_CHAT, &call));
    return call;
}

static struct str
header(const struct deployment_call *call, const char *name)
{
    for (unsigned i = 0; i < call->n_headers; i++)
        if (str_eq_nocase(call->headers[i].name, str_from(name)))
            return call->headers[i].value;
    return (struct str){ NULL, 0 };
}

static void
expect_host(unsigned i, const char *region, const char *url)
{
    struct deployment_call call = call_of(i);
    struct str got = deployment_url(&call, false, STR("m:0"), &rig.arena);
    assert_str(rig.gateway.deployments[i].identity.region, region);
    assert_str(got, url);
    assert_null(header(&call, "authorization").p);
    assert_true(identity_is_live(&rig.gateway.deployments[i].identity));
}

static void
the_region_that_is_signed_for_stands_in_the_address(void **state)
{
    (void)state;
    expect_host(TOLD, "eu-told-1",
                "https://bedrock-runtime.eu-told-1.amazonaws.com/model/m%3A0/converse");
    expect_host(SIGNED, "eu-auth-1",
                "https://bedrock-runtime.eu-auth-1.amazonaws.com/model/m%3A0/converse");
    expect_host(USUAL, "us-east-1",
                "https://bedrock-runtime.us-east-1.amazonaws.com/model/m%3A0/converse");
}

static void
a_key_stands_in_the_headers_of_every_request(void **state)
{
    (void)state;
    struct deployment_call call = call_of(KEY);
    assert_str(header(&call, "api-key"), "key-0123");
    assert_null(header(&call, "authorization").p);
    assert_false(identity_is_live(&rig.gateway.deployments[KEY].identity));
    call = call_of(ENTRA);
    assert_str(header(&call, "authorization"), "Bearer key-0123");
    assert_null(header(&call, "api-key").p);
    call = call_of(NONE);
    assert_null(header(&call, "authorization").p);
    assert_null(header(&call, "api-key").p);
}

static void
an_address_of_the_config_may_have_a_place_for_the_model(void **state)
{
    struct deployment_call call = call_of(PLACED);
    (void)state;
    assert_str(deployment_url(&call, false, STR("a/b c"), &rig.arena),
               "https://x.example/models/a%2Fb%20c/v1/chat/completions");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_region_that_is_signed_for_stands_in_the_address),
        cmocka_unit_test(a_key_stands_in_the_headers_of_every_request),
        cmocka_unit_test(an_address_of_the_config_may_have_a_place_for_the_model),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
