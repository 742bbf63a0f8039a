/* The clock is the kernel's coarse monotonic one: a read costs a few nanoseconds, and setting the
 * wall clock expires nothing. */
#include "server/http/deadline.h"

#include <event2/event.h>
#include <time.h>

/* The timer fires at most once in so many milliseconds. */
#define REST_MS 10

static uint64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
arm(struct deadlines *ds, uint64_t now, uint64_t at)
{
    uint64_t wait = at > now + REST_MS ? at - now : REST_MS;
    struct timeval tv = {
        .tv_sec = (time_t)(wait / 1000),
        .tv_usec = (suseconds_t)(wait % 1000) * 1000,
    };
    ds->armed_ms = now + wait;
    event_add(ds->timer, &tv);
}

static void
fire(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct deadlines *ds = arg;
    uint64_t now = now_ms(), next = UINT64_MAX;
    ds->armed_ms = 0; /* nobody arms while the lists are being looked through */
    for (unsigned kind = 1; kind < DEADLINE_KINDS; kind++) {
        struct deadline *d;
        while ((d = TAILQ_FIRST(&ds->lists[kind])) && d->due_ms <= now) {
            deadline_clear(ds, d);
            ds->expired(ds->arg, d, kind);
        }
    }
    for (unsigned kind = 1; kind < DEADLINE_KINDS; kind++) {
        struct deadline *d = TAILQ_FIRST(&ds->lists[kind]);
        if (d && d->due_ms < next)
            next = d->due_ms;
    }
    ds->armed_ms = UINT64_MAX;
    if (next != UINT64_MAX)
        arm(ds, now, next);
}

void
deadlines_set_length(struct deadlines *ds, unsigned kind, unsigned ms)
{
    ds->ms[kind] = ms ? ms : 1;
}

int
deadlines_init(struct deadlines *ds, struct event_base *base, const unsigned ms[DEADLINE_KINDS],
               void (*expired)(void *arg, struct deadline *d, unsigned kind), void *arg)
{
    *ds = (struct deadlines){ .armed_ms = UINT64_MAX, .expired = expired, .arg = arg };
    for (unsigned kind = 1; kind < DEADLINE_KINDS; kind++) {
        TAILQ_INIT(&ds->lists[kind]);
        deadlines_set_length(ds, kind, ms[kind]);
    }
    ds->timer = evtimer_new(base, fire, ds);
    return ds->timer ? 0 : -1;
}

void
deadlines_fini(struct deadlines *ds)
{
    if (ds->timer)
        event_free(ds->timer);
    ds->timer = NULL;
}

void
deadline_set(struct deadlines *ds, struct deadline *d, unsigned kind)
{
    deadline_clear(ds, d);
    uint64_t now = now_ms();
    d->kind = kind;
    d->due_ms = now + ds->ms[kind];
    TAILQ_INSERT_TAIL(&ds->lists[kind], d, link);
    if (d->due_ms < ds->armed_ms)
        arm(ds, now, d->due_ms);
}

void
deadline_clear(struct deadlines *ds, struct deadline *d)
{
    if (!d->kind)
        return;
    TAILQ_REMOVE(&ds->lists[d->kind], d, link);
    d->kind = 0;
}

struct deadline *
deadline_first(const struct deadlines *ds, unsigned kind)
{
    return TAILQ_FIRST(&ds->lists[kind]);
}
