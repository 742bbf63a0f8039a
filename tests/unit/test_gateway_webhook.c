/* What the webhook sends: signed, and bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "server/gateway/webhook.h"

static void
a_signature_covers_the_time_and_the_body(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 65536);
    struct str s = webhook_signature(STR("whsec"), 1795427637, STR("{\"text\":\"x\"}"), &a);
    assert_true(str_is(s, "t=1795427637,v1="
                          "d516c2b53063d7432f471539e556e00fc6bcde3239fd8b104c82c298b3271a8b"));
    struct str later = webhook_signature(STR("whsec"), 1795427638, STR("{\"text\":\"x\"}"), &a);
    assert_false(str_eq(str_skip(s, 16), str_skip(later, 16)));
    arena_fini(&a);
}

/* As where the operator's OpenSSL lacks the algorithm. */
static void
what_cannot_be_signed_has_no_signature(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 65536);
    assert_int_equal(EVP_set_default_properties(NULL, "provider=nobody"), 1);
    assert_null(webhook_signature(STR("whsec"), 1795427637, STR("{}"), &a).p);
    assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
    assert_non_null(webhook_signature(STR("whsec"), 1795427637, STR("{}"), &a).p);
    arena_fini(&a);
}

/* Without an address nobody is told, and nothing is kept. */
static void
nothing_waits_for_nobody(void **state)
{
    struct service service = { .n_workers = 1 };
    struct webhook *w = webhook_create(&service);
    const struct guarded_name name = { STR("a"), STR("d"), STR("m") };
    (void)state;
    for (unsigned i = 0; i < 2000; i++)
        webhook_put(w, "breaker", &name, "closed", "open");
    struct webhook_counts c = webhook_counts(w);
    assert_true(c.sent == 0 && c.failed == 0 && c.dropped == 0);
    webhook_put(NULL, "breaker", &name, "closed", "open");
    webhook_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_covers_the_time_and_the_body),
        cmocka_unit_test(what_cannot_be_signed_has_no_signature),
        cmocka_unit_test(nothing_waits_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
