/* Counters, and the newest request. */
#include "server/mock/witness.h"

#include <ctype.h>

#include "runtime/base/utf8.h"
#include "runtime/json/writer.h"
#include "server/mock/seal.h"

#define LAST_MAX       ((size_t)256 << 20)
#define NAME_MAX_BYTES 128

void
mock_witness_init(struct mock_witness *w)
{
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    buf_init(&w->last, LAST_MAX);
}

void
mock_witness_fini(struct mock_witness *w)
{
    buf_fini(&w->last);
    pthread_mutex_destroy(&w->lock);
}

/* A string that may not be UTF-8. */
static void
put_text(struct jw *w, const char *key, struct str s)
{
    struct buf clean;
    jw_key(w, str_from(key));
    if (utf8_valid(s.p, s.n) == s.n) {
        jw_string(w, s);
        return;
    }
    buf_init(&clean, LAST_MAX);
    utf8_sanitize(&clean, s);
    jw_string(w, buf_str(&clean));
    buf_fini(&clean);
}

static void
put_headers(struct jw *w, const struct http_head *h)
{
    char name[NAME_MAX_BYTES];
    jw_key(w, STR("headers"));
    jw_object(w);
    for (size_t i = 0; i < h->n_headers; i++) {
        struct str s = h->headers[i].name;
        if (s.n >= sizeof name)
            continue;
        for (size_t k = 0; k < s.n; k++)
            name[k] = (char)tolower((unsigned char)s.p[k]);
        name[s.n] = '\0';
        put_text(w, name, h->headers[i].value);
    }
    jw_close(w);
}

void
mock_witness_keep(struct mock_witness *w, const struct http_exchange *x)
{
    const struct http_head *h = http_exchange_head(x);
    struct jw j;
    pthread_mutex_lock(&w->lock);
    buf_clear(&w->last);
    buf_shrink(&w->last, 1 << 20);
    jw_init(&j, &w->last);
    jw_object(&j);
    put_text(&j, "method", h->method);
    put_text(&j, "path", h->path);
    put_text(&j, "query", h->query);
    put_headers(&j, h);
    put_text(&j, "body", http_exchange_body(x));
    jw_close(&j);
    pthread_mutex_unlock(&w->lock);
}

unsigned
mock_witness_model(struct mock_witness *w, struct str model)
{
    uint64_t hash = mock_seal_hash(model);
    unsigned i = 0;
    pthread_mutex_lock(&w->lock);
    while (i < w->n_models && w->models[i].hash != hash)
        i++;
    if (i == MOCK_MODELS_MAX)
        i = w->n_models = 0; /* too many: begin anew */
    if (i == w->n_models)
        w->models[w->n_models++] = (struct mock_count_of_model){ hash, 0 };
    unsigned n = ++w->models[i].n;
    pthread_mutex_unlock(&w->lock);
    return n;
}

void
mock_witness_stats(struct mock_witness *w, struct buf *out)
{
    const struct {
        const char *name;
        uint64_t v;
    } counters[] = {
        { "requests", atomic_load(&w->requests) }, { "streams", atomic_load(&w->streams) },
        { "aborted", atomic_load(&w->aborted) },   { "refused", atomic_load(&w->refused) },
        { "faults", atomic_load(&w->faults) },     { "open", atomic_load(&w->open) },
    };
    struct jw j;
    jw_init(&j, out);
    jw_object(&j);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        jw_key(&j, str_from(counters[i].name));
        jw_int(&j, (int64_t)counters[i].v);
    }
    jw_close(&j);
}

void
mock_witness_last(struct mock_witness *w, struct buf *out)
{
    pthread_mutex_lock(&w->lock);
    buf_puts(out, w->last.n ? buf_str(&w->last) : STR("{}"));
    pthread_mutex_unlock(&w->lock);
}
