/* What a program takes from the heap, and what it leaves there: it stands in for the allocator, and counts.
 *
 * For one file of a program, which has the program's malloc then.  The sanitizers bring allocators of their own and keep
 * their own books, so there nothing is counted (HEAP_COUNTS is 0, and so is all of struct heap): run what is to be judged
 * for their other checks, and say that it was not judged. */
#ifndef LLMUX_TESTS_HEAP_H
#define LLMUX_TESTS_HEAP_H

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_COUNTS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_COUNTS 0
#endif
#endif
#ifndef HEAP_COUNTS
#define HEAP_COUNTS 1
#endif

static struct {
    unsigned long allocations; /* calls of malloc, calloc and realloc */
    size_t held;               /* bytes, now */
    size_t most;               /* bytes, at any time since the program set it */
    const char *secret;        /* to be looked for in what is given back; NULL: nothing */
    unsigned long shown;       /* blocks that were given back with it */
} heap;

#if HEAP_COUNTS
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static void *
heap_got(void *p)
{
    heap.allocations++;
    heap.held += malloc_usable_size(p);
    heap.most = heap.held > heap.most ? heap.held : heap.most;
    return p;
}

void *
malloc(size_t n)
{
    return heap_got(__libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
    return heap_got(__libc_calloc(n, size));
}

static bool
heap_shows(const void *p)
{
    return heap.secret && p
           && memmem(p, malloc_usable_size((void *)p), heap.secret, strlen(heap.secret));
}

/* Old and new may be there at once. */
void *
realloc(void *p, size_t n)
{
    size_t had = malloc_usable_size(p);
    bool shows = heap_shows(p);
    void *to = heap_got(__libc_realloc(p, n));
    heap.held -= to || !n ? had : 0;
    heap.shown += shows && to != p;
    return to;
}

void
free(void *p)
{
    heap.held -= malloc_usable_size(p);
    heap.shown += heap_shows(p);
    __libc_free(p);
}
#endif

#endif
