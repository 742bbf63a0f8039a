/* A bounded queue of lines: many threads put, one takes, nobody waits.
 *
 *   slot   seq == position      free for the putter of that position
 *          seq == position + 1  full, for the taker
 * (Dmitry Vyukov's bounded queue.) */
#ifndef LLMUX_LOG_LINE_QUEUE_H
#define LLMUX_LOG_LINE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct queued_line {
    char *p; /* malloc'ed */
    size_t n;
};

struct line_queue_slot {
    atomic_size_t seq;
    struct queued_line line;
};

struct line_queue {
    struct line_queue_slot *slots;   /* owned */
    size_t mask;                     /* slots - 1; a power of two */
    _Alignas(64) atomic_size_t tail; /* next position to put */
    _Alignas(64) size_t head;        /* next position to take; the taker's */
};

/* Room for at least n lines.  False when memory is short. */
bool line_queue_init(struct line_queue *q, size_t n);
/* Frees the lines that are left. */
void line_queue_fini(struct line_queue *q);
/* Put a line, whose memory then belongs to the queue; false when it is full. */
bool line_queue_put(struct line_queue *q, struct queued_line line);
/* Do lines wait in half of its room, or more?  For any thread, which may have it a moment too late. */
bool line_queue_is_half_full(struct line_queue *q);
/* Take the oldest line; false when there is none. */
bool line_queue_take(struct line_queue *q, struct queued_line *line);
/* Would line_queue_take find one?  For the taker; ordered after everything it did before. */
bool line_queue_ready(struct line_queue *q);

#endif
