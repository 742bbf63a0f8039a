/* A timer that is moved far more often than it fires.
 *
 * libevent keeps timers in a heap; adding and removing one for every request costs more than the
 * rest of the bookkeeping.  Here a later (or no) due time only changes a number: the event fires
 * too early, notices, and goes back to sleep. */
#ifndef LLMUX_UPSTREAM_LAZY_TIMER_H
#define LLMUX_UPSTREAM_LAZY_TIMER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>

#define LAZY_TIMER_OFF UINT64_MAX

struct lazy_timer {
    struct event ev;
    uint64_t due;   /* us on lazy_timer_now's clock; LAZY_TIMER_OFF: never */
    uint64_t armed; /* when ev fires; armed <= due, or LAZY_TIMER_OFF if not pending */
    void (*fn)(void *ctx);
    void *ctx;
};

/* Microseconds on a clock that never jumps. */
uint64_t lazy_timer_now(void);
/* A timer that is off; fn(ctx) is called from the loop when it is due, and finds it off again. */
void lazy_timer_init(struct lazy_timer *t, struct event_base *base, void (*fn)(void *), void *ctx);
void lazy_timer_fini(struct lazy_timer *t);
/* Call fn at `due` (or at once from the loop, if that is past), instead of any earlier setting.
 * LAZY_TIMER_OFF: not at all. */
void lazy_timer_set(struct lazy_timer *t, uint64_t due);

#endif
