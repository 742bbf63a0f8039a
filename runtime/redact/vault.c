/* Values and what stands for them, found by hash either way. */
#include "runtime/redact/vault.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum table { BY_VALUE, BY_STANDS, TABLES };

/* FNV-1a: how many entries there are is bounded. */
static unsigned
hash(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return (unsigned)(h ^ h >> 32);
}

static unsigned *
bucket(const struct vault *v, enum table t, unsigned h)
{
    return &v->buckets[t * (v->mask + 1) + (h & v->mask)];
}

void
vault_init(struct vault *v, unsigned most, size_t bytes_most)
{
    *v = (struct vault){ .most = most, .bytes_most = bytes_most };
}

static void
wipe(struct vault_entry *e)
{
    explicit_bzero((char *)e->value.p, e->value.n);
    free((char *)e->value.p);
}

void
vault_fini(struct vault *v)
{
    for (unsigned i = 0; i < v->n; i++)
        wipe(&v->v[i]);
    free(v->v);
    free(v->buckets);
    free(v->places);
    free(v->by_words);
    vault_init(v, v->most, v->bytes_most);
}

static void
link_entry(struct vault *v, unsigned i)
{
    struct vault_entry *e = &v->v[i];
    unsigned *at = bucket(v, BY_VALUE, hash(e->value));
    e->by_value = *at;
    *at = i + 1;
    if (v->one_way)
        return;
    at = bucket(v, BY_STANDS, hash(e->stands));
    e->by_stands = *at;
    *at = i + 1;
}

/* Room for one more entry: twice as many, in buckets that are never more than half full. */
static bool
grow(struct vault *v)
{
    if (v->n < v->room)
        return true;
    unsigned room = v->room ? 2 * v->room : 16;
    struct vault_entry *more = realloc(v->v, room * sizeof *more);
    if (more)
        v->v = more;
    unsigned *buckets = calloc((size_t)2 * room * TABLES, sizeof *buckets);
    if (!more || !buckets) {
        free(buckets);
        return false;
    }
    free(v->buckets);
    v->buckets = buckets;
    v->room = room;
    v->mask = 2 * room - 1;
    for (unsigned i = 0; i < v->n; i++)
        link_entry(v, i);
    return true;
}

const struct vault_entry *
vault_of_value(const struct vault *v, struct str value)
{
    unsigned i = v->n ? *bucket(v, BY_VALUE, hash(value)) : 0;
    while (i && !str_eq(v->v[i - 1].value, value))
        i = v->v[i - 1].by_value;
    return i ? &v->v[i - 1] : NULL;
}

static const struct vault_entry *
of_stands(const struct vault *v, struct str stands)
{
    unsigned i = v->n ? *bucket(v, BY_STANDS, hash(stands)) : 0;
    while (i && !str_eq(v->v[i - 1].stands, stands))
        i = v->v[i - 1].by_stands;
    return i ? &v->v[i - 1] : NULL;
}

/* "[email:1a2b]", or "[email:1a2b-2]" when that is taken. */
static struct str
find_free(const struct vault *v, struct str stands, char room[VAULT_STANDS_MAX])
{
    struct str free_one = stands;
    for (unsigned i = 2; of_stands(v, free_one); i++) {
        int n = snprintf(room, VAULT_STANDS_MAX, "%.*s-%u]", (int)stands.n - 1, stands.p, i);
        free_one = str_make(room, (size_t)n < VAULT_STANDS_MAX ? (size_t)n : VAULT_STANDS_MAX - 1);
    }
    return free_one;
}

static bool
has_escapes(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == '"' || s.p[i] == '\\')
            return true;
    return false;
}

enum err
vault_put(struct vault *v, enum redact_kind kind, struct str value, struct str stands)
{
    char room[VAULT_STANDS_MAX];
    if (v->n == v->most || value.n > v->bytes_most - v->bytes || stands.n > VAULT_STANDS_MAX - 12)
        return ERR_LIMIT;
    stands = find_free(v, stands, room);
    char *copy = malloc(value.n + stands.n);
    if (!copy || !grow(v)) {
        free(copy);
        return ERR_MEMORY;
    }
    memcpy(copy, value.p, value.n);
    memcpy(copy + value.n, stands.p, stands.n);
    v->v[v->n] = (struct vault_entry){ str_make(copy, value.n), str_make(copy + value.n, stands.n),
                                       kind, 0, 0 };
    link_entry(v, v->n++);
    v->bytes += value.n;
    v->begins[(unsigned char)copy[0] / 64] |= UINT64_C(1) << (unsigned char)copy[0] % 64;
    v->longest = stands.n > v->longest ? stands.n : v->longest;
    v->escapes |= has_escapes(value);
    return ERR_OK;
}

/* Bytes above ASCII are letters as well as not: a value beside them counts. */
static bool
is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
stands_alone(struct str text, size_t at, size_t n)
{
    bool before = at > 0 && is_word(text.p[at - 1]) && is_word(text.p[at]);
    bool behind = at + n < text.n && is_word(text.p[at + n]) && is_word(text.p[at + n - 1]);
    return !before && !behind;
}

static int
compare_places(const void *a, const void *b, void *ctx)
{
    const struct vault *v = ctx;
    const struct vault_place *x = a, *y = b;
    return str_compare(v->v[x->entry].value, v->v[y->entry].value);
}

static struct str
value_at(const struct vault *v, unsigned place)
{
    return v->v[v->places[place].entry].value;
}

/* The last of `place` and the values that it begins with, which the text begins with; plus one, 0: none. */
static unsigned
prefix_of(const struct vault *v, unsigned place, struct str text)
{
    unsigned p = place + 1;
    while (p && !str_starts(text, value_at(v, p - 1)))
        p = v->places[p - 1].prefix;
    return p;
}

static int
compare_stands(const void *a, const void *b, void *ctx)
{
    const struct vault *v = ctx;
    return str_compare(v->v[*(const unsigned *)a].stands, v->v[*(const unsigned *)b].stands);
}

static bool
sort_words(struct vault *v)
{
    unsigned *more = realloc(v->by_words, v->n * sizeof *more);
    if (!more)
        return false;
    v->by_words = more;
    for (unsigned i = 0; i < v->n; i++)
        v->by_words[i] = i;
    qsort_r(v->by_words, v->n, sizeof *v->by_words, compare_stands, v);
    return true;
}

/* Of values only those that are looked for wherever they stand. */
enum err
vault_sort(struct vault *v)
{
    if (v->placed == v->n)
        return ERR_OK;
    if (!v->one_way && !sort_words(v))
        return ERR_MEMORY;
    struct vault_place *more = realloc(v->places, v->n * sizeof *more);
    if (!more)
        return ERR_MEMORY;
    v->places = more;
    v->n_places = 0;
    for (unsigned i = 0; i < v->n; i++)
        if (v->v[i].value.n >= VAULT_VALUE_MIN)
            v->places[v->n_places++] = (struct vault_place){ i, 0 };
    qsort_r(v->places, v->n_places, sizeof *v->places, compare_places, v);
    for (unsigned i = 1; i < v->n_places; i++)
        v->places[i].prefix = prefix_of(v, i - 1, value_at(v, i));
    v->placed = v->n;
    return ERR_OK;
}

/* The longest value that stands there, and ends where a word does; NULL: none. */
static const struct vault_entry *
longest_at(const struct vault *v, struct str text, size_t at)
{
    struct str rest = str_skip(text, at);
    unsigned low = 0, high = v->n_places; /* values below low are not above the text */
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        if (str_compare(value_at(v, mid), rest) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    unsigned p = low ? prefix_of(v, low - 1, rest) : 0;
    while (p && !stands_alone(text, at, value_at(v, p - 1).n))
        p = v->places[p - 1].prefix;
    return p ? &v->v[v->places[p - 1].entry] : NULL;
}

const struct vault_entry *
vault_value_at(const struct vault *v, struct str text)
{
    assert(v->placed == v->n);
    return text.n && v->n_places ? longest_at(v, text, 0) : NULL;
}

bool
vault_next_value(const struct vault *v, struct str text, size_t from, size_t *at,
                 const struct vault_entry **entry)
{
    assert(v->placed == v->n);
    for (size_t i = from; v->n_places && i + VAULT_VALUE_MIN <= text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool inside = i > 0 && is_word(text.p[i - 1]) && is_word(text.p[i]);
        if (inside || !(v->begins[c / 64] >> c % 64 & 1))
            continue;
        *entry = longest_at(v, text, i);
        *at = i;
        if (*entry)
            return true;
    }
    return false;
}

const struct vault_entry *
vault_begins(const struct vault *v, struct str text)
{
    const char *end = text.n ? memchr(text.p, ']', text.n < v->longest ? text.n : v->longest)
                             : NULL;
    return end && text.p[0] == '[' ? of_stands(v, str_make(text.p, (size_t)(end + 1 - text.p)))
                                   : NULL;
}

bool
vault_may_begin(const struct vault *v, struct str text)
{
    unsigned low = 0, high = v->n; /* what is below low is not above the text */
    assert(v->placed == v->n);
    while (text.n < v->longest && low < high) {
        unsigned mid = low + (high - low) / 2;
        if (str_compare(v->v[v->by_words[mid]].stands, text) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return text.n < v->longest && low < v->n && str_starts(v->v[v->by_words[low]].stands, text);
}
