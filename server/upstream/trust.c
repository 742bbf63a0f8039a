/* Parsed CA files; see trust.h. */
#include "server/upstream/trust.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char system_file[] = "/etc/ssl/certs/ca-certificates.crt";

static void
trust_free(struct trust *t)
{
    X509_STORE_free(t->store);
    SSL_CTX_free(t->client);
    curl_share_cleanup(t->share);
    free(t->file);
    free(t);
}

static struct trust *
trust_make(struct str file)
{
    struct trust *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->share = curl_share_init();
    t->file = file.n ? strndup(file.p, file.n) : NULL;
    if (!t->share || (file.n && !t->file)) {
        trust_free(t);
        return NULL;
    }
    /* without lock functions: one thread */
    curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return t;
}

bool
trust_table_init(struct trust_table *t, struct str file)
{
    t->file = file.n ? strndup(file.p, file.n) : NULL;
    return t->file || !file.n;
}

void
trust_table_fini(struct trust_table *t)
{
    for (struct trust *e = t->first, *next; e; e = next) {
        next = e->next;
        trust_free(e);
    }
    free(t->file);
}

static struct trust *
trust_default(const struct trust_table *t)
{
    if (t->file)
        return trust_make(str_from(t->file));
    if (access(system_file, R_OK) == 0)
        return trust_make(str_from(system_file));
    return trust_make(str_from(curl_version_info(CURLVERSION_NOW)->cainfo));
}

struct trust *
trust_find(struct trust_table *t, struct str file)
{
    if (!t->first)
        t->first = trust_default(t);
    if (!file.n || !t->first)
        return t->first;
    struct trust **end = &t->first;
    for (; *end; end = &(*end)->next)
        if ((*end)->file && str_is(file, (*end)->file))
            return *end;
    *end = trust_make(file);
    return *end;
}

bool
trust_apply(struct trust *t, SSL_CTX *tls)
{
    if (!t->store && t->file) {
        X509_STORE *store = X509_STORE_new();
        if (!store || !X509_STORE_load_file(store, t->file)) {
            X509_STORE_free(store);
            ERR_clear_error();
            return false;
        }
        t->store = store;
    }
    if (t->store)
        SSL_CTX_set1_cert_store(tls, t->store);
    return true;
}

/* A session that a later connection may resume. */
static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **newest = SSL_get_app_data(ssl);
    SSL_SESSION_free(*newest);
    *newest = session;
    return 1;
}

SSL_CTX *
trust_client(struct trust *t)
{
    static const unsigned char protocol[] = "\x08http/1.1";
    if (t->client)
        return t->client;
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    if (!c || !trust_apply(t, c)
        || SSL_CTX_set_alpn_protos(c, protocol, sizeof protocol - 1) != 0) {
        SSL_CTX_free(c);
        ERR_clear_error();
        return NULL;
    }
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                            | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c, keep_session);
    t->client = c;
    return c;
}
