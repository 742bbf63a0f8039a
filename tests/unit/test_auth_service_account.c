/* Service accounts: their files, and the assertions that they sign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "runtime/base/base64.h"
#include "runtime/json/writer.h"
#include "server/auth/service_account.h"

/* A file with a key of its own. */
struct file {
    EVP_PKEY *key;
    struct buf json;
    struct arena a;
};

static void
put(struct jw *w, const char *key, struct str value)
{
    jw_key(w, str_from(key));
    jw_string(w, value);
}

static int
open_file(void **state)
{
    static struct file f;
    struct jw w;
    char *pem;
    BIO *bio = BIO_new(BIO_s_mem());
    f.key = EVP_RSA_gen(2048);
    assert_non_null(f.key);
    assert_int_equal(PEM_write_bio_PrivateKey(bio, f.key, NULL, NULL, 0, NULL, NULL), 1);
    size_t n = (size_t)BIO_get_mem_data(bio, &pem);
    arena_init(&f.a, 1 << 20);
    buf_init(&f.json, 1 << 16);
    jw_init(&w, &f.json);
    jw_object(&w);
    put(&w, "type", STR("service_account"));
    put(&w, "private_key_id", STR("kid-1"));
    put(&w, "private_key", str_make(pem, n));
    put(&w, "client_email", STR("me@project.example"));
    put(&w, "token_uri", STR("https://oauth.example/token"));
    jw_close(&w);
    BIO_free(bio);
    *state = &f;
    return 0;
}

static int
close_file(void **state)
{
    struct file *f = *state;
    EVP_PKEY_free(f->key);
    buf_fini(&f->json);
    arena_fini(&f->a);
    return 0;
}

static struct str
take_part(struct str *rest)
{
    const char *dot = memchr(rest->p, '.', rest->n);
    struct str part = str_make(rest->p, dot ? (size_t)(dot - rest->p) : rest->n);
    *rest = str_skip(*rest, part.n + 1);
    return part;
}

static void
expect_decoded(struct str part, const char *want)
{
    struct buf b;
    buf_init(&b, 4096);
    assert_null(memchr(part.p, '=', part.n));
    assert_null(memchr(part.p, '+', part.n));
    assert_true(base64_decode(&b, part));
    if (!str_is(buf_str(&b), want))
        fail_msg("%.*s", STR_ARG(buf_str(&b)));
    buf_fini(&b);
}

static void
an_assertion_says_who_and_what_for_and_is_signed(void **state)
{
    struct file *f = *state;
    struct service_account s;
    struct fault why;
    struct buf out, signature;
    assert_int_equal(service_account_read(&s, buf_str(&f->json), &f->a, &why), ERR_OK);
    assert_true(str_is(s.token_url, "https://oauth.example/token"));
    buf_init(&out, 8192);
    buf_init(&signature, 1024);
    assert_int_equal(service_account_assert(&s, STR("https://scope.example/all"), 1700000000, &out),
                     ERR_OK);
    struct str rest = buf_str(&out), head = take_part(&rest), claims = take_part(&rest);
    expect_decoded(head, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"kid-1\"}");
    expect_decoded(claims,
                   "{\"iss\":\"me@project.example\",\"scope\":\"https://scope.example/all\","
                   "\"aud\":\"https://oauth.example/token\",\"iat\":1700000000,"
                   "\"exp\":1700003600}");
    assert_true(base64_decode(&signature, rest));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, f->key), 1);
    assert_int_equal(EVP_DigestVerify(ctx, (unsigned char *)signature.p, signature.n,
                                      (const unsigned char *)out.p, head.n + 1 + claims.n),
                     1);
    EVP_MD_CTX_free(ctx);
    buf_fini(&out);
    buf_fini(&signature);
    service_account_fini(&s);
}

static void
a_file_that_does_not_serve_says_why(void **state)
{
    static const char *const rows[][2] = {
        { "-----BEGIN PRIVATE KEY-----", "it is not JSON" },
        { "[]", "it is not an object" },
        { "{}", "client_email is missing" },
        { "{\"client_email\":\"a\"}", "private_key is missing" },
        { "{\"client_email\":\"a\",\"private_key\":\"secret\"}", "token_uri is missing" },
        { "{\"client_email\":\"a\",\"private_key\":\"secret\",\"token_uri\":\"u\"}",
          "private_key is not an RSA key in PEM" },
        { "{\"type\":\"external_account\",\"client_email\":\"a\"}",
          "it is of type external_account, and only service_account and authorized_user are "
          "supported" },
        { "{\"type\":\"authorized_user\"}", "client_id is missing" },
        { "{\"type\":\"authorized_user\",\"client_id\":\"a\"}", "client_secret is missing" },
        { "{\"type\":\"authorized_user\",\"client_id\":\"a\",\"client_secret\":\"b\"}",
          "refresh_token is missing" },
    };
    struct file *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct service_account s;
        struct fault why;
        assert_int_not_equal(service_account_read(&s, str_from(rows[i][0]), &f->a, &why), ERR_OK);
        assert_string_equal(why.text, rows[i][1]);
        service_account_fini(&s);
    }
}

static void
a_user_has_something_to_renew_tokens_with(void **state)
{
    struct file *f = *state;
    struct service_account s;
    struct fault why;
    assert_int_equal(
        service_account_read(&s,
                             STR("{\"type\":\"authorized_user\",\"client_id\":\"id\","
                                 "\"client_secret\":\"hush\",\"refresh_token\":\"1//r\"}"),
                             &f->a, &why),
        ERR_OK);
    assert_true(str_is(s.client_id, "id") && str_is(s.client_secret, "hush"));
    assert_true(str_is(s.refresh_token, "1//r"));
    assert_null(s.token_url.p);
    assert_null(s.key);
    service_account_fini(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assertion_says_who_and_what_for_and_is_signed),
        cmocka_unit_test(a_file_that_does_not_serve_says_why),
        cmocka_unit_test(a_user_has_something_to_renew_tokens_with),
    };
    return cmocka_run_group_tests(tests, open_file, close_file);
}
