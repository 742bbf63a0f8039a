/* The queue of those who wait for a step. */
#include "server/gateway/phase.h"

#include <event2/event.h>

#include "server/gateway/exchange.h"

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
    struct phase *p = arg;
    struct exchange *x;
    (void)fd, (void)what;
    while ((x = TAILQ_FIRST(&p->waiting))) {
        phase_leave(x);
        p->step(x);
    }
}

bool
phase_init(struct phase *p, struct event_base *base, void (*step)(struct exchange *x))
{
    TAILQ_INIT(&p->waiting);
    p->step = step;
    p->event = event_new(base, -1, 0, on_event, p);
    return p->event;
}

void
phase_fini(struct phase *p)
{
    if (p->event)
        event_free(p->event);
}

void
phase_enter(struct phase *p, struct exchange *x)
{
    if (TAILQ_EMPTY(&p->waiting))
        event_active(p->event, 0, 0);
    x->phase = p;
    TAILQ_INSERT_TAIL(&p->waiting, x, waits);
}

void
phase_leave(struct exchange *x)
{
    if (x->phase)
        TAILQ_REMOVE(&x->phase->waiting, x, waits);
    x->phase = NULL;
}
