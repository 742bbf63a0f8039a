/* Parsed URLs, kept: the few addresses of the providers come again with every request, and parsing
 * one costs curl as much as the rest of its set-up. */
#ifndef LLMUX_UPSTREAM_PARSED_URL_H
#define LLMUX_UPSTREAM_PARSED_URL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

#define PARSED_URL_SLOTS 64

/* One parsed URL. */
struct parsed_url {
    unsigned refs;
    struct str text; /* owned */
    char *host;      /* owned; for messages: "api.example.com", "127.0.0.1" */
    CURLU *handle;   /* owned */
    bool tls;
    char *origin;    /* owned; "http://api.example.com:443": where to connect to, TLS or not */
    char *authority; /* owned; what Host says: "api.example.com", "127.0.0.1:8080" */
    char *target;    /* owned; "/v1/chat/completions?api-version=1" */
};

struct parsed_url_cache {
    struct parsed_url *v[PARSED_URL_SLOTS];
};

/* The parsed form of an absolute http or https URL, with a reference for the caller.  NULL, and f
 * filled in, for anything else. */
struct parsed_url *parsed_url_get(struct parsed_url_cache *cache, struct str url, struct fault *f);
/* Give a reference back.  NULL is allowed. */
void parsed_url_put(struct parsed_url *u);
void parsed_url_cache_fini(struct parsed_url_cache *cache);

#endif
