/* A hash table of pointers that only grows. */
#include "server/gateway/shelf.h"

#include <stdlib.h>
#include <string.h>

void
shelf_init(struct shelf *s)
{
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
}

void
shelf_fini(struct shelf *s, void (*end)(struct shelf_item *i))
{
    for (struct shelf_item *i = s->first, *next; i; i = next) {
        next = i->next;
        if (end)
            end(i);
        free(i);
    }
    pthread_mutex_destroy(&s->lock);
}

/* Eight bytes at a time, each mixed by a multiplication (as in splitmix64). */
static uint64_t
hash(uint64_t h, struct str s)
{
    for (; s.n >= 8; s = str_skip(s, 8)) {
        uint64_t v;
        memcpy(&v, s.p, 8);
        h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    uint64_t v = s.n;
    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | (unsigned char)s.p[i];
    h = (h ^ v) * UINT64_C(0xbf58476d1ce4e5b9);
    return h ^ h >> 29;
}

/* The slot where it is, or where it would be. */
static unsigned
probe(struct shelf *s, uint64_t h, struct shelf_key key, struct shelf_item **found)
{
    for (unsigned i = (unsigned)(h % SHELF_SLOTS);; i = (i + 1) % SHELF_SLOTS) {
        struct shelf_item *x = atomic_load_explicit(&s->slots[i], memory_order_acquire);
        *found = x;
        if (!x
            || (x->hash == h && str_eq(x->key.second, key.second)
                && str_eq(x->key.first, key.first)))
            return i;
    }
}

/* With the lock: put it where others find it. */
static void
publish(struct shelf *s, unsigned slot, struct shelf_item *x)
{
    atomic_store_explicit(&s->slots[slot], x, memory_order_release);
    if (s->last)
        s->last->next = x;
    else
        s->first = x;
    s->last = x;
    s->n++;
}

struct shelf_item *
shelf_find(struct shelf *s, struct shelf_key key, unsigned most,
           struct shelf_item *(*make)(void *ctx, struct shelf_key key), void *ctx)
{
    struct shelf_item *x;
    uint64_t h = hash(hash(UINT64_C(14695981039346656037), key.first), key.second);
    probe(s, h, key, &x);
    if (x)
        return x;
    pthread_mutex_lock(&s->lock);
    unsigned slot = probe(s, h, key, &x); /* somebody may have been faster */
    if (!x && s->n < most && s->n < SHELF_MOST) {
        x = make(ctx, key);
        if (x) {
            x->hash = h;
            publish(s, slot, x);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return x;
}

void
shelf_each(struct shelf *s, void (*show)(void *ctx, struct shelf_item *i), void *ctx)
{
    pthread_mutex_lock(&s->lock);
    struct shelf_item *x = s->first, *last = s->last;
    pthread_mutex_unlock(&s->lock);
    while (x) {
        show(ctx, x);
        x = x == last ? NULL : x->next;
    }
}

static struct str
keep(char *at, struct str s)
{
    if (s.n)
        memcpy(at, s.p, s.n);
    return str_make(at, s.n);
}

void *
shelf_item_alloc(size_t n, struct shelf_key key)
{
    struct shelf_item *x = calloc(1, n + key.first.n + key.second.n);
    if (!x)
        return NULL;
    x->key.first = keep((char *)x + n, key.first);
    x->key.second = keep((char *)x + n + key.first.n, key.second);
    return x;
}
