/* A bounded queue of lines; see line_queue.h. */
#include "server/log/line_queue.h"

#include <stdint.h>
#include <stdlib.h>

bool
line_queue_init(struct line_queue *q, size_t n)
{
    size_t room = 2;
    while (room < n)
        room *= 2;
    *q = (struct line_queue){ .mask = room - 1 };
    q->slots = calloc(room, sizeof *q->slots);
    if (!q->slots)
        return false;
    for (size_t i = 0; i < room; i++)
        atomic_init(&q->slots[i].seq, i);
    return true;
}

void
line_queue_fini(struct line_queue *q)
{
    struct queued_line line;
    if (!q->slots)
        return;
    while (line_queue_take(q, &line))
        free(line.p);
    free(q->slots);
}

bool
line_queue_put(struct line_queue *q, struct queued_line line)
{
    size_t at = atomic_load_explicit(&q->tail, memory_order_relaxed);
    for (;;) {
        struct line_queue_slot *slot = &q->slots[at & q->mask];
        size_t seq = atomic_load_explicit(&slot->seq, memory_order_acquire);
        if ((intptr_t)(seq - at) < 0)
            return false;
        if (seq != at) {
            at = atomic_load_explicit(&q->tail, memory_order_relaxed);
            continue;
        }
        if (atomic_compare_exchange_weak_explicit(&q->tail, &at, at + 1, memory_order_seq_cst,
                                                  memory_order_relaxed)) {
            slot->line = line;
            /* not only a release: the putter asks next whether the taker sleeps */
            atomic_store_explicit(&slot->seq, at + 1, memory_order_seq_cst);
            return true;
        }
    }
}

bool
line_queue_is_half_full(struct line_queue *q)
{
    size_t room = q->mask + 1, tail = atomic_load_explicit(&q->tail, memory_order_seq_cst);
    if (tail < room / 2)
        return false;
    size_t oldest = tail - room / 2; /* of as many as half of it */
    size_t seq = atomic_load_explicit(&q->slots[oldest & q->mask].seq, memory_order_seq_cst);
    return seq == oldest + 1;
}

bool
line_queue_ready(struct line_queue *q)
{
    struct line_queue_slot *slot = &q->slots[q->head & q->mask];
    return atomic_load_explicit(&slot->seq, memory_order_seq_cst) == q->head + 1;
}

bool
line_queue_take(struct line_queue *q, struct queued_line *line)
{
    if (!line_queue_ready(q))
        return false;
    struct line_queue_slot *slot = &q->slots[q->head & q->mask];
    *line = slot->line;
    atomic_store_explicit(&slot->seq, q->head + q->mask + 1, memory_order_release);
    q->head++;
    return true;
}
