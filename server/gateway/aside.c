/* An event loop on a thread, and an eventfd. */
#include "server/gateway/aside.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool
aside_init(struct aside *a, void (*order)(void *ctx), void (*last)(void *ctx), void *ctx)
{
    *a = (struct aside){ .order = order, .last = last, .ctx = ctx };
    a->order_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return a->order_fd >= 0;
}

static void
on_order(evutil_socket_t fd, short what, void *ctx)
{
    struct aside *a = ctx;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) < 0)
        return;
    if (atomic_load(&a->stopped))
        event_base_loopbreak(a->base);
    else
        a->order(a->ctx);
}

static void *
run(void *arg)
{
    struct aside *a = arg;
    event_base_dispatch(a->base);
    a->last(a->ctx);
    return NULL;
}

/* Signals are the main thread's. */
static bool
start_thread(struct aside *a)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool ok = pthread_create(&a->thread, NULL, run, a) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

static void
undo(struct aside *a)
{
    if (a->upstream)
        upstream_destroy(a->upstream);
    if (a->event)
        event_free(a->event);
    if (a->base)
        event_base_free(a->base);
    a->upstream = NULL;
    a->event = NULL;
    a->base = NULL;
}

bool
aside_start(struct aside *a)
{
    a->base = event_base_new();
    a->upstream = a->base ? upstream_create(a->base, NULL) : NULL;
    a->event = a->upstream ? event_new(a->base, a->order_fd, EV_READ | EV_PERSIST, on_order, a)
                           : NULL;
    a->started = a->event && event_add(a->event, NULL) == 0 && start_thread(a);
    if (!a->started)
        undo(a);
    return a->started;
}

void
aside_poke(struct aside *a)
{
    uint64_t one = 1;
    (void)!write(a->order_fd, &one, sizeof one);
}

void
aside_stop(struct aside *a)
{
    atomic_store(&a->stopped, true);
    aside_poke(a);
}

bool
aside_is_stopped(const struct aside *a)
{
    return atomic_load(&a->stopped);
}

void
aside_join(struct aside *a)
{
    if (!a->started)
        return;
    aside_stop(a);
    pthread_join(a->thread, NULL);
    a->started = false;
}

void
aside_fini(struct aside *a)
{
    undo(a);
    if (a->order_fd >= 0)
        close(a->order_fd);
}
