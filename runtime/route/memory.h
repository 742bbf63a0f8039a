/* Who served a conversation last, for those that cannot go on elsewhere: what only the account that
 * made it can read (sealed thinking, ids of files) is not to be seen from the request itself.
 *
 *   key ─► slot: | 32 bits of the key | 32 bits of who |      newer ones replace older ones
 *
 * For several threads at a time, without locks.  It may forget; it is wrong about one key in four
 * thousand million. */
#ifndef LLMUX_ROUTE_MEMORY_H
#define LLMUX_ROUTE_MEMORY_H

#include <stdint.h>

#define ROUTE_MEMORY_SLOTS 65536u

/* All zeros at first. */
struct route_memory {
    _Atomic uint64_t slots[ROUTE_MEMORY_SLOTS];
};

/* What is left of an identity here; never 0. */
uint32_t route_memory_id(uint64_t identity);
void route_memory_put(struct route_memory *m, uint64_t key, uint64_t identity);
/* The route_memory_id of who served this key last; 0: nobody knows. */
uint32_t route_memory_get(struct route_memory *m, uint64_t key);
/* For another process: what lies in a slot, 0 when nothing does; and to put that there. */
uint64_t route_memory_word(struct route_memory *m, unsigned slot);
void route_memory_recall(struct route_memory *m, unsigned slot, uint64_t word);

#endif
