/* Permits, and a bounded queue of those who wait for one.
 *
 *   enter ─► a permit is free ─────────────────────────────► IN ─► leave ─► the next in the queue
 *              └─ none ─► the queue has room ─► QUEUED ──────┘
 *                           └─ full ─► one of lower priority makes room, or FULL
 *
 * Who has the higher priority goes first, among equals who came first; but every fourth permit goes
 * to whoever has waited longest, so that nobody waits for ever.  A waiter whose deadline has passed
 * gets no permit.  The limit may change between calls.  Times are in nanoseconds. */
#ifndef LLMUX_RESILIENCE_SEMAPHORE_H
#define LLMUX_RESILIENCE_SEMAPHORE_H

#include <stdbool.h>
#include <stdint.h>

enum semaphore_priority {
    SEMAPHORE_LOW,
    SEMAPHORE_NORMAL,
    SEMAPHORE_HIGH,
};
#define SEMAPHORE_PRIORITIES (SEMAPHORE_HIGH + 1)

/* One who waits: memory of the caller, at the same place until it waits no more. */
struct semaphore_waiter {
    enum semaphore_priority priority;
    uint64_t deadline; /* from then on a permit is of no use */
    uint64_t cost;     /* the owner's: what was taken elsewhere for it, see limiter.h */
    /* The semaphore's own. */
    struct semaphore_waiter *before, *after;
    uint64_t number; /* in the order of coming */
    bool waits;
};

/* All zeros at first. */
struct semaphore {
    unsigned held, waiting;
    uint64_t numbers;
    unsigned grants; /* to waiters, since one went to the oldest */
    struct semaphore_queue {
        struct semaphore_waiter *first, *last;
    } queues[SEMAPHORE_PRIORITIES];
};

struct semaphore_options {
    unsigned limit; /* permits; 0: no limit */
    unsigned queue; /* who may wait */
};

enum semaphore_answer { SEMAPHORE_IN, SEMAPHORE_QUEUED, SEMAPHORE_FULL };

/* Ask for a permit.  *displaced is who had to make room for w in the queue, and waits no more; NULL
 * as a rule. */
enum semaphore_answer
semaphore_enter(struct semaphore *s, const struct semaphore_options *o, struct semaphore_waiter *w,
                struct semaphore_waiter **displaced);
/* Give a permit back. */
void semaphore_leave(struct semaphore *s);
/* Who gets a permit that is free; NULL: nobody.  Until NULL comes, after each leave, and whenever
 * the limit may have grown.  Those whose deadline has passed stay where they are. */
struct semaphore_waiter *
semaphore_next(struct semaphore *s, const struct semaphore_options *o, uint64_t now);
/* w waits no more; no-op if it did not. */
void semaphore_quit(struct semaphore *s, struct semaphore_waiter *w);

#endif
