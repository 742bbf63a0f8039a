/* An eventfd, and what a loop has of it. */
#include "server/gateway/waker.h"

#include <event2/event.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool
waker_init(struct waker *w, void (*woken)(void *ctx), void *ctx)
{
    *w = (struct waker){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .woken = woken, .ctx = ctx };
    return w->fd >= 0;
}

static void
on_wake(evutil_socket_t fd, short what, void *ctx)
{
    struct waker *w = ctx;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) >= 0)
        w->woken(w->ctx);
}

bool
waker_listen(struct waker *w, struct event_base *base)
{
    w->event = event_new(base, w->fd, EV_READ | EV_PERSIST, on_wake, w);
    return w->event && event_add(w->event, NULL) == 0;
}

void
waker_wake(struct waker *w)
{
    uint64_t one = 1;
    (void)!write(w->fd, &one, sizeof one);
}

void
waker_deafen(struct waker *w)
{
    if (w->event)
        event_free(w->event);
    w->event = NULL;
}

void
waker_fini(struct waker *w)
{
    waker_deafen(w);
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}
