/* Listening sockets over TCP: addresses, sharing, the cap of connections, resets, and TLS. */
#include "tests/unit/test_http_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/resource.h>

#include "server/http/listener.h"
#include "server/http/tls.h"

#define HOST    "Host: h\r\n"
#define OK      "HTTP/1.1 200 OK\r\n"
#define GET_A   "GET /a HTTP/1.1\r\n" HOST "\r\n"
#define REPLY_A OK "Content-Length: 2\r\n\r\n/a"

static void
addresses_are_read_and_real_ports_reported(void **state)
{
    (void)state;
    static const struct {
        const char *text, *real;
    } rows[] = {
        { "127.0.0.1:0", "127.0.0.1:" },
        { "localhost:0", NULL },
        { "0.0.0.0:0", "0.0.0.0:" },
        { ":0", NULL },
        { "*:0", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char real[HTTP_ADDRESS_TEXT];
        struct fault f;
        int fd = http_listen(str_from(rows[i].text), HTTP_LISTEN_ALONE, real, &f);
        if (fd < 0)
            fail_msg("%s: %s", rows[i].text, f.text);
        if (rows[i].real)
            assert_memory_equal(real, rows[i].real, strlen(rows[i].real));
        assert_true(atoi(strrchr(real, ':') + 1) > 0);
        close(fd);
    }
}

static void
what_is_no_address_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",       "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
        "::1:80", "[::1]",     "[::1:80",    "[]]:80",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault f = { .text = "" };
        assert_int_equal(http_listen(str_from(rows[i]), HTTP_LISTEN_ALONE, NULL, &f), -1);
        assert_memory_equal(f.text, "listen: ", 8);
    }
}

static void
workers_share_a_port_and_strangers_do_not(void **state)
{
    (void)state;
    char real[HTTP_ADDRESS_TEXT];
    struct fault f;
    int first = http_listen(STR("127.0.0.1:0"), HTTP_LISTEN_ALONE, real, &f);
    assert_true(first >= 0);
    int second = http_listen(str_from(real), HTTP_LISTEN_SHARED, NULL, &f);
    assert_true(second >= 0);
    assert_int_equal(http_listen(str_from(real), HTTP_LISTEN_ALONE, NULL, &f), -1);
    assert_non_null(strstr(f.text, "in use"));
    close(first);
    close(second);
}

static int
connect_to(int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* A server that listens; returns its port. */
static int
listen_on(struct rig *r, struct http_tls *tls)
{
    char real[HTTP_ADDRESS_TEXT];
    struct fault f;
    r->server = http_server_create(r->base, &r->limits, &r->handler);
    int fd = http_listen(STR("127.0.0.1:0"), HTTP_LISTEN_ALONE, real, &f);
    assert_true(fd >= 0);
    assert_int_equal(http_listener_create(r->server, fd, tls), ERR_OK);
    return atoi(strrchr(real, ':') + 1);
}

/* Make another connection the rig's; returns the one before. */
static int
switch_to(struct rig *r, int fd)
{
    int before = r->fd;
    r->fd = fd;
    rig_forget(r);
    return before;
}

static void
connections_are_accepted_and_know_their_peer(void **state)
{
    struct rig *r = *state;
    int port = listen_on(r, NULL);
    switch_to(r, connect_to(port));
    rig_send(r, STR(GET_A));
    rig_expect(r, REPLY_A);
    assert_string_equal(r->peer, "127.0.0.1");
    assert_int_equal(http_server_stats(r->server)->accepted, 1);
}

static void
a_reset_client_is_gone_once(void **state)
{
    struct rig *r = *state;
    switch_to(r, connect_to(listen_on(r, NULL)));
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    while (!r->x)
        rig_wait(r, 1, 1);
    struct linger now = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    rig_close(r);
    int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
    while (!r->gone && rig_now_ms() < end)
        rig_turn(r);
    assert_int_equal(r->gone, 1);
}

static void
aborts_that_must_be_seen_are_resets(void **state)
{
    struct rig *r = *state;
    int port = listen_on(r, NULL);
    /* The end of the connection is the end of this body, so a plain close would look like
     * success. */
    switch_to(r, connect_to(port));
    rig_send(r, STR("GET /later HTTP/1.0\r\n\r\n"));
    while (!r->x)
        rig_wait(r, 1, 1);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    http_reply_body(r->x, STR("half"));
    http_reply_abort(r->x, HTTP_ABORT_CLOSE);
    rig_wait(r, SIZE_MAX, RIG_PATIENCE_MS);
    assert_true(r->reset && !r->eof);
    rig_close(r);
    switch_to(r, connect_to(port));
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    r->x = NULL;
    while (!r->x)
        rig_wait(r, 1, 1);
    http_reply_abort(r->x, HTTP_ABORT_RESET);
    rig_wait(r, SIZE_MAX, RIG_PATIENCE_MS);
    assert_true(r->reset && !r->eof);
}

static void
a_destroyed_server_does_not_pretend_that_a_reply_was_complete(void **state)
{
    struct rig *r = *state;
    switch_to(r, connect_to(listen_on(r, NULL)));
    rig_send(r, STR("GET /later HTTP/1.0\r\n\r\n"));
    while (!r->x)
        rig_wait(r, 1, 1);
    http_reply_begin(r->x, 200, NULL, 0, HTTP_LENGTH_UNKNOWN);
    http_reply_body(r->x, STR("half"));
    rig_turn(r);
    http_server_destroy(r->server);
    r->server = NULL;
    rig_wait(r, SIZE_MAX, RIG_PATIENCE_MS);
    assert_true(r->reset && !r->eof);
    assert_int_equal(r->gone, 1);
}

static void
at_the_cap_the_longest_idle_connection_makes_room(void **state)
{
    struct rig *r = *state;
    r->limits.max_connections = 2;
    int port = listen_on(r, NULL), fd[3];
    for (int i = 0; i < 3; i++) {
        switch_to(r, connect_to(port));
        rig_send(r, STR(GET_A));
        rig_expect(r, REPLY_A);
        fd[i] = switch_to(r, -1);
    }
    switch_to(r, fd[0]);
    rig_expect_end(r);
    rig_close(r);
    for (int i = 1; i < 3; i++) {
        switch_to(r, fd[i]);
        rig_send(r, STR(GET_A));
        rig_expect(r, REPLY_A);
        rig_close(r);
    }
}

static void
at_the_cap_new_connections_wait_while_all_are_busy(void **state)
{
    struct rig *r = *state;
    r->limits.max_connections = 1;
    int port = listen_on(r, NULL);
    switch_to(r, connect_to(port));
    rig_send(r, STR("GET /later HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    while (!r->x)
        rig_wait(r, 1, 1);
    int busy = switch_to(r, connect_to(port));
    rig_send(r, STR(GET_A));
    rig_wait(r, 1, 20);
    assert_int_equal(r->got.n, 0);
    assert_true(http_server_stats(r->server)->accept_errors > 0);
    http_reply(r->x, 200, NULL, 0, STR("x"));
    rig_expect(r, REPLY_A);
    close(busy);
}

static void
running_out_of_descriptors_is_survived(void **state)
{
    struct rig *r = *state;
    int port = listen_on(r, NULL);
    switch_to(r, connect_to(port));
    rig_send(r, STR(GET_A));
    rig_expect(r, REPLY_A);
    int idle = switch_to(r, connect_to(port));
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)r->fd; /* no new descriptor is below this */
    setrlimit(RLIMIT_NOFILE, &none);
    rig_send(r, STR(GET_A));
    rig_wait(r, 1, 20);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_true(http_server_stats(r->server)->accept_errors > 0);
    rig_expect(r, REPLY_A);
    close(idle);
}

static void
a_drain_serves_what_the_kernel_had_accepted(void **state)
{
    struct rig *r = *state;
    int port = listen_on(r, NULL);
    switch_to(r, connect_to(port));
    rig_send(r, STR(GET_A));
    http_server_drain(r->server, NULL, NULL);
    rig_expect(r, OK "Content-Length: 2\r\nConnection: close\r\n\r\n/a");
    rig_expect_end(r);
    struct sockaddr_in a = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), -1);
    close(fd);
}

/* A key and a certificate signed by itself, as files. */
struct identity {
    char cert[64], key[64];
};

static void
write_pem(char *path, EVP_PKEY *key, X509 *cert)
{
    strcpy(path, "/tmp/llmux-test-XXXXXX");
    FILE *f = fdopen(mkstemp(path), "w");
    if (cert)
        PEM_write_X509(f, cert);
    else
        PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

static void
make_identity(struct identity *id)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    const unsigned char *host = (const unsigned char *)"localhost";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_sign(cert, key, EVP_sha256());
    write_pem(id->cert, key, cert);
    write_pem(id->key, key, NULL);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void
drop_identity(const struct identity *id)
{
    unlink(id->cert);
    unlink(id->key);
}

/* A TLS client on the rig's socket. */
static SSL *
tls_client(struct rig *r, SSL_CTX *context, int port, SSL_SESSION *session)
{
    switch_to(r, connect_to(port));
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, r->fd);
    SSL_set_connect_state(ssl);
    if (session)
        SSL_set_session(ssl, session);
    return ssl;
}

/* Repeat what a client wants to do while the server works; false on a TLS error. */
static bool
tls_step(struct rig *r, SSL *ssl, int result)
{
    int e = SSL_get_error(ssl, result);
    if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
        return false;
    rig_turn(r);
    struct pollfd p = { .fd = r->fd, .events = POLLIN };
    poll(&p, 1, 1);
    return true;
}

static void
tls_send(struct rig *r, SSL *ssl, struct str s)
{
    while (s.n) {
        size_t n = 0;
        int k = SSL_write_ex(ssl, s.p, s.n, &n);
        if (k != 1 && !tls_step(r, ssl, k))
            fail_msg("cannot send");
        s = str_skip(s, n);
    }
}

/* Receive into the rig's buffer until it holds n bytes, or the end. */
static void
tls_receive(struct rig *r, SSL *ssl, size_t n)
{
    int64_t end = rig_now_ms() + RIG_PATIENCE_MS;
    while (r->got.n < n && !r->eof && rig_now_ms() < end) {
        size_t got = 0;
        int k = SSL_read_ex(ssl, buf_room(&r->got, 65536), 65536, &got);
        r->got.n += got;
        if (k != 1 && !tls_step(r, ssl, k))
            r->eof = true;
    }
}

static void
tls_expect(struct rig *r, SSL *ssl, const char *want)
{
    tls_receive(r, ssl, strlen(want) + 37 * rig_dates(want));
    char *text = rig_text(r);
    assert_string_equal(text, want);
    free(text);
    buf_clear(&r->got);
}

static struct http_tls *
make_tls(void)
{
    struct identity id;
    struct fault f;
    make_identity(&id);
    struct http_tls *t = http_tls_create(id.cert, id.key, &f);
    if (!t)
        fail_msg("%s", f.text);
    drop_identity(&id);
    return t;
}

static void
check_tls(struct rig *r, int version)
{
    struct http_tls *t = make_tls();
    int port = listen_on(r, t);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    SSL_SESSION *session = NULL;
    for (int i = 0; i < 3; i++) {
        SSL *ssl = tls_client(r, context, port, session);
        tls_send(r, ssl, STR(GET_A));
        tls_expect(r, ssl, REPLY_A);
        tls_send(r, ssl, STR(GET_A "GET /later HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
        tls_expect(r, ssl, REPLY_A);
        assert_true(http_exchange_is_tls(r->x));
        http_reply(r->x, 200, NULL, 0, STR("x"));
        tls_expect(r, ssl, OK "Content-Length: 1\r\nConnection: close\r\n\r\nx");
        tls_receive(r, ssl, 1);
        assert_true(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
        const unsigned char *protocol;
        unsigned n;
        SSL_get0_alpn_selected(ssl, &protocol, &n);
        assert_true(str_is(str_make((const char *)protocol, n), "http/1.1"));
        assert_int_equal(SSL_session_reused(ssl), i > 0);
        SSL_SESSION_free(session);
        session = SSL_get1_session(ssl);
        SSL_shutdown(ssl); /* else OpenSSL thinks badly of the session */
        SSL_free(ssl);
        rig_close(r);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    http_server_destroy(r->server);
    r->server = NULL;
    http_tls_destroy(t);
}

static void
tls_1_3_carries_requests_and_resumes(void **state)
{
    check_tls(*state, TLS1_3_VERSION);
}

static void
tls_1_2_carries_requests_and_resumes(void **state)
{
    check_tls(*state, TLS1_2_VERSION);
}

static void
large_bodies_pass_through_tls(void **state)
{
    struct rig *r = *state;
    struct http_tls *t = make_tls();
    int port = listen_on(r, t);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL *ssl = tls_client(r, context, port, NULL);
    size_t n = 1000 * 1000 + 3;
    char *body = malloc(n), head[200];
    memset(body, 'b', n);
    snprintf(head, sizeof head, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", n);
    tls_send(r, ssl, str_from(head));
    tls_send(r, ssl, str_make(body, n));
    tls_receive(r, ssl, n + 100);
    const char *at = memmem(r->got.p, r->got.n, "\r\n\r\n", 4);
    assert_non_null(at);
    tls_receive(r, ssl, (size_t)(at + 4 - r->got.p) + n);
    assert_memory_equal(r->got.p + r->got.n - n, body, n);
    free(body);
    SSL_free(ssl);
    SSL_CTX_free(context);
    http_server_destroy(r->server);
    r->server = NULL;
    http_tls_destroy(t);
}

static void
a_client_that_offers_only_other_protocols_is_refused(void **state)
{
    struct rig *r = *state;
    struct http_tls *t = make_tls();
    int port = listen_on(r, t);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
    SSL *ssl = tls_client(r, context, port, NULL);
    int k;
    while ((k = SSL_do_handshake(ssl)) != 1 && tls_step(r, ssl, k))
        ;
    assert_int_not_equal(k, 1);
    SSL_free(ssl);
    SSL_CTX_free(context);
    /* Nor is plain text understood, nor silence waited for. */
    switch_to(r, connect_to(port));
    rig_send(r, STR(GET_A));
    rig_wait(r, SIZE_MAX, RIG_PATIENCE_MS);
    assert_true(r->eof || r->reset);
    http_server_destroy(r->server);
    r->server = NULL;
    http_tls_destroy(t);
}

static void
bad_certificate_files_are_reported(void **state)
{
    (void)state;
    struct identity a, b;
    struct fault f;
    make_identity(&a);
    make_identity(&b);
    assert_null(http_tls_create("/nonexistent", a.key, &f));
    assert_non_null(strstr(f.text, "/nonexistent"));
    assert_null(http_tls_create(a.cert, b.key, &f));
    assert_non_null(strstr(f.text, b.key));
    assert_null(http_tls_create(a.cert, a.cert, &f));
    drop_identity(&a);
    drop_identity(&b);
}

static void
a_socket_that_cannot_be_watched_is_no_listener(void **state)
{
    struct rig *r = *state;
    rig_connect(r);
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_return_code(fd, 0);
    assert_int_equal(http_listener_create(r->server, fd, NULL), ERR_MEMORY);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_real_ports_reported),
        cmocka_unit_test(what_is_no_address_is_refused_with_a_reason),
        cmocka_unit_test(workers_share_a_port_and_strangers_do_not),
        RIG_TEST(connections_are_accepted_and_know_their_peer),
        RIG_TEST(a_reset_client_is_gone_once),
        RIG_TEST(aborts_that_must_be_seen_are_resets),
        RIG_TEST(a_destroyed_server_does_not_pretend_that_a_reply_was_complete),
        RIG_TEST(at_the_cap_the_longest_idle_connection_makes_room),
        RIG_TEST(at_the_cap_new_connections_wait_while_all_are_busy),
        RIG_TEST(running_out_of_descriptors_is_survived),
        RIG_TEST(a_drain_serves_what_the_kernel_had_accepted),
        RIG_TEST(tls_1_3_carries_requests_and_resumes),
        RIG_TEST(tls_1_2_carries_requests_and_resumes),
        RIG_TEST(large_bodies_pass_through_tls),
        RIG_TEST(a_client_that_offers_only_other_protocols_is_refused),
        RIG_TEST(a_socket_that_cannot_be_watched_is_no_listener),
        cmocka_unit_test(bad_certificate_files_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
