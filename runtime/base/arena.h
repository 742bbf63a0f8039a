/* Memory that is freed all at once.
 *
 *   arena ─► chunk (newest) ─► chunk ─► chunk
 *             [used ....... | free ....... ]
 *
 * One arena for each lifetime: process, exchange (one client request), attempt (one upstream
 * try), and one for a single streamed event.  The cap counts all chunks; reaching it makes
 * arena_alloc return NULL for ever after (until a reset), which callers treat as ERR_LIMIT. */
#ifndef LLMUX_BASE_ARENA_H
#define LLMUX_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* owned, newest first */
    size_t total;               /* bytes of all chunks; total <= cap */
    size_t cap;
    bool full; /* an allocation was refused */
};

/* An empty arena that will hold at most cap bytes.  Allocates nothing yet. */
void arena_init(struct arena *a, size_t cap);
/* Free everything.  a may be used again afterwards. */
void arena_fini(struct arena *a);
/* Forget every allocation; keep the largest chunk of at most 64 KB for reuse, so that an arena
 * reset from event to event soon stops allocating, and free the others.  Poisons the kept bytes
 * under AddressSanitizer. */
void arena_reset(struct arena *a);
/* n zeroed bytes, aligned for any type, or NULL when the cap is reached. */
void *arena_alloc(struct arena *a, size_t n);
/* n bytes, not zeroed, no alignment: for text. */
char *arena_bytes(struct arena *a, size_t n);
/* A copy of s in the arena; absent stays absent; absent too when the cap is reached (check
 * a->full). */
struct str arena_str(struct arena *a, struct str s);
/* Formatted text in the arena, NUL-terminated behind its end. */
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Lengthen *dst by s; an absent s changes nothing, an empty one makes an absent *dst empty.
 * *dst must be absent, or empty, or made by arena_append alone: the function relies on the room
 * it left behind the text.  Amortised constant time a byte.  Returns false when the cap is
 * reached. */
bool arena_append(struct arena *a, struct str *dst, struct str s);
/* Make room for one more element in a vector of *n elements of `size` bytes with room for *cap,
 * and return the new (zeroed) element, counting it in *n; NULL when the cap of the arena is
 * reached.  *v is reallocated inside the arena by doubling. */
void *arena_push(struct arena *a, void **v, unsigned *n, unsigned *cap, size_t size);

#endif
