/* Parsed URLs; see target.h. */
#include "server/upstream/target.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
target_free(struct target *t)
{
    curl_url_cleanup(t->parsed);
    curl_free(t->host);
    free((char *)t->url.p);
    free(t);
}

void
target_put(struct target *t)
{
    if (t && --t->refs == 0)
        target_free(t);
}

static const char *
target_parse(struct target *t)
{
    CURLUcode rc = curl_url_set(t->parsed, CURLUPART_URL, t->url.p,
                                CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
    if (rc != CURLUE_OK)
        return curl_url_strerror(rc);
    char *scheme = NULL;
    curl_url_get(t->parsed, CURLUPART_SCHEME, &scheme, 0);
    bool http = scheme && (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
    curl_free(scheme);
    if (!http)
        return "the scheme is neither http nor https";
    if (curl_url_get(t->parsed, CURLUPART_HOST, &t->host, 0) != CURLUE_OK)
        return "no host";
    return NULL;
}

static struct target *
target_make(struct str url, struct fault *f)
{
    struct target *t = calloc(1, sizeof *t);
    char *text = malloc(url.n + 1);
    CURLU *parsed = curl_url();
    if (!t || !text || !parsed) {
        free(t);
        free(text);
        curl_url_cleanup(parsed);
        fault_set(f, ERR_MEMORY, 0, "url: no memory");
        return NULL;
    }
    memcpy(text, url.p, url.n);
    text[url.n] = '\0';
    *t = (struct target){ .refs = 1, .url = { text, url.n }, .parsed = parsed };
    const char *why = target_parse(t);
    if (why) {
        fault_set(f, ERR_SYNTAX, 0, "url: %s", why);
        target_free(t);
        return NULL;
    }
    return t;
}

/* FNV-1a. */
static unsigned
target_slot(struct str url)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < url.n; i++)
        h = (h ^ (unsigned char)url.p[i]) * 16777619u;
    return (h ^ h >> 16) % TARGET_SLOTS;
}

struct target *
target_get(struct target_cache *cache, struct str url, struct fault *f)
{
    if (url.n == 0 || memchr(url.p, '\0', url.n)) {
        fault_set(f, ERR_SYNTAX, 0, "url: empty, or with a NUL byte");
        return NULL;
    }
    struct target **slot = &cache->v[target_slot(url)];
    if (!*slot || !str_eq((*slot)->url, url)) {
        struct target *t = target_make(url, f);
        if (!t)
            return NULL;
        target_put(*slot);
        *slot = t;
    }
    (*slot)->refs++;
    return *slot;
}

void
target_cache_fini(struct target_cache *cache)
{
    for (unsigned i = 0; i < TARGET_SLOTS; i++)
        target_put(cache->v[i]);
}
