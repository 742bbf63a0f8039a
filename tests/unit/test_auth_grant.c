/* What endpoints reply: tokens, keys, refusals, and rubbish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/auth/grant.h"
#include "tests/lib/guard.h"

#define NOON 1767268800u /* 2026-01-01 12:00:00 */

static const char token[] =
    "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"ya29.a-_0\"}";
static const char key[] = "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"ASIA1\","
                          "\"SecretAccessKey\":\"s\\/e+c\",\"Token\":\"t==\","
                          "\"Expiration\":\"2026-01-01T13:00:00Z\"}";

struct trial {
    struct arena a;
    struct grant g;
    struct fault f;
    enum err err;
};

static void
try_token(struct trial *t, int status, const char *body)
{
    arena_init(&t->a, 1 << 16);
    t->f.text[0] = '\0';
    t->err = grant_read_token(&t->g, status, str_from(body), &t->a, &t->f);
}

static void
try_key(struct trial *t, int status, const char *body)
{
    arena_init(&t->a, 1 << 16);
    t->f.text[0] = '\0';
    t->err = grant_read_key(&t->g, status, str_from(body), NOON, &t->a, &t->f);
}

static void
a_token_comes_with_its_lifetime(void **state)
{
    struct trial t;
    (void)state;
    try_token(&t, 200, token);
    assert_int_equal(t.err, ERR_OK);
    assert_true(str_is(t.g.token, "ya29.a-_0"));
    assert_int_equal(t.g.lifetime, 3599);
    arena_fini(&t.a);
    try_token(&t, 200, "{\"access_token\":\"a\",\"expires_in\":\"86399\"}");
    assert_int_equal(t.g.lifetime, 86399);
    arena_fini(&t.a);
    try_token(&t, 200, "{\"access_token\":\"a\",\"expires_in\":-5}");
    assert_int_equal(t.err, ERR_OK);
    assert_int_equal(t.g.lifetime, 0);
    arena_fini(&t.a);
}

static void
a_key_comes_with_its_end(void **state)
{
    struct trial t;
    (void)state;
    try_key(&t, 200, key);
    assert_int_equal(t.err, ERR_OK);
    assert_true(str_is(t.g.key.id, "ASIA1") && str_is(t.g.key.secret, "s/e+c"));
    assert_true(str_is(t.g.key.token, "t=="));
    assert_int_equal(t.g.lifetime, 3600);
    arena_fini(&t.a);
    try_key(&t, 200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\"}");
    assert_int_equal(t.err, ERR_OK);
    assert_null(t.g.key.token.p);
    assert_int_equal(t.g.lifetime, 0);
    arena_fini(&t.a);
}

static void
what_is_not_a_grant_says_why(void **state)
{
    static const struct {
        bool is_key;
        int status;
        const char *body;
        enum err err;
        const char *says;
    } rows[] = {
        { false, 401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7: no\\nway\"}",
          ERR_REMOTE, "status 401, invalid_client: AADSTS7: no way" },
        { false, 400, "{\"error\":{\"code\":400,\"message\":\"bad scope\"}}", ERR_REMOTE,
          "status 400: bad scope" },
        { false, 404, "<html>", ERR_REMOTE, "status 404" },
        { false, 302, "", ERR_REMOTE, "status 302" },
        { false, 200, "<html>", ERR_SYNTAX, "the reply is not JSON" },
        { false, 200, "[]", ERR_TYPE, "the reply is not an object" },
        { false, 200, "{}", ERR_TYPE, "the reply has no access_token" },
        { false, 200, "{\"access_token\":7}", ERR_TYPE, "the reply has no access_token" },
        { false, 200, "{\"access_token\":\"a\\r\\nx: y\"}", ERR_TYPE,
          "the access_token is not one" },
        { true, 200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"no role\"}",
          ERR_REMOTE, "status 200, AssumeRoleUnauthorizedAccess: no role" },
        { true, 200, "{\"AccessKeyId\":\"A\"}", ERR_TYPE,
          "the reply has no AccessKeyId and SecretAccessKey" },
        { true, 200,
          "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\",\"Expiration\":\"2026-01-01T12:00:00Z\"}",
          ERR_TYPE, "the reply's credentials have expired" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trial t;
        if (rows[i].is_key)
            try_key(&t, rows[i].status, rows[i].body);
        else
            try_token(&t, rows[i].status, rows[i].body);
        assert_int_equal(t.err, rows[i].err);
        assert_string_equal(t.f.text, rows[i].says);
        assert_true(!t.g.token.p && !t.g.key.id.p && !t.g.key.secret.p);
        arena_fini(&t.a);
    }
}

static void
a_reply_that_is_cut_is_no_grant(void **state)
{
    struct guard g;
    (void)state;
    guard_init(&g, sizeof key + sizeof token);
    for (size_t n = 0; n < sizeof token - 1; n++) {
        struct trial t;
        arena_init(&t.a, 1 << 16);
        assert_int_not_equal(
            grant_read_token(&t.g, 200, guard_end(&g, str_make(token, n)), &t.a, &t.f), ERR_OK);
        arena_fini(&t.a);
    }
    for (size_t n = 0; n < sizeof key - 1; n++) {
        struct trial t;
        arena_init(&t.a, 1 << 16);
        assert_int_not_equal(
            grant_read_key(&t.g, 200, guard_end(&g, str_make(key, n)), NOON, &t.a, &t.f), ERR_OK);
        arena_fini(&t.a);
    }
    guard_fini(&g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_comes_with_its_lifetime),
        cmocka_unit_test(a_key_comes_with_its_end),
        cmocka_unit_test(what_is_not_a_grant_says_why),
        cmocka_unit_test(a_reply_that_is_cut_is_no_grant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
