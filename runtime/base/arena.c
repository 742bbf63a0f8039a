/* Bump allocation in chunks that double in size. */
#include "runtime/base/arena.h"

#include <sanitizer/asan_interface.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_FIRST 1024u
#define CHUNK_MAX   (1u << 20)
#define CHUNK_KEEP  (64u << 10) /* arena_reset keeps no chunk larger than this */
#define ALIGN       alignof(max_align_t)
#define TEXT_ROOM   64u /* the least room that arena_append takes for a text */
#define PUSH_ROOM   4u  /* the first room of a vector ... */
#define PUSH_LARGE  64u /* ... of elements smaller than this; larger ones are often alone */

/* Under AddressSanitizer a stretch of poison follows each allocation. */
#if defined(__SANITIZE_ADDRESS__)
#define GAP 8u
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GAP 8u
#endif
#endif
#ifndef GAP
#define GAP 0u
#endif

struct arena_chunk {
    struct arena_chunk *next; /* owned, the next older one */
    size_t size;              /* of the bytes behind this header */
    size_t used;              /* used <= size */
    alignas(max_align_t) char bytes[];
};

void
arena_init(struct arena *a, size_t cap)
{
    *a = (struct arena){ .cap = cap };
}

static void
free_chunk(struct arena_chunk *c)
{
    ASAN_UNPOISON_MEMORY_REGION(c->bytes, c->size);
    free(c);
}

void
arena_fini(struct arena *a)
{
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free_chunk(c);
    }
    arena_init(a, a->cap);
}

/* Has nothing been taken since the last reset? */
static bool
is_fresh(const struct arena *a)
{
    const struct arena_chunk *c = a->chunks;
    return !c || (c->used == 0 && !c->next && c->size + sizeof *c <= CHUNK_KEEP);
}

void
arena_reset(struct arena *a)
{
    if (is_fresh(a)) {
        a->full = false;
        return;
    }
    struct arena_chunk *keep = NULL;
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        if (c->size + sizeof *c > CHUNK_KEEP || (keep && keep->size >= c->size)) {
            free_chunk(c);
            continue;
        }
        if (keep)
            free_chunk(keep);
        keep = c;
    }
    arena_init(a, a->cap);
    if (!keep)
        return;
    keep->next = NULL;
    keep->used = 0;
    a->chunks = keep;
    a->total = sizeof *keep + keep->size;
    ASAN_POISON_MEMORY_REGION(keep->bytes, keep->size);
}

/* A new chunk with room for n bytes, counted in the arena but not linked yet.  NULL when the cap
 * forbids it. */
static struct arena_chunk *
make_chunk(struct arena *a, size_t n)
{
    size_t left = a->cap - a->total;
    if (left < sizeof(struct arena_chunk) || n > left - sizeof(struct arena_chunk))
        return NULL;
    size_t all = a->chunks ? 2 * (sizeof *a->chunks + a->chunks->size) : CHUNK_FIRST;
    if (all > CHUNK_MAX)
        all = CHUNK_MAX;
    if (all < sizeof(struct arena_chunk) + n)
        all = sizeof(struct arena_chunk) + n;
    if (all > left)
        all = left;
    struct arena_chunk *c = malloc(all);
    if (!c)
        return NULL;
    *c = (struct arena_chunk){ .size = all - sizeof *c };
    ASAN_POISON_MEMORY_REGION(c->bytes, c->size);
    a->total += all;
    return c;
}

/* n bytes at the next multiple of align of the chunk, NULL when it is too full. */
static char *
carve(struct arena_chunk *c, size_t n, size_t align)
{
    size_t at = (c->used + align - 1) & ~(align - 1);
    if (at > c->size || n > c->size - at)
        return NULL;
    size_t gap = GAP;
    size_t left = c->size - at - n;
    c->used = at + n + (left < gap ? left : gap);
    ASAN_UNPOISON_MEMORY_REGION(c->bytes + at, n);
    return c->bytes + at;
}

static char *
carve_new(struct arena *a, size_t n)
{
    struct arena_chunk *c = make_chunk(a, n);
    if (!c) {
        a->full = true;
        return NULL;
    }
    struct arena_chunk *newest = a->chunks;
    if (newest && newest->size - newest->used > c->size - n) {
        /* A large piece fills its chunk; the newest one is still the better place for small
         * pieces. */
        c->next = newest->next;
        newest->next = c;
    } else {
        c->next = newest;
        a->chunks = c;
    }
    return carve(c, n, 1);
}

static char *
take(struct arena *a, size_t n, size_t align)
{
    if (a->full)
        return NULL;
    char *p = a->chunks ? carve(a->chunks, n, align) : NULL;
    return p ? p : carve_new(a, n);
}

void *
arena_alloc(struct arena *a, size_t n)
{
    void *p = take(a, n, ALIGN);
    return p ? memset(p, 0, n) : NULL;
}

char *
arena_bytes(struct arena *a, size_t n)
{
    return take(a, n, 1);
}

struct str
arena_str(struct arena *a, struct str s)
{
    if (!s.p)
        return s;
    if (s.n == 0)
        return STR("");
    char *p = arena_bytes(a, s.n);
    return p ? str_make(memcpy(p, s.p, s.n), s.n) : (struct str){ NULL, 0 };
}

struct str
arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    char small[256];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    char *p = n >= 0 ? arena_bytes(a, (size_t)n + 1) : NULL;
    if (p && (size_t)n < sizeof small)
        memcpy(p, small, (size_t)n + 1);
    else if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p ? str_make(p, (size_t)n) : (struct str){ NULL, 0 };
}

/* Lengthen the piece at p from `have` to `want` bytes where it stands, if it is the last one of
 * the newest chunk. */
static bool
extend(struct arena *a, const char *p, size_t have, size_t want)
{
    struct arena_chunk *c = a->chunks;
    if (!c || a->full || GAP > 0 || p + have != c->bytes + c->used)
        return false;
    if (want - have > c->size - c->used)
        return false;
    c->used += want - have;
    return true;
}

/* The room that arena_append keeps for a text of n bytes: a power of two, which n alone
 * determines, so that it need not be stored.  0 when it does not fit a size_t. */
static size_t
text_room(size_t n)
{
    size_t room = TEXT_ROOM;
    while (room && room < n)
        room *= 2;
    return room;
}

bool
arena_append(struct arena *a, struct str *dst, struct str s)
{
    if (!s.p)
        return true;
    if (s.n == 0) {
        if (!dst->p)
            *dst = STR("");
        return true;
    }
    size_t n = dst->n + s.n;
    size_t have = dst->n ? text_room(dst->n) : 0;
    if (n > have) {
        size_t want = text_room(n);
        if (!want) {
            a->full = true;
            return false;
        }
        if (!have || !extend(a, dst->p, have, want)) {
            char *p = arena_bytes(a, want);
            if (!p)
                return false;
            if (dst->n)
                memcpy(p, dst->p, dst->n);
            dst->p = p;
        }
    }
    memcpy((char *)(uintptr_t)dst->p + dst->n, s.p, s.n);
    dst->n = n;
    return true;
}

void *
arena_push(struct arena *a, void **v, unsigned *n, unsigned *cap, size_t size)
{
    if (*n == *cap) {
        unsigned room = *cap ? *cap * 2 : size < PUSH_LARGE ? PUSH_ROOM : 1;
        if (room < *cap || size > SIZE_MAX / room) {
            a->full = true;
            return NULL;
        }
        if (*cap && extend(a, *v, *cap * size, room * size)) {
            memset((char *)*v + *cap * size, 0, (room - *cap) * size);
        } else {
            void *p = arena_alloc(a, room * size);
            if (!p)
                return NULL;
            if (*n)
                memcpy(p, *v, *n * size);
            *v = p;
        }
        *cap = room;
    }
    void *e = (char *)*v + (size_t)*n * size;
    (*n)++;
    return e;
}
