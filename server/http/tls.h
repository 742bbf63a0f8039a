/* TLS for the front: TLS 1.2 and 1.3, ALPN http/1.1, session tickets. */
#ifndef LLMUX_HTTP_TLS_H
#define LLMUX_HTTP_TLS_H

#include "runtime/base/err.h"
#include "server/wire/tls_conn.h"

struct http_tls; /* certificate and key; any number of servers may share it */

/* Read a PEM certificate chain and its key.  Returns NULL with the reason in f.  Makes the process
 * ignore SIGPIPE, which OpenSSL would otherwise cause.  A certificate is renewed by creating
 * another and destroying this one when no listener uses it; connections keep what they need. */
struct http_tls *http_tls_create(const char *cert_file, const char *key_file, struct fault *f);
void http_tls_destroy(struct http_tls *t);

/* The server side of a connection on fd, which stays the caller's.  NULL when memory ran out. */
struct tls_conn *http_tls_accept(struct http_tls *t, int fd);

#endif
