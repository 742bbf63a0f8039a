/* A growing byte buffer with a ceiling.
 *
 * Errors are sticky: after the ceiling was hit (or malloc failed) every put is a no-op and
 * buf->err stays set until buf_clear. */
#ifndef LLMUX_BASE_BUF_H
#define LLMUX_BASE_BUF_H

#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

struct buf {
    char *p;     /* owned */
    size_t n;    /* bytes held */
    size_t room; /* bytes allocated; n <= room <= cap */
    size_t cap;
    enum err err; /* ERR_OK, ERR_LIMIT or ERR_MEMORY */
};

/* An empty buffer that never holds more than cap bytes.  Allocates nothing yet. */
void buf_init(struct buf *b, size_t cap);
void buf_fini(struct buf *b);
/* Forget the content and the error, keep the memory. */
void buf_clear(struct buf *b);
/* Forget the content and give memory above `keep` bytes back. */
void buf_shrink(struct buf *b, size_t keep);
/* Make room for n more bytes and return where they go, NULL on error.  The caller adds what it
 * wrote to b->n. */
char *buf_room(struct buf *b, size_t n);
/* Append n bytes. */
static inline void
buf_put(struct buf *b, const char *p, size_t n)
{
    char *to = n == 0 ? NULL : !b->err && n <= b->room - b->n ? b->p + b->n : buf_room(b, n);
    if (!to)
        return;
    memcpy(to, p, n);
    b->n += n;
}

static inline void
buf_putc(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

static inline void
buf_puts(struct buf *b, struct str s)
{
    buf_put(b, s.p, s.n);
}

/* A spare is a buffer without content, whose memory waits for large ones.  Blocks that come and go with each request would
 * leave holes in the heap, where small pieces settle before the next one of that size is wanted.  Under AddressSanitizer it is
 * poisoned while it waits. */
#define BUF_SPARE_LEAST ((size_t)64 << 10) /* smaller ones are left to the heap */
/* If n bytes are so many, give b, which is empty, the spare's memory, provided that it has room for them.  b's cap rises to
 * what it gets. */
void buf_borrow(struct buf *b, struct buf *spare, size_t n);
/* Forget b's content and give its memory to the spare, if that is so large, larger than what is there, and within the
 * spare's cap; else away. */
void buf_return(struct buf *b, struct buf *spare);

void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Drop the first n bytes. */
void buf_consume(struct buf *b, size_t n);

static inline struct str
buf_str(const struct buf *b)
{
    return (struct str){ b->p ? b->p : "", b->n };
}

#endif
