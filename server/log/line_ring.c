/* A bounded queue of lines; see line_ring.h.  Numbers of lines are of 32 bits and go around. */
#include "server/log/line_ring.h"

#include <string.h>
#include <sys/mman.h>

static uint32_t
number_of(uint64_t tail)
{
    return (uint32_t)(tail >> 32);
}

static uint32_t
place_of(uint64_t tail)
{
    return (uint32_t)tail;
}

static struct line_ring_slot *
slot_of(const struct line_ring *q, uint32_t number)
{
    return &q->slots[number & (q->room - 1)];
}

/* One line more than there are slots: who goes back to the begin leaves less than a line at the end. */
bool
line_ring_init(struct line_ring *q, size_t n, size_t longest)
{
    size_t room = 2;
    while (room < n)
        room *= 2;
    *q = (struct line_ring){ .memory = MAP_FAILED };
    if (room >= UINT32_MAX / longest)
        return false;
    size_t slots = room * sizeof *q->slots, size = (room + 1) * longest;
    q->mapped = slots + size;
    q->memory = mmap(NULL, q->mapped, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (q->memory == MAP_FAILED)
        return false;
    madvise(q->memory, q->mapped,
            MADV_NOHUGEPAGE); /* one of which would be more than most lines take */
    q->slots = q->memory;
    q->bytes = (char *)q->memory + slots;
    q->room = (uint32_t)room;
    q->size = (uint32_t)size;
    return true;
}

void
line_ring_fini(struct line_ring *q)
{
    if (q->memory != MAP_FAILED)
        munmap(q->memory, q->mapped);
}

/* How many lines are in its slots, said by who has loaded its tail: below 0 when that is an old one. */
static int32_t
waiting(struct line_ring *q, uint64_t tail)
{
    return (int32_t)(number_of(tail) - atomic_load_explicit(&q->head, memory_order_acquire));
}

/* Nobody can find the queue empty that was not, as long as the tail is the one that it has loaded. */
bool
line_ring_put(struct line_ring *q, struct str line)
{
    uint64_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed), after;
    uint32_t at, n = (uint32_t)line.n;
    do {
        int32_t before = waiting(q, tail);
        if (before >= (int32_t)q->room)
            return false;
        at = before == 0 || place_of(tail) + n > q->size ? 0 : place_of(tail);
        after = (uint64_t)(number_of(tail) + 1) << 32 | (at + n);
        /* not only a release: the putter asks next whether the taker sleeps */
    } while (!atomic_compare_exchange_weak_explicit(&q->tail, &tail, after, memory_order_seq_cst,
                                                    memory_order_relaxed));
    struct line_ring_slot *slot = slot_of(q, number_of(tail));
    memcpy(q->bytes + at, line.p, line.n);
    slot->at = at;
    slot->n = n;
    atomic_store_explicit(&slot->full, number_of(tail) + 1, memory_order_release);
    return true;
}

bool
line_ring_is_half_full(struct line_ring *q)
{
    return waiting(q, atomic_load_explicit(&q->tail, memory_order_seq_cst)) >= (int32_t)q->room / 2;
}

bool
line_ring_is_empty(struct line_ring *q)
{
    return number_of(atomic_load_explicit(&q->tail, memory_order_seq_cst)) == q->next;
}

bool
line_ring_ready(const struct line_ring *q)
{
    const struct line_ring_slot *slot = slot_of(q, q->next);
    return atomic_load_explicit(&slot->full, memory_order_acquire) == q->next + 1;
}

bool
line_ring_take(struct line_ring *q, struct ring_line *line)
{
    const struct line_ring_slot *slot = slot_of(q, q->next);
    if (!line_ring_ready(q))
        return false;
    *line = (struct ring_line){ q->bytes + slot->at, slot->n };
    q->next++;
    return true;
}

void
line_ring_free(struct line_ring *q)
{
    atomic_store_explicit(&q->head, q->next, memory_order_release);
}
