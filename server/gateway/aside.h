/* A thread beside the workers, with an event loop and calls of its own.  It is made when it is first wanted.
 *
 *   aside_init ─► aside_start ─► (aside_poke ─► order, on its thread)* ─► aside_stop ─► last ─► aside_join
 *
 * What it works on comes by its owner's own ways; a poke says that there is something. */
#ifndef LLMUX_GATEWAY_ASIDE_H
#define LLMUX_GATEWAY_ASIDE_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "server/gateway/waker.h"
#include "server/upstream/upstream.h"

struct aside {
    void (*order)(void *ctx); /* on its thread */
    void (*last)(void *ctx);  /* when it ends, on its thread */
    void *ctx;
    struct event_base *base;   /* its own, as is the next; NULL when it was not started */
    struct upstream *upstream; /* gone behind aside_fini */
    bool started;              /* it is the owner's who starts it, as is all that follows */
    pthread_t thread;
    struct waker waker;
    atomic_bool stopped;
};

/* False when no descriptor can be had; aside_fini is in order even then. */
MUST_CHECK bool
aside_init(struct aside *a, void (*order)(void *ctx), void (*last)(void *ctx), void *ctx);
/* Start it; false when that cannot be, and then all is as before. */
MUST_CHECK bool aside_start(struct aside *a);
/* Have it call order, soon; once for several pokes that come before.  From any thread. */
void aside_poke(struct aside *a);
/* Have it end; from any thread. */
void aside_stop(struct aside *a);
bool aside_is_stopped(const struct aside *a);
/* Stop it and wait for its end. */
void aside_join(struct aside *a);
/* When it is joined. */
void aside_fini(struct aside *a);

#endif
