/* A worker whose loop is late refuses requests before it has looked into their bodies (runtime/resilience/overload.h).
 *
 *   a request comes ─► the timer runs, as long as requests do ─► how late is it? ─► strain ─► the next one: in, or 503
 *
 * Each worker sees to its own loop.  A timer ten times a second is all that it costs; idle workers have none. */
#ifndef LLMUX_GATEWAY_SHEDDING_H
#define LLMUX_GATEWAY_SHEDDING_H

#include "runtime/resilience/overload.h"

struct event;
struct exchange;
struct worker;

/* Of a worker. */
struct shedding {
    struct event *timer; /* owned */
    uint64_t due;        /* on clock_ns(); 0: the timer does not run */
    uint64_t seen;       /* when it ran last */
    struct overload overload;
};

/* False when memory is short. */
bool shedding_init(struct worker *w);
void shedding_fini(struct worker *w);
/* A request has come, in whose body nobody has looked yet: true when it was refused, which was its end. */
bool shedding_refuses(struct exchange *x);

#endif
