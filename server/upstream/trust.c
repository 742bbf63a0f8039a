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
    if (!file.n && access(system_file, R_OK) == 0)
        file = str_from(system_file);
    if (!file.n)
        file = str_from(curl_version_info(CURLVERSION_NOW)->cainfo);
    t->first = trust_make(file);
    return t->first != NULL;
}

void
trust_table_fini(struct trust_table *t)
{
    for (struct trust *e = t->first, *next; e; e = next) {
        next = e->next;
        trust_free(e);
    }
}

struct trust *
trust_find(struct trust_table *t, struct str file)
{
    if (!file.n)
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
