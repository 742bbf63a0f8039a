/* A timer that is moved far more often than it fires; see lazy_timer.h. */
#include "server/upstream/lazy_timer.h"

#include <time.h>

uint64_t
lazy_timer_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
lazy_timer_arm(struct lazy_timer *t, uint64_t now)
{
    uint64_t us = t->due > now ? t->due - now : 0;
    struct timeval tv = { (time_t)(us / 1000000), (suseconds_t)(us % 1000000) };
    t->armed = event_add(&t->ev, &tv) == 0 ? t->due : LAZY_TIMER_OFF;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct lazy_timer *t = arg;
    t->armed = LAZY_TIMER_OFF;
    if (t->due == LAZY_TIMER_OFF)
        return;
    uint64_t now = lazy_timer_now();
    if (now < t->due) {
        lazy_timer_arm(t, now);
        return;
    }
    t->due = LAZY_TIMER_OFF;
    t->fn(t->ctx);
}

void
lazy_timer_init(struct lazy_timer *t, struct event_base *base, void (*fn)(void *), void *ctx)
{
    *t = (struct lazy_timer){ .fn = fn, .ctx = ctx };
    t->due = t->armed = LAZY_TIMER_OFF;
    evtimer_assign(&t->ev, base, on_timer, t);
}

void
lazy_timer_fini(struct lazy_timer *t)
{
    event_del(&t->ev);
}

void
lazy_timer_set(struct lazy_timer *t, uint64_t due)
{
    t->due = due;
    if (due < t->armed)
        lazy_timer_arm(t, lazy_timer_now());
}
