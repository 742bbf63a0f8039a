/* Parsed URLs; see parsed_url.h. */
#include "server/upstream/parsed_url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
parsed_url_free(struct parsed_url *u)
{
    curl_url_cleanup(u->handle);
    curl_free(u->host);
    free((char *)u->text.p);
    free(u);
}

void
parsed_url_put(struct parsed_url *u)
{
    if (u && --u->refs == 0)
        parsed_url_free(u);
}

static const char *
parsed_url_parse(struct parsed_url *u)
{
    CURLUcode rc = curl_url_set(u->handle, CURLUPART_URL, u->text.p,
                                CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
    if (rc != CURLUE_OK)
        return curl_url_strerror(rc);
    char *scheme = NULL;
    curl_url_get(u->handle, CURLUPART_SCHEME, &scheme, 0);
    bool http = scheme && (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
    curl_free(scheme);
    if (!http)
        return "the scheme is neither http nor https";
    if (curl_url_get(u->handle, CURLUPART_HOST, &u->host, 0) != CURLUE_OK)
        return "no host";
    return NULL;
}

static struct parsed_url *
parsed_url_make(struct str url, struct fault *f)
{
    struct parsed_url *u = calloc(1, sizeof *u);
    char *text = malloc(url.n + 1);
    CURLU *handle = curl_url();
    if (!u || !text || !handle) {
        free(u);
        free(text);
        curl_url_cleanup(handle);
        fault_set(f, ERR_MEMORY, 0, "url: no memory");
        return NULL;
    }
    memcpy(text, url.p, url.n);
    text[url.n] = '\0';
    *u = (struct parsed_url){ .refs = 1, .text = { text, url.n }, .handle = handle };
    const char *why = parsed_url_parse(u);
    if (why) {
        fault_set(f, ERR_SYNTAX, 0, "url: %s", why);
        parsed_url_free(u);
        return NULL;
    }
    return u;
}

/* FNV-1a. */
static unsigned
parsed_url_slot(struct str url)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < url.n; i++)
        h = (h ^ (unsigned char)url.p[i]) * 16777619u;
    return (h ^ h >> 16) % PARSED_URL_SLOTS;
}

struct parsed_url *
parsed_url_get(struct parsed_url_cache *cache, struct str url, struct fault *f)
{
    if (url.n == 0 || memchr(url.p, '\0', url.n)) {
        fault_set(f, ERR_SYNTAX, 0, "url: empty, or with a NUL byte");
        return NULL;
    }
    struct parsed_url **slot = &cache->v[parsed_url_slot(url)];
    if (!*slot || !str_eq((*slot)->text, url)) {
        struct parsed_url *u = parsed_url_make(url, f);
        if (!u)
            return NULL;
        parsed_url_put(*slot);
        *slot = u;
    }
    (*slot)->refs++;
    return *slot;
}

void
parsed_url_cache_fini(struct parsed_url_cache *cache)
{
    for (unsigned i = 0; i < PARSED_URL_SLOTS; i++)
        parsed_url_put(cache->v[i]);
}
