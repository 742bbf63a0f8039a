/* Finding the secrets we know.
 *
 * They are sorted: the greatest one that is not above the text at hand is the only candidate, together
 * with those that begin it (its `parent`s). */
#include "server/log/masker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

struct known {
    struct str value;
    size_t parent; /* the longest other one that this one begins with, or NONE */
};

struct masker {
    uint64_t number;
    struct known *v; /* owned */
    size_t n;
    char *text;               /* owned: all values */
    size_t longest;           /* bytes of one */
    bool starts[256];         /* bytes that one may begin with, */
    uint8_t pairs[65536 / 8]; /* and the same for two bytes: a bit for each pair */
};

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
    m->longest = value.n > m->longest ? value.n : m->longest;
    mark_start(m, value.p);
    return at + value.n;
}

static uint64_t
next_number(void)
{
    static atomic_uint_fast64_t n;
    return atomic_fetch_add_explicit(&n, 1, memory_order_relaxed) + 1;
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
    m->number = next_number();
    m->v = v;
    m->text = text;
    for (size_t i = 0; i < count; i++)
        at = add(m, at, older->v[i].value);
    for (size_t i = 0; i < n; i++)
        if (values[i].n >= shortest && values[i].n > 1)
            at = add(m, at, values[i]);
    sort_known(m);
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

uint64_t
masker_number(const struct masker *m)
{
    return m->number;
}

/* How many of them are not above s. */
static size_t
count_up_to(const struct masker *m, struct str s)
{
    size_t low = 0, high = m->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (str_compare(m->v[mid].value, s) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The length of the longest known secret that s begins with. */
static size_t
match_known(const struct masker *m, struct str s)
{
    size_t i = count_up_to(m, s);
    i = i ? i - 1 : NONE;
    while (i != NONE && !str_starts(s, m->v[i].value))
        i = m->v[i].parent;
    return i == NONE ? 0 : m->v[i].value.n;
}

bool
masker_knows(const struct masker *m, struct str value)
{
    return match_known(m, value) == value.n;
}

/* Does any of them begin with all of s, and go on? */
static bool
may_begin_with(const struct masker *m, struct str s)
{
    size_t i = count_up_to(m, s);
    return i < m->n && str_starts(m->v[i].value, s);
}

/* The first place where one may begin that goes on behind the text. */
static size_t
first_open(const struct masker *m, struct str text)
{
    for (size_t i = text.n > m->longest ? text.n - m->longest : 0; i < text.n; i++) {
        bool starts = text.n - i > 1 ? is_start(m, text.p + i)
                                     : m->starts[(unsigned char)text.p[i]];
        if (starts && may_begin_with(m, str_skip(text, i)))
            return i;
    }
    return text.n;
}

size_t
masker_decided(const struct masker *m, struct str text)
{
    size_t sure = first_open(m, text);
    /* One that is there and has that place in it is not to be shown up to there. */
    for (size_t i = sure; sure < text.n && i-- > 0 && sure - i < m->longest;)
        if (is_start(m, text.p + i) && i + match_known(m, str_skip(text, i)) > sure)
            sure = i;
    return sure;
}

/* How far those reach that begin within the first `end` bytes, or within another of them. */
static size_t
reach(const struct masker *m, struct str text, size_t from, size_t end)
{
    for (size_t i = from; i < end && i + 1 < text.n; i++) {
        size_t n = is_start(m, text.p + i) ? match_known(m, str_skip(text, i)) : 0;
        end = n && i + n > end ? i + n : end;
    }
    return end;
}

bool
masker_find(const struct masker *m, struct str text, size_t from, size_t *at, size_t *n)
{
    for (size_t i = from; m->n && i + 1 < text.n; i++) {
        if (!is_start(m, text.p + i))
            continue;
        size_t first = match_known(m, str_skip(text, i));
        if (!first)
            continue;
        *at = i;
        *n = reach(m, text, i + 1, i + first) - i;
        return true;
    }
    return false;
}
