/* OpenSSL on non-blocking sockets. */
#include "server/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>

struct http_tls {
    SSL_CTX *context; /* owned */
};

/* The client's list of length-prefixed names must have http/1.1, if there is a list. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
                unsigned int in_n, void *arg)
{
    (void)ssl, (void)arg;
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n)
        != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void
configure(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* A write is retried with whatever the output buffer then holds, at wherever it then lies. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                  | SSL_MODE_RELEASE_BUFFERS);
    /* Sessions live in tickets, which all workers can read, and not here. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"llmux", 5);
    SSL_CTX_set_num_tickets(context, 1);
    /* One system call for a record's header and body. */
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
}

static struct http_tls *
refuse(SSL_CTX *context, struct fault *f, const char *what, const char *file)
{
    unsigned long e = ERR_get_error();
    const char *why = ERR_reason_error_string(e);
    fault_set(f, ERR_TYPE, 0, "tls: %s %s: %s", what, file, why ? why : "unknown reason");
    ERR_clear_error();
    SSL_CTX_free(context);
    return NULL;
}

struct http_tls *
http_tls_create(const char *cert_file, const char *key_file, struct fault *f)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return refuse(NULL, f, "no context for", cert_file);
    configure(context);
    if (SSL_CTX_use_certificate_chain_file(context, cert_file) != 1)
        return refuse(context, f, "certificate", cert_file);
    if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1)
        return refuse(context, f, "key", key_file);
    if (SSL_CTX_check_private_key(context) != 1)
        return refuse(context, f, "key does not fit the certificate:", key_file);
    struct http_tls *t = malloc(sizeof *t);
    if (!t)
        return refuse(context, f, "no memory for", cert_file);
    t->context = context;
    signal(SIGPIPE, SIG_IGN);
    return t;
}

void
http_tls_destroy(struct http_tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->context);
    free(t);
}

struct tls_conn *
http_tls_accept(struct http_tls *t, int fd)
{
    struct tls_conn *c = tls_conn_create(t->context, fd);
    if (c)
        tls_conn_accept(c);
    return c;
}
