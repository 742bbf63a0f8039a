/* The last words. */
#include "server/gateway/epilogue.h"

#include <event2/event.h>

#include "server/gateway/request_log.h"
#include "server/gateway/worker.h"

void
epilogue_tell(const struct exchange *x)
{
    request_log_write(x);
    trail_end(x);
}

void
epilogue_catch_up(struct exchange *x)
{
    if (!x->untold)
        return;
    x->untold = false;
    TAILQ_REMOVE(&x->worker->epilogue.waiting, x, later);
    epilogue_tell(x);
}

/* The loop runs what is made active in the order in which it was, and the server's turn came before. */
static void
on_event(evutil_socket_t fd, short what, void *arg)
{
    struct epilogue *e = arg;
    struct exchange *x;
    (void)fd, (void)what;
    while ((x = TAILQ_FIRST(&e->waiting))) {
        epilogue_catch_up(x);
        if (!x->attempt.call)
            exchange_release(x);
    }
}

bool
epilogue_init(struct epilogue *e, struct event_base *base)
{
    TAILQ_INIT(&e->waiting);
    e->event = event_new(base, -1, 0, on_event, e);
    return e->event;
}

void
epilogue_fini(struct epilogue *e)
{
    if (e->event)
        event_free(e->event);
}

void
epilogue_put_off(struct exchange *x)
{
    struct epilogue *e = &x->worker->epilogue;
    if (TAILQ_EMPTY(&e->waiting))
        event_active(e->event, 0, 0);
    x->untold = true;
    TAILQ_INSERT_TAIL(&e->waiting, x, later);
}
