/* Finding secrets in text.
 *
 *   known      sorted; the greatest one that is not above the text at hand is the only candidate,
 *              together with those that begin it (its `parent`s)
 *   shapes     a prefix at the begin of a word, then enough characters of a key */
#include "server/log/masker.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

struct known {
    struct str value;
    size_t parent; /* the longest other one that this one begins with, or NONE */
};

struct masker {
    struct known *v; /* owned */
    size_t n;
    char *text;               /* owned: all values */
    bool starts[256];         /* bytes that a secret may begin with, */
    uint8_t pairs[65536 / 8]; /* and the same for two bytes: a bit for each pair */
};

/* What keys of the trade look like.  The prefix stays visible. */
static const struct shape {
    struct str prefix;
    size_t least; /* characters behind it */
} shapes[] = {
    { STR_INIT("sk-"), 16 }, /* OpenAI, Anthropic, DeepSeek, ... */
    { STR_INIT("Bearer "), 16 }, { STR_INIT("bearer "), 16 },
    { STR_INIT("Basic "), 16 },  { STR_INIT("AIza"), 30 }, /* Google */
    { STR_INIT("AKIA"), 16 },                              /* AWS */
    { STR_INIT("gsk_"), 16 },                              /* Groq */
    { STR_INIT("xai-"), 16 },    { STR_INIT("pplx-"), 16 },
    { STR_INIT("hf_"), 16 },     { STR_INIT("r8_"), 16 },
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

static bool
is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_key_char(unsigned char c)
{
    return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~' || c == '+' || c == '/'
           || c == '=';
}

static int
compare_known(const void *a, const void *b)
{
    return str_compare(((const struct known *)a)->value, ((const struct known *)b)->value);
}

static void
sort_known(struct masker *m)
{
    qsort(m->v, m->n, sizeof *m->v, compare_known);
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (n && str_eq(m->v[n - 1].value, m->v[i].value))
            continue;
        m->v[n] = m->v[i];
        size_t parent = n ? n - 1 : NONE;
        while (parent != NONE && !str_starts(m->v[n].value, m->v[parent].value))
            parent = m->v[parent].parent;
        m->v[n++].parent = parent;
    }
    m->n = n;
}

static unsigned
pair_of(const char *p)
{
    return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

static void
mark_start(struct masker *m, const char *p)
{
    m->starts[(unsigned char)p[0]] = true;
    m->pairs[pair_of(p) / 8] |= (uint8_t)(1u << pair_of(p) % 8);
}

static bool
is_start(const struct masker *m, const char *p)
{
    return m->starts[(unsigned char)p[0]] && m->pairs[pair_of(p) / 8] >> pair_of(p) % 8 & 1;
}

static size_t
add(struct masker *m, size_t at, struct str value)
{
    memcpy(m->text + at, value.p, value.n);
    m->v[m->n++].value = str_make(m->text + at, value.n);
    mark_start(m, value.p);
    return at + value.n;
}

struct masker *
masker_create(const struct masker *older, const struct str *values, size_t n, size_t shortest)
{
    size_t count = older ? older->n : 0, size = 1, at = 0;
    for (size_t i = 0; i < count; i++)
        size += older->v[i].value.n;
    for (size_t i = 0; i < n; i++)
        size += values[i].n;
    struct masker *m = calloc(1, sizeof *m);
    struct known *v = calloc(count + n + 1, sizeof *v);
    char *text = malloc(size);
    if (!m || !v || !text) {
        free(m);
        free(v);
        free(text);
        return NULL;
    }
    m->v = v;
    m->text = text;
    for (size_t i = 0; i < count; i++)
        at = add(m, at, older->v[i].value);
    for (size_t i = 0; i < n; i++)
        if (values[i].n >= shortest && values[i].n > 1)
            at = add(m, at, values[i]);
    sort_known(m);
    for (size_t i = 0; i < N_SHAPES; i++)
        mark_start(m, shapes[i].prefix.p);
    return m;
}

void
masker_destroy(struct masker *m)
{
    if (!m)
        return;
    free(m->v);
    free(m->text);
    free(m);
}

/* The length of the longest known secret that s begins with. */
static size_t
match_known(const struct masker *m, struct str s)
{
    size_t low = 0, high = m->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (str_compare(m->v[mid].value, s) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    size_t i = low ? low - 1 : NONE;
    while (i != NONE && !str_starts(s, m->v[i].value))
        i = m->v[i].parent;
    return i == NONE ? 0 : m->v[i].value.n;
}

bool
masker_knows(const struct masker *m, struct str value)
{
    return match_known(m, value) == value.n;
}

/* The same for what looks like a secret; *shown is how much of it may be seen. */
static size_t
match_shape(struct str s, size_t *shown)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        size_t start = shapes[i].prefix.n, n = start;
        if (!str_starts(s, shapes[i].prefix))
            continue;
        while (n < s.n && is_key_char((unsigned char)s.p[n]))
            n++;
        *shown = start;
        if (n - start >= shapes[i].least)
            return n;
    }
    return 0;
}

struct str
masker_next(const struct masker *m, struct str *rest, bool *hit)
{
    struct str all = *rest;
    for (size_t i = 0; i + 1 < all.n; i++) {
        if (!is_start(m, all.p + i))
            continue;
        struct str s = str_skip(all, i);
        size_t shown = 0, n = match_known(m, s);
        if (!n && (i == 0 || !is_alnum((unsigned char)all.p[i - 1])))
            n = match_shape(s, &shown);
        if (n) {
            *hit = true;
            *rest = str_skip(s, n);
            return str_make(all.p, i + shown);
        }
    }
    *hit = false;
    *rest = str_skip(all, all.n);
    return all;
}
