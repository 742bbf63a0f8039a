/* A table of words. */
#include "runtime/route/memory.h"

#include <stdatomic.h>

uint32_t
route_memory_id(uint64_t identity)
{
    uint32_t id = (uint32_t)identity;
    return id ? id : 1;
}

static _Atomic uint64_t *
slot_of(struct route_memory *m, uint64_t key)
{
    return &m->slots[key % ROUTE_MEMORY_SLOTS];
}

void
route_memory_put(struct route_memory *m, uint64_t key, uint64_t identity)
{
    uint64_t word = key >> 32 << 32 | route_memory_id(identity);
    atomic_store_explicit(slot_of(m, key), word, memory_order_relaxed);
}

uint32_t
route_memory_get(struct route_memory *m, uint64_t key)
{
    uint64_t word = atomic_load_explicit(slot_of(m, key), memory_order_relaxed);
    return word >> 32 == key >> 32 ? (uint32_t)word : 0;
}

uint64_t
route_memory_word(struct route_memory *m, unsigned slot)
{
    return atomic_load_explicit(&m->slots[slot], memory_order_relaxed);
}

void
route_memory_recall(struct route_memory *m, unsigned slot, uint64_t word)
{
    atomic_store_explicit(&m->slots[slot], word, memory_order_relaxed);
}
