/* OpenSSL on non-blocking sockets; see tls_conn.h. */
#include "server/wire/tls_conn.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_conn {
    SSL *ssl;    /* owned */
    bool failed; /* nothing may be sent any more, not even a farewell */
    char why[160];
};

struct tls_conn *
tls_conn_create(SSL_CTX *context, int fd)
{
    struct tls_conn *c = malloc(sizeof *c);
    if (!c)
        return NULL;
    *c = (struct tls_conn){ .ssl = SSL_new(context) };
    if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1) {
        tls_conn_destroy(c);
        ERR_clear_error();
        return NULL;
    }
    return c;
}

void
tls_conn_accept(struct tls_conn *c)
{
    SSL_set_accept_state(c->ssl);
}

void
tls_conn_destroy(struct tls_conn *c)
{
    SSL_free(c->ssl);
    free(c);
}

/* Is it an address, then that; else a name, which also goes into the hello. */
static bool
expect(SSL *ssl, const char *host)
{
    char bare[INET6_ADDRSTRLEN + 1];
    size_t n = strlen(host);
    if (host[0] == '[' && n >= 2 && n - 2 < sizeof bare) {
        memcpy(bare, host + 1, n - 2);
        bare[n - 2] = '\0';
        host = bare;
    }
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
        return true;
    ERR_clear_error();
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

bool
tls_conn_connect(struct tls_conn *c, const char *host, SSL_SESSION *session, void *owner)
{
    SSL_set_connect_state(c->ssl);
    SSL_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_app_data(c->ssl, owner);
    if (!expect(c->ssl, host))
        return false;
    return !session || SSL_set_session(c->ssl, session) == 1;
}

/* The reason, while OpenSSL's queue has it. */
static void
note_why(struct tls_conn *c)
{
    long verdict = SSL_get_verify_result(c->ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    if (verdict != X509_V_OK)
        snprintf(c->why, sizeof c->why, "certificate: %s", X509_verify_cert_error_string(verdict));
    else
        snprintf(c->why, sizeof c->why, "%s", reason ? reason : "");
}

static enum tls_conn_result
result(struct tls_conn *c, int r)
{
    switch (SSL_get_error(c->ssl, r)) {
    case SSL_ERROR_NONE:
        return TLS_CONN_OK;
    case SSL_ERROR_WANT_READ:
        return TLS_CONN_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_CONN_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CONN_EOF;
    default:
        c->failed = true;
        note_why(c);
        ERR_clear_error();
        return TLS_CONN_ERROR;
    }
}

const char *
tls_conn_why(const struct tls_conn *c)
{
    return c->why;
}

enum tls_conn_result
tls_conn_shake_hands(struct tls_conn *c)
{
    ERR_clear_error();
    return result(c, SSL_do_handshake(c->ssl));
}

enum tls_conn_result
tls_conn_read(struct tls_conn *c, char *p, size_t n, size_t *moved)
{
    *moved = 0;
    ERR_clear_error();
    return result(c, SSL_read_ex(c->ssl, p, n, moved));
}

enum tls_conn_result
tls_conn_write(struct tls_conn *c, const char *p, size_t n, size_t *moved)
{
    *moved = 0;
    ERR_clear_error();
    return result(c, SSL_write_ex(c->ssl, p, n, moved));
}

bool
tls_conn_pending(const struct tls_conn *c)
{
    return SSL_has_pending(c->ssl);
}

void
tls_conn_close(struct tls_conn *c)
{
    if (c->failed || !SSL_is_init_finished(c->ssl))
        return;
    ERR_clear_error();
    SSL_shutdown(c->ssl);
    ERR_clear_error();
    c->failed = true;
}
