/* The growing of buffers. */
#include "runtime/base/buf.h"

#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM_MIN 256

void
buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){ .cap = cap };
}

void
buf_fini(struct buf *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->p, b->room);
    free(b->p);
    *b = (struct buf){ .cap = b->cap };
}

void
buf_clear(struct buf *b)
{
    b->n = 0;
    b->err = ERR_OK;
}

void
buf_shrink(struct buf *b, size_t keep)
{
    buf_clear(b);
    if (b->room <= keep)
        return;
    char *p = keep ? realloc(b->p, keep) : NULL;
    if (!p) {
        free(b->p);
        keep = 0;
    }
    b->p = p;
    b->room = keep;
}

void
buf_borrow(struct buf *b, struct buf *spare, size_t n)
{
    if (n < BUF_SPARE_LEAST || spare->room < n || b->room >= n)
        return;
    free(b->p);
    ASAN_UNPOISON_MEMORY_REGION(spare->p, spare->room);
    b->p = spare->p;
    b->room = spare->room;
    b->cap = b->cap < b->room ? b->room : b->cap;
    *spare = (struct buf){ .cap = spare->cap };
}

void
buf_return(struct buf *b, struct buf *spare)
{
    if (b->room >= BUF_SPARE_LEAST && b->room > spare->room && b->room <= spare->cap) {
        buf_fini(spare);
        spare->p = b->p;
        spare->room = b->room;
        ASAN_POISON_MEMORY_REGION(spare->p, spare->room);
        *b = (struct buf){ .cap = b->cap };
    }
    buf_fini(b);
}

/* The next size: doubled, at least what is needed, at most the cap. */
static size_t
next_room(const struct buf *b, size_t need)
{
    size_t room = b->room > b->cap / 2 ? b->cap : b->room * 2;
    if (room < ROOM_MIN)
        room = ROOM_MIN;
    if (room < need)
        room = need;
    return room > b->cap ? b->cap : room;
}

char *
buf_room(struct buf *b, size_t n)
{
    if (b->err)
        return NULL;
    if (n > b->cap - b->n) {
        b->err = ERR_LIMIT;
        return NULL;
    }
    if (n > b->room - b->n || !b->p) {
        size_t room = next_room(b, b->n + n);
        char *p = realloc(b->p, room ? room : 1);
        if (!p) {
            b->err = ERR_MEMORY;
            return NULL;
        }
        b->p = p;
        b->room = room;
    }
    return b->p + b->n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    /* The first try goes into a small array, so that the text's own NUL never counts against the
     * cap. */
    char small[256];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof small) {
        buf_put(b, small, (size_t)n);
    } else if (n >= 0) {
        char *text = malloc((size_t)n + 1);
        if (text) {
            vsnprintf(text, (size_t)n + 1, fmt, again);
            buf_put(b, text, (size_t)n);
            free(text);
        } else if (!b->err) {
            b->err = ERR_MEMORY;
        }
    }
    va_end(again);
}

void
buf_consume(struct buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}
