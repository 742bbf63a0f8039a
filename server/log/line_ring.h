/* A bounded queue of lines: many threads put, one takes, nobody waits.
 *
 *   slots  one for each line that may wait: its number, and where its bytes are
 *   bytes  a ring, one line behind the other; a line never goes around the end
 *   tail   the number of the next line and the place of its bytes, in one word: who moves it on owns both
 *   head   the number of the oldest line whose memory is still in use
 *
 * The ring holds as many bytes as the longest lines in all slots, so that a line with a slot also has room.  It begins anew
 * whenever the queue is found empty: only as much memory is touched as lines ever waited at a time. */
#ifndef LLMUX_LOG_LINE_RING_H
#define LLMUX_LOG_LINE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

struct ring_line {
    char *p; /* the queue's */
    size_t n;
};

struct line_ring_slot {
    _Atomic uint32_t full; /* number + 1 of the line that is in it, or was */
    uint32_t at, n;
};

struct line_ring {
    void *memory; /* owned, mapped: the slots, then the bytes */
    size_t mapped;
    struct line_ring_slot *slots;
    char *bytes;
    uint32_t room; /* slots; a power of two */
    uint32_t size; /* bytes */
    _Alignas(64) atomic_uint_fast64_t tail;
    _Alignas(64) _Atomic uint32_t head;
    _Alignas(64) uint32_t next; /* to be taken; the taker's */
};

/* Room for at least n lines of at most `longest` bytes each; all of it below 4 GB.  False when memory is short. */
bool line_ring_init(struct line_ring *q, size_t n, size_t longest);
/* Forgets the lines that are left. */
void line_ring_fini(struct line_ring *q);
/* Put a line, of which the queue makes a copy; false when it is full. */
bool line_ring_put(struct line_ring *q, struct str line);
/* Are there lines in half of its slots, or more?  For any thread, which may have it a moment too late. */
bool line_ring_is_half_full(struct line_ring *q);
/* Take the oldest line; false when there is none.  Its bytes stay until line_ring_free. */
bool line_ring_take(struct line_ring *q, struct ring_line *line);
/* All lines that were taken are done with. */
void line_ring_free(struct line_ring *q);
/* Would line_ring_take find one?  For the taker. */
bool line_ring_ready(const struct line_ring *q);
/* Is there none, not even one that is being put right now?  For the taker; ordered after everything it did before, as a
 * put is before everything that its thread does next. */
bool line_ring_is_empty(struct line_ring *q);

#endif
