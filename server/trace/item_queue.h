/* A bounded queue of items: many threads put, one takes, nobody waits.
 *
 *   slot   seq == position      free for the putter of that position
 *          seq == position + 1  full, for the taker
 * (Dmitry Vyukov's bounded queue.) */
#ifndef LLMUX_TRACE_ITEM_QUEUE_H
#define LLMUX_TRACE_ITEM_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct queued_item {
    char *p; /* malloc'ed */
    size_t n;
};

struct item_queue_slot {
    atomic_size_t seq;
    struct queued_item item;
};

struct item_queue {
    struct item_queue_slot *slots;   /* owned */
    size_t mask;                     /* slots - 1; a power of two */
    _Alignas(64) atomic_size_t tail; /* next position to put */
    _Alignas(64) size_t head;        /* next position to take; the taker's */
};

/* Room for at least n items.  False when memory is short. */
bool item_queue_init(struct item_queue *q, size_t n);
/* Frees the items that are left. */
void item_queue_fini(struct item_queue *q);
/* Put an item, whose memory then belongs to the queue; false when it is full. */
bool item_queue_put(struct item_queue *q, struct queued_item item);
/* Take the oldest item; false when there is none. */
bool item_queue_take(struct item_queue *q, struct queued_item *item);
/* Would item_queue_take find one?  For the taker; ordered after everything it did before. */
bool item_queue_ready(struct item_queue *q);

#endif
