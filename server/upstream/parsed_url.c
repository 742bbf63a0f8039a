/* Parsed URLs; see parsed_url.h. */
#include "server/upstream/parsed_url.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
parsed_url_free(struct parsed_url *u)
{
    curl_url_cleanup(u->handle);
    curl_free(u->host);
    free(u->origin);
    free(u->authority);
    free(u->target);
    free((char *)u->text.p);
    free(u);
}

void
parsed_url_put(struct parsed_url *u)
{
    if (u && --u->refs == 0)
        parsed_url_free(u);
}

static char *
part(const struct parsed_url *u, CURLUPart what, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(u->handle, what, &text, flags) == CURLUE_OK ? text : NULL;
}

__attribute__((format(printf, 1, 2))) static char *
print(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return n < 0 ? NULL : text;
}

/* What our own HTTP needs of it.  False when memory is short. */
static bool
parsed_url_divide(struct parsed_url *u)
{
    char *any_port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    char *port = part(u, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    char *path = part(u, CURLUPART_PATH, 0);
    char *query = part(u, CURLUPART_QUERY, 0);
    u->origin = any_port ? print("http://%s:%s", u->host, any_port) : NULL;
    u->authority = print("%s%s%s", u->host, port ? ":" : "", port ? port : "");
    u->target = print("%s%s%s", path ? path : "/", query ? "?" : "", query ? query : "");
    curl_free(any_port);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    return u->origin && u->authority && u->target;
}

static const char *
parsed_url_parse(struct parsed_url *u)
{
    CURLUcode rc = curl_url_set(u->handle, CURLUPART_URL, u->text.p,
                                CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
    if (rc != CURLUE_OK)
        return curl_url_strerror(rc);
    char *scheme = part(u, CURLUPART_SCHEME, 0);
    bool http = scheme && (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
    u->tls = scheme && !strcmp(scheme, "https");
    curl_free(scheme);
    if (!http)
        return "the scheme is neither http nor https";
    u->host = part(u, CURLUPART_HOST, 0);
    if (!u->host)
        return "no host";
    return parsed_url_divide(u) ? NULL : "no memory";
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

/* Mix a word into a hash, so that every bit of it has a say in the upper half. */
static uint64_t
mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

/* A hash of words of eight bytes, the last of which is filled up with zeros. */
static unsigned
parsed_url_slot(struct str url)
{
    uint64_t h = 0, word;
    for (; url.n >= sizeof word; url = str_skip(url, sizeof word)) {
        memcpy(&word, url.p, sizeof word);
        h = mix(h, word);
    }
    word = 0;
    memcpy(&word, url.p, url.n);
    return (unsigned)(mix(mix(h, word), 0) >> 32) % PARSED_URL_SLOTS;
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
