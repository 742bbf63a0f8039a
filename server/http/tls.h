/* TLS for the front: TLS 1.2 and 1.3, ALPN http/1.1, session tickets. */
#ifndef LLMUX_HTTP_TLS_H
#define LLMUX_HTTP_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/err.h"

struct http_tls;      /* certificate and key; any number of servers may share it */
struct http_tls_conn; /* one connection's state */

/* Read a PEM certificate chain and its key.  Returns NULL with the reason in f.  Makes the process
 * ignore SIGPIPE, which OpenSSL would otherwise cause.  A certificate is renewed by creating
 * another and destroying this one when no listener uses it; connections keep what they need. */
struct http_tls *http_tls_create(const char *cert_file, const char *key_file, struct fault *f);
void http_tls_destroy(struct http_tls *t);

/* What follows is for conn.c. */

enum http_tls_result {
    HTTP_TLS_OK,         /* some bytes were moved */
    HTTP_TLS_WANT_READ,  /* call again when the socket is readable */
    HTTP_TLS_WANT_WRITE, /* call again when the socket is writable */
    HTTP_TLS_EOF,        /* the peer closed, with or without a close_notify */
    HTTP_TLS_ERROR,
};

/* The server side of a connection on fd, which stays the caller's.  NULL when memory ran out. */
struct http_tls_conn *http_tls_conn_create(struct http_tls *t, int fd);
void http_tls_conn_destroy(struct http_tls_conn *c);
/* Move up to n bytes of plain text; *moved says how many.  The handshake happens inside. */
enum http_tls_result http_tls_read(struct http_tls_conn *c, char *p, size_t n, size_t *moved);
enum http_tls_result
http_tls_write(struct http_tls_conn *c, const char *p, size_t n, size_t *moved);
/* Is there input that the socket will not announce, because it was already read from it? */
bool http_tls_pending(const struct http_tls_conn *c);
/* Send close_notify, as far as the socket takes it without waiting. */
void http_tls_close(struct http_tls_conn *c);

#endif
