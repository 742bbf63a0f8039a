/* A bounded queue of items; see item_queue.h. */
#include "server/trace/item_queue.h"

#include <stdint.h>
#include <stdlib.h>

bool
item_queue_init(struct item_queue *q, size_t n)
{
    size_t room = 2;
    while (room < n)
        room *= 2;
    *q = (struct item_queue){ .mask = room - 1 };
    q->slots = calloc(room, sizeof *q->slots);
    if (!q->slots)
        return false;
    for (size_t i = 0; i < room; i++)
        atomic_init(&q->slots[i].seq, i);
    return true;
}

void
item_queue_fini(struct item_queue *q)
{
    struct queued_item item;
    if (!q->slots)
        return;
    while (item_queue_take(q, &item))
        free(item.p);
    free(q->slots);
}

bool
item_queue_put(struct item_queue *q, struct queued_item item)
{
    size_t at = atomic_load_explicit(&q->tail, memory_order_relaxed);
    for (;;) {
        struct item_queue_slot *slot = &q->slots[at & q->mask];
        size_t seq = atomic_load_explicit(&slot->seq, memory_order_acquire);
        if ((intptr_t)(seq - at) < 0)
            return false;
        if (seq != at) {
            at = atomic_load_explicit(&q->tail, memory_order_relaxed);
            continue;
        }
        if (atomic_compare_exchange_weak_explicit(&q->tail, &at, at + 1, memory_order_seq_cst,
                                                  memory_order_relaxed)) {
            slot->item = item;
            /* not only a release: the putter asks next whether the taker sleeps */
            atomic_store_explicit(&slot->seq, at + 1, memory_order_seq_cst);
            return true;
        }
    }
}

bool
item_queue_ready(struct item_queue *q)
{
    struct item_queue_slot *slot = &q->slots[q->head & q->mask];
    return atomic_load_explicit(&slot->seq, memory_order_seq_cst) == q->head + 1;
}

bool
item_queue_take(struct item_queue *q, struct queued_item *item)
{
    if (!item_queue_ready(q))
        return false;
    struct item_queue_slot *slot = &q->slots[q->head & q->mask];
    *item = slot->item;
    atomic_store_explicit(&slot->seq, q->head + q->mask + 1, memory_order_release);
    q->head++;
    return true;
}
