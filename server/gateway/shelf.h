/* A shelf: things that are found by two words, made on first use, and kept for good.  Finding takes
 * no lock; only making does.
 *
 * The thing begins with its struct shelf_item and is one piece of memory from malloc, which the
 * shelf owns. */
#ifndef LLMUX_GATEWAY_SHELF_H
#define LLMUX_GATEWAY_SHELF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define SHELF_SLOTS 16384u
#define SHELF_MOST  (SHELF_SLOTS / 4 * 3)

struct shelf_key {
    struct str first, second;
};

struct shelf_item {
    struct shelf_key key; /* the maker sees to it that it lives as long as the item */
    uint64_t hash;
    struct shelf_item *next; /* made after this one */
};

struct shelf {
    pthread_mutex_t lock; /* of making */
    struct shelf_item *_Atomic slots[SHELF_SLOTS];
    struct shelf_item *first, *last;
    unsigned n;
};

void shelf_init(struct shelf *s);
/* end (which may be NULL) is called for each item before it is freed. */
void shelf_fini(struct shelf *s, void (*end)(struct shelf_item *i));

/* The item of this key, else the one that `make` makes for it, as long as there are fewer than
 * `most` (at most SHELF_MOST).  NULL when there are, or when make returns NULL. */
struct shelf_item *
shelf_find(struct shelf *s, struct shelf_key key, unsigned most,
           struct shelf_item *(*make)(void *ctx, struct shelf_key key), void *ctx);

/* Show all that there are, the oldest first; what is made meanwhile may be shown or not. */
void shelf_each(struct shelf *s, void (*show)(void *ctx, struct shelf_item *i), void *ctx);

/* n bytes with a copy of both words behind them: what a maker needs.  All zeros but for the key,
 * which points to the copy.  NULL when memory is short. */
void *shelf_item_alloc(size_t n, struct shelf_key key);

#endif
