/* How other threads wake an event loop: an eventfd that the loop listens to.
 *
 *   waker_init ─► waker_listen ─► (waker_wake ─► woken, on the loop's thread)* ─► waker_deafen ─► waker_fini
 *
 * What there is to do comes by its owner's own ways; to wake says that there is something. */
#ifndef LLMUX_GATEWAY_WAKER_H
#define LLMUX_GATEWAY_WAKER_H

#include <stdbool.h>

#include "runtime/base/err.h"

struct event;
struct event_base;

struct waker {
    int fd;              /* owned: an eventfd; -1: none */
    struct event *event; /* owned: of fd, while a loop listens; else NULL */
    void (*woken)(void *ctx);
    void *ctx;
};

/* False when no descriptor can be had; waker_fini is in order even then. */
MUST_CHECK bool waker_init(struct waker *w, void (*woken)(void *ctx), void *ctx);
/* Have this loop listen, which lives until waker_deafen; also to what was said before.  False when memory ran out. */
MUST_CHECK bool waker_listen(struct waker *w, struct event_base *base);
/* Have the loop call woken, soon; once for several that come before it does.  From any thread. */
void waker_wake(struct waker *w);
/* No loop listens any more.  No-op when none does. */
void waker_deafen(struct waker *w);
void waker_fini(struct waker *w);

#endif
