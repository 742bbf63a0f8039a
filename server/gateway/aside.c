/* An event loop on a thread, and what wakes it. */
#include "server/gateway/aside.h"

#include <signal.h>

static void
on_poke(void *ctx)
{
    struct aside *a = ctx;
    if (atomic_load(&a->stopped))
        event_base_loopbreak(a->base);
    else
        a->order(a->ctx);
}

bool
aside_init(struct aside *a, void (*order)(void *ctx), void (*last)(void *ctx), void *ctx)
{
    *a = (struct aside){ .order = order, .last = last, .ctx = ctx };
    return waker_init(&a->waker, on_poke, a);
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
    waker_deafen(&a->waker);
    if (a->base)
        event_base_free(a->base);
    a->upstream = NULL;
    a->base = NULL;
}

bool
aside_start(struct aside *a)
{
    a->base = event_base_new();
    a->upstream = a->base ? upstream_create(a->base, NULL) : NULL;
    a->started = a->upstream && waker_listen(&a->waker, a->base) && start_thread(a);
    if (!a->started)
        undo(a);
    return a->started;
}

void
aside_poke(struct aside *a)
{
    waker_wake(&a->waker);
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
    waker_fini(&a->waker);
}
