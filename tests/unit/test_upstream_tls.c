/* The upstream client over TLS and through proxies. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/caller.h"

/* A server with a certificate of its own for 127.0.0.1, and the file to trust it by. */
struct secure {
    struct world w;
    SSL_CTX *tls;
    char ca_file[32];
};

static X509 *
self_signed(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"llmux test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(x, san, -1);
    X509_EXTENSION_free(san);
    X509_sign(x, key, EVP_sha256());
    return x;
}

static int
setup(void **state)
{
    struct secure *s = calloc(1, sizeof *s);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = self_signed(key);
    s->tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(s->tls, cert);
    SSL_CTX_use_PrivateKey(s->tls, key);
    strcpy(s->ca_file, "/tmp/test_upstream_XXXXXX");
    FILE *f = fdopen(mkstemp(s->ca_file), "w");
    PEM_write_X509(f, cert);
    fclose(f);
    X509_free(cert);
    EVP_PKEY_free(key);
    world_init(&s->w, s->tls, NULL);
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct secure *s = *state;
    world_fini(&s->w);
    SSL_CTX_free(s->tls);
    unlink(s->ca_file);
    free(s);
    return 0;
}

static struct upstream_request
secure_request(struct secure *s, char url[64])
{
    struct upstream_request req = request_to(&s->w, url);
    snprintf(url, 64, "https://127.0.0.1:%u/v1/x", s->w.port);
    req.url = str_from(url);
    req.ca_file = str_from(s->ca_file);
    return req;
}

static void
upstream_speaks_tls_and_resumes_sessions(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct upstream_request req = secure_request(s, url);
    for (int i = 0; i < 6; i++) {
        caller_run(&c, &s->w, &req);
        assert_string_equal(c.message, "");
        assert_body(&c, "hello");
        assert_int_equal(c.report.reused, i % 2);
        caller_fini(&c);
        if (i % 2) {
            scripted_close_idle(s->w.server);
            run_for(&s->w, 2);
        }
    }
    assert_int_equal(scripted_seen(s->w.server)->connections, 3);
    assert_int_equal(SSL_CTX_sess_hits(s->tls), 2);
}

/* What OpenSSL holds back is not announced by the socket. */
static void
upstream_reads_all_that_has_come_over_tls(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct upstream_request req = secure_request(s, url);
    req.deadlines.idle_ms = 3000;
    scripted_set(s->w.server,
                 SCRIPTS(STEPS(SEND("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n"),
                               { STEP_FILL, 0, 4000000 })));
    for (unsigned i = 0; i < 3; i++) {
        caller_run(&c, &s->w, &req);
        assert_string_equal(c.message, "");
        assert_int_equal(c.body.n, 4000000);
        caller_fini(&c);
    }
}

/* An idle connection dies so late that a first one should have been made long ago: the second has its own time. */
static void
upstream_keeps_the_connect_deadline_of_a_second_connection(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct upstream_request req = secure_request(s, url);
    req.deadlines = (struct upstream_deadlines){ .connect_ms = 300, .total_ms = 8000 };
    for (unsigned ignores = 0; ignores < 2; ignores++) {
        scripted_set(s->w.server, SCRIPTS(hello, STEPS(WAIT(400), CLOSE), hello));
        caller_run(&c, &s->w, &req);
        assert_body(&c, "hello");
        caller_fini(&c);
        if (ignores)
            scripted_ignore_new(s->w.server);
        caller_run(&c, &s->w, &req);
        assert_int_equal(c.report.result, ignores ? UPSTREAM_TIMEOUT_CONNECT : UPSTREAM_OK);
        assert_in_range(c.report.total_us / 1000, ignores ? 600 : 300, 5000);
        caller_fini(&c);
    }
}

static void
upstream_trusts_only_what_the_request_names(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct upstream_request req = secure_request(s, url);
    for (int i = 0; i < 2; i++) {
        caller_run(&c, &s->w, &req);
        assert_int_equal(c.report.result, UPSTREAM_OK);
        caller_fini(&c);
        struct upstream_request other = req;
        other.ca_file = (struct str){ 0 }; /* an idle connection waits, but was trusted by others */
        caller_run(&c, &s->w, &other);
        assert_int_equal(c.report.result, UPSTREAM_TLS);
        assert_non_null(strstr(c.message, "certificate"));
        assert_false(c.report.sent);
        assert_int_equal(c.status, 0);
        caller_fini(&c);
    }
}

static void
upstream_checks_the_host_name(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct upstream_request req = secure_request(s, url);
    snprintf(url, sizeof url, "https://localhost:%u/", s->w.port);
    req.url = str_from(url);
    caller_run(&c, &s->w, &req);
    assert_int_equal(c.report.result, UPSTREAM_TLS);
    caller_fini(&c);
}

static void
upstream_reports_a_ca_file_that_is_none(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct upstream_request req = secure_request(s, url);
    req.ca_file = STR("/nowhere/ca.pem");
    caller_run(&c, &s->w, &req);
    assert_int_equal(c.report.result, UPSTREAM_TLS);
    assert_non_null(strstr(c.message, "/nowhere/ca.pem"));
    caller_fini(&c);
}

static void
upstream_reports_a_server_without_tls(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct scripted *plain = scripted_create(s->w.base, NULL, SCRIPTS(hello));
    struct upstream_request req = secure_request(s, url);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", scripted_port(plain));
    req.url = str_from(url);
    req.deadlines.connect_ms = 50; /* it waits for the rest of a request */
    caller_run(&c, &s->w, &req);
    assert_int_equal(c.report.result, UPSTREAM_TIMEOUT_CONNECT);
    caller_fini(&c);
    scripted_destroy(plain);
}

static void
upstream_sends_large_bodies_over_tls(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64];
    struct upstream_request req = secure_request(s, url);
    static char body[3000000];
    for (size_t n = 60000; n <= sizeof body; n *= 7) {
        req.body = str_make(body, n);
        caller_run(&c, &s->w, &req);
        assert_int_equal(c.report.result, UPSTREAM_OK);
        assert_int_equal(scripted_seen(s->w.server)->body, n);
        caller_fini(&c);
    }
}

static void
upstream_uses_the_proxy_it_is_told_of(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64], proxy[64], line[128];
    struct scripted *p = scripted_create(s->w.base, NULL, SCRIPTS(hello));
    struct upstream_request req = secure_request(s, url);
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* does not count */
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", scripted_port(p));
    req.url = STR("http://api.invalid/v1");
    req.proxy = str_from(proxy);
    caller_run(&c, &s->w, &req);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    snprintf(line, sizeof line, "POST http://api.invalid/v1 HTTP/1.1\r\nHost: api.invalid\r\n");
    assert_true(str_starts(buf_str(&scripted_seen(p)->request), str_from(line)));
    caller_fini(&c);
    scripted_destroy(p);
    unsetenv("http_proxy");
}

static void
upstream_reports_a_proxy_that_refuses(void **state)
{
    struct secure *s = *state;
    struct caller c;
    char url[64], proxy[64];
    struct scripted *p = scripted_create(
        s->w.base, NULL, SCRIPTS(STEPS(SEND("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))));
    struct upstream_request req = secure_request(s, url);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", scripted_port(p));
    req.proxy = str_from(proxy);
    caller_run(&c, &s->w, &req);
    assert_int_equal(c.report.result, UPSTREAM_PROXY);
    assert_int_equal(c.heads, 0);
    assert_int_equal(c.status, 0);
    caller_fini(&c);
    req.proxy = (struct str){ 0 }; /* the next call knows nothing of the proxy */
    caller_run(&c, &s->w, &req);
    assert_int_equal(c.report.result, UPSTREAM_OK);
    caller_fini(&c);
    scripted_destroy(p);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(upstream_speaks_tls_and_resumes_sessions),
        T(upstream_reads_all_that_has_come_over_tls),
        T(upstream_keeps_the_connect_deadline_of_a_second_connection),
        T(upstream_trusts_only_what_the_request_names),
        T(upstream_checks_the_host_name),
        T(upstream_reports_a_ca_file_that_is_none),
        T(upstream_reports_a_server_without_tls),
        T(upstream_sends_large_bodies_over_tls),
        T(upstream_uses_the_proxy_it_is_told_of),
        T(upstream_reports_a_proxy_that_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
