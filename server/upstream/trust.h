/* Which authorities a call trusts: one struct trust for each CA file in use.
 *
 * curl can keep a parsed CA file itself, but does so once for each multi: 20 ms and 1 MB every time
 * a multi opens its first TLS connection.  Here the parsed store is made once and handed to curl.
 * TLS sessions are shared between multis for the same reason, but never between two CA files: a
 * resumed session is not verified again. */
#ifndef LLMUX_UPSTREAM_TRUST_H
#define LLMUX_UPSTREAM_TRUST_H

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "runtime/base/str.h"

struct trust {
    struct trust *next;
    char *file;        /* owned; PEM, NULL when there is none at all */
    X509_STORE *store; /* owned; made for the first TLS connection */
    SSL_CTX *client;   /* owned; of connections without curl, made for the first one */
    CURLSH *share;     /* owned; names and sessions */
};

struct trust_table {
    char *file;          /* owned; the default's, NULL: the system's */
    struct trust *first; /* owned; the default, then others as they come; NULL: nobody asked yet */
};

/* Begin with the default: this file, or the system's when it is absent.  False when memory is
 * short. */
bool trust_table_init(struct trust_table *t, struct str file);
/* No easy handle may use a share any more. */
void trust_table_fini(struct trust_table *t);
/* The trust for a CA file, absent for the default; NULL when memory is short.  libcurl must be
 * there (curl_library.h). */
struct trust *trust_find(struct trust_table *t, struct str file);
/* Have a connection that is about to be made trust so.  False when the file cannot be read. */
bool trust_apply(struct trust *t, SSL_CTX *tls);
/* The context for connections that are made without curl: TLS 1.2 or newer, ALPN http/1.1.  Sessions
 * go to *SSL_get_app_data, an SSL_SESSION pointer that owns what it points to.  NULL when the file
 * cannot be read or memory is short. */
SSL_CTX *trust_client(struct trust *t);

#endif
