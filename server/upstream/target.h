/* Parsed URLs, kept: the few addresses of the providers come again with every request, and parsing
 * one costs curl as much as the rest of its set-up. */
#ifndef LLMUX_UPSTREAM_TARGET_H
#define LLMUX_UPSTREAM_TARGET_H

#include <curl/curl.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

#define TARGET_SLOTS 64

/* One parsed URL. */
struct target {
    unsigned refs;
    struct str url;              /* owned */
    char *host;                  /* owned; for messages: "api.example.com", "127.0.0.1:8080" */
    CURLU *parsed;               /* owned */
};

struct target_cache {
    struct target *v[TARGET_SLOTS];
};

/* The target of an absolute http or https URL, with a reference for the caller.  NULL, and f filled
 * in, for anything else. */
struct target *target_get(struct target_cache *cache, struct str url, struct fault *f);
/* Give a reference back.  NULL is allowed. */
void target_put(struct target *t);
void target_cache_fini(struct target_cache *cache);

#endif
