/* Shards and cells, and counting in them. */
#include "server/metrics/private.h"

#include <stdlib.h>

#include "runtime/base/buf.h"

#define SLOTS_LEAST 64u

/* --- cells --------------------------------------------------------------------------------- */

static void
destroy_cell(struct metrics_cell *c)
{
    if (!c)
        return;
    free((char *)c->key.p);
    free(c->examples);
    free(c->values);
    free(c);
}

static struct metrics_cell *
make_cell(const struct metrics *m, enum metrics_group group, uint32_t hash, struct str key)
{
    const struct metrics_group_info *g = &metrics_groups[group];
    struct metrics_cell *c = calloc(1, sizeof *c);
    char *text = malloc(key.n + 1);
    if (!c || !text) {
        free(c);
        free(text);
        return NULL;
    }
    memcpy(text, key.p, key.n);
    *c = (struct metrics_cell){
        .group = group, .places = m->places[group], .hash = hash, .key = { text, key.n }
    };
    c->values = calloc(metrics_group_values(g), sizeof *c->values);
    c->examples = calloc(metrics_family_buckets_before(g, g->n) + 1, sizeof *c->examples);
    if (c->values && c->examples)
        return c;
    destroy_cell(c);
    return NULL;
}

/* --- shards -------------------------------------------------------------------------------- */

static struct metrics_place
make_place(const struct metrics_group_info *g, unsigned family)
{
    struct metrics_place p = { .value = metrics_family_offset(g, family),
                               .example = metrics_family_buckets_before(g, family),
                               .bounds = g->families[family].bounds };
    unsigned bucket = 0;
    for (unsigned i = 1; p.bounds && i < METRICS_WIDTHS; i++) {
        while (bucket < p.bounds->n && p.bounds->v[bucket] < UINT64_C(1) << i)
            bucket++;
        p.first[i] = (uint8_t)bucket;
    }
    return p;
}

static bool
open_table(struct metrics_table *t, const struct metrics *m, enum metrics_group group)
{
    char key[METRICS_LABELS_MAX * sizeof "other"];
    size_t n = 0;
    const struct metrics_group_info *g = &metrics_groups[group];
    for (unsigned i = 0; i < g->n_labels; i++, n += sizeof "other")
        memcpy(key + n, "other", sizeof "other");
    t->cells = calloc(g->most + 1, sizeof *t->cells);
    t->slots = calloc(SLOTS_LEAST, sizeof(struct metrics_cell *));
    t->mask = SLOTS_LEAST - 1;
    t->other = make_cell(m, group, 0, str_make(key, n));
    return t->cells && t->slots && t->other;
}

static void
destroy_shard(struct metrics_shard *s)
{
    for (unsigned i = 0; s && i < METRICS_GROUPS; i++) {
        struct metrics_table *t = &s->tables[i];
        bool listed = false;
        for (unsigned k = 0; t->cells && k < atomic_load(&t->n); k++) {
            struct metrics_cell *c = atomic_load(&t->cells[k]);
            listed |= c == t->other;
            destroy_cell(c);
        }
        if (!listed)
            destroy_cell(t->other);
        free(t->cells);
        free(t->slots);
    }
    free(s);
}

static struct metrics_shard *
make_shard(struct metrics *m, unsigned number)
{
    struct metrics_shard *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->metrics = m;
    s->number = number;
    for (unsigned i = 0; i < METRICS_GROUPS; i++)
        if (!open_table(&s->tables[i], m, (enum metrics_group)i)) {
            destroy_shard(s);
            return NULL;
        }
    return s;
}

struct metrics *
metrics_create(void)
{
    struct metrics *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    pthread_mutex_init(&m->mutex, NULL);
    for (unsigned i = 0; i < METRICS_GROUPS; i++)
        for (unsigned k = 0; k < metrics_groups[i].n; k++)
            m->places[i][k] = make_place(&metrics_groups[i], k);
    return m;
}

void
metrics_destroy(struct metrics *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < atomic_load(&m->n); i++)
        destroy_shard(atomic_load(&m->shards[i]));
    pthread_mutex_destroy(&m->mutex);
    free(m);
}

struct metrics_shard *
metrics_join(struct metrics *m)
{
    struct metrics_shard *found = NULL;
    pthread_mutex_lock(&m->mutex);
    unsigned n = atomic_load(&m->n);
    for (unsigned i = 0; i < n && !found; i++) {
        struct metrics_shard *s = atomic_load(&m->shards[i]);
        if (!s->taken)
            found = s;
    }
    if (!found && n < METRICS_SHARDS_MAX && (found = make_shard(m, n))) {
        atomic_store(&m->shards[n], found);
        atomic_store_explicit(&m->n, n + 1, memory_order_release);
    }
    if (found)
        found->taken = true;
    pthread_mutex_unlock(&m->mutex);
    return found;
}

void
metrics_leave(struct metrics_shard *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->metrics->mutex);
    s->taken = false;
    pthread_mutex_unlock(&s->metrics->mutex);
}

unsigned
metrics_shard_number(const struct metrics_shard *s)
{
    return s->number;
}

/* --- finding a cell ------------------------------------------------------------------------ */

/* Eight bytes at a time. */
static uint32_t
hash_of(const struct str *labels, unsigned n)
{
    uint64_t h = 14695981039346656037u;
    for (unsigned i = 0; i < n; i++) {
        struct str s = labels[i];
        uint64_t word = 0;
        for (; s.n >= sizeof word; s = str_skip(s, sizeof word)) {
            memcpy(&word, s.p, sizeof word);
            h = (h ^ word) * 0x9e3779b97f4a7c15u;
            h ^= h >> 32;
        }
        word = 0xff;
        for (size_t k = 0; k < s.n; k++)
            word = word << 8 | (unsigned char)s.p[k];
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

static bool
has_labels(const struct metrics_cell *c, const struct str *labels, unsigned n)
{
    struct str rest = c->key;
    for (unsigned i = 0; i < n; i++) {
        size_t length = labels[i].n;
        if (rest.n <= length || rest.p[length] != '\0'
            || (length && (*rest.p != *labels[i].p || memcmp(rest.p, labels[i].p, length) != 0)))
            return false;
        rest = str_skip(rest, labels[i].n + 1);
    }
    return rest.n == 0;
}

static void
file(struct metrics_table *t, struct metrics_cell *c)
{
    unsigned at = c->hash & t->mask;
    while (t->slots[at])
        at = (at + 1) & t->mask;
    t->slots[at] = c;
}

/* At most half of the slots are used. */
static bool
grow(struct metrics_table *t, unsigned n)
{
    if (2 * (n + 1) <= t->mask + 1)
        return true;
    struct metrics_cell **slots = calloc(2 * ((size_t)t->mask + 1), sizeof(struct metrics_cell *));
    if (!slots)
        return false;
    free(t->slots);
    t->slots = slots;
    t->mask = 2 * t->mask + 1;
    for (unsigned i = 0; i < n; i++) {
        struct metrics_cell *c = atomic_load_explicit(&t->cells[i], memory_order_relaxed);
        if (c != t->other)
            file(t, c);
    }
    return true;
}

static void
list(struct metrics_table *t, struct metrics_cell *c)
{
    unsigned n = atomic_load_explicit(&t->n, memory_order_relaxed);
    atomic_store_explicit(&t->cells[n], c, memory_order_relaxed);
    atomic_store_explicit(&t->n, n + 1, memory_order_release);
}

/* What has no place of its own. */
static struct metrics_cell *
overflow(struct metrics_shard *s, struct metrics_table *t)
{
    unsigned n = atomic_load_explicit(&t->n, memory_order_relaxed);
    bool listed = false;
    for (unsigned i = n; i > 0 && !listed; i--)
        listed = atomic_load_explicit(&t->cells[i - 1], memory_order_relaxed) == t->other;
    if (!listed)
        list(t, t->other);
    if (t != &s->tables[METRICS_OF_GATEWAY])
        metrics_add(metrics_cell(s, METRICS_OF_GATEWAY, NULL), METRICS_OVERFLOW, 1);
    return t->other;
}

static struct metrics_cell *
add_cell(struct metrics_shard *s, enum metrics_group group, uint32_t hash, const struct str *labels)
{
    const struct metrics_group_info *g = &metrics_groups[group];
    struct metrics_table *t = &s->tables[group];
    unsigned n = atomic_load_explicit(&t->n, memory_order_relaxed);
    struct buf key;
    buf_init(&key, 4096);
    for (unsigned i = 0; i < g->n_labels; i++) {
        buf_puts(&key, labels[i]);
        buf_putc(&key, '\0');
    }
    struct metrics_cell *c = NULL;
    if (n < g->most && !key.err && grow(t, n)
        && (c = make_cell(s->metrics, group, hash, buf_str(&key)))) {
        list(t, c);
        file(t, c);
    }
    buf_fini(&key);
    return c ? c : overflow(s, t);
}

struct metrics_cell *
metrics_cell(struct metrics_shard *s, enum metrics_group group, const struct str *labels)
{
    struct metrics_table *t = &s->tables[group];
    unsigned n = metrics_groups[group].n_labels;
    uint32_t hash = hash_of(labels, n);
    for (unsigned at = hash & t->mask; t->slots[at]; at = (at + 1) & t->mask)
        if (t->slots[at]->hash == hash && has_labels(t->slots[at], labels, n))
            return t->slots[at];
    return add_cell(s, group, hash, labels);
}

bool
metrics_cell_is_other(const struct metrics_shard *s, const struct metrics_cell *c)
{
    return s->tables[c->group].other == c;
}

/* --- counting ------------------------------------------------------------------------------ */

/* Nobody else writes here. */
static void
raise(atomic_uint_fast64_t *v, uint64_t n)
{
    atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void
metrics_add(struct metrics_cell *c, unsigned family, int64_t n)
{
    raise(&c->values[c->places[family].value], (uint64_t)n);
}

void
metrics_set(struct metrics_cell *c, unsigned family, const uint64_t *values, unsigned n)
{
    atomic_uint_fast64_t *v = &c->values[c->places[family].value];
    for (unsigned i = 0; i < n; i++)
        atomic_store_explicit(&v[i], values[i], memory_order_relaxed);
}

/* Stores that release and loads that acquire keep the order that fences would, and the thread sanitizer
 * knows them. */
static void
set_example(struct metrics_live_example *e, uint64_t value, const struct metrics_trace *t)
{
    uint64_t seq = atomic_load_explicit(&e->seq, memory_order_relaxed);
    atomic_store_explicit(&e->seq, seq + 1, memory_order_relaxed);
    atomic_store_explicit(&e->id[0], t->id[0], memory_order_release);
    atomic_store_explicit(&e->id[1], t->id[1], memory_order_release);
    atomic_store_explicit(&e->span, t->span, memory_order_release);
    atomic_store_explicit(&e->wall_ms, t->wall_ms, memory_order_release);
    atomic_store_explicit(&e->value, value, memory_order_release);
    atomic_store_explicit(&e->seq, seq + 2, memory_order_release);
}

/* The bucket of a value: bounds mostly double, so that its highest bit says nearly all. */
static unsigned
bucket_of(const struct metrics_place *p, uint64_t value)
{
    unsigned i = p->first[METRICS_WIDTHS - 1 - (unsigned)__builtin_clzll(value | 1)];
    while (i < p->bounds->n && value > p->bounds->v[i])
        i++;
    return i;
}

void
metrics_observe(struct metrics_cell *c, unsigned family, uint64_t value,
                const struct metrics_trace *trace)
{
    const struct metrics_place *p = &c->places[family];
    atomic_uint_fast64_t *v = &c->values[p->value];
    unsigned i = bucket_of(p, value);
    raise(&v[i], 1);
    raise(&v[p->bounds->n + 1], value);
    if (trace && (trace->id[0] | trace->id[1]))
        set_example(&c->examples[p->example + i], value, trace);
}
