/* One TLS connection on a non-blocking socket, of either side. */
#ifndef LLMUX_WIRE_TLS_CONN_H
#define LLMUX_WIRE_TLS_CONN_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct tls_conn;

enum tls_conn_result {
    TLS_CONN_OK,         /* some bytes were moved */
    TLS_CONN_WANT_READ,  /* call again when the socket is readable */
    TLS_CONN_WANT_WRITE, /* call again when the socket is writable */
    TLS_CONN_EOF,        /* the peer closed, with or without a close_notify */
    TLS_CONN_ERROR,
};

/* A connection on fd, which stays the caller's; then say which side it is.  NULL when memory ran
 * out. */
struct tls_conn *tls_conn_create(SSL_CTX *context, int fd);
void tls_conn_destroy(struct tls_conn *c);
/* The server's side. */
void tls_conn_accept(struct tls_conn *c);
/* The client's side: the peer must show a certificate for this host, a name or an address (IPv6 with
 * or without brackets).  session, borrowed and maybe NULL, is tried; owner is what SSL_get_app_data
 * tells callbacks of the context.  False when memory ran out. */
bool tls_conn_connect(struct tls_conn *c, const char *host, SSL_SESSION *session, void *owner);
/* Go on with the handshake; OK when it is through.  The functions below do so too. */
enum tls_conn_result tls_conn_shake_hands(struct tls_conn *c);
/* Move up to n bytes of plain text; *moved says how many.  The handshake happens inside. */
enum tls_conn_result tls_conn_read(struct tls_conn *c, char *p, size_t n, size_t *moved);
enum tls_conn_result tls_conn_write(struct tls_conn *c, const char *p, size_t n, size_t *moved);
/* Why it failed, after TLS_CONN_ERROR; "" when OpenSSL does not tell. */
const char *tls_conn_why(const struct tls_conn *c);
/* Is there input that the socket will not announce, because it was already read from it? */
bool tls_conn_pending(const struct tls_conn *c);
/* Send close_notify, as far as the socket takes it without waiting. */
void tls_conn_close(struct tls_conn *c);

#endif
