/* Steps of exchanges that are taken for all of a turn of the loop, one behind the other.
 *
 *   requests ─► arrivals ─► entries ─► pursuits ─► providers ┄┄► replies ─► epilogues
 *
 * A request runs through 100 kB of code, which is three times what the cache next to a core holds.  Where many requests
 * come in one turn, a part of the way at a time costs less than the whole way for each: the code of that part stays where
 * it is fast.  A lone request waits for nobody, nor does a large one (exchange.c): its bytes would leave the cache meanwhile.
 *
 * The loop runs what was made active in the order in which it was; so what is put off is behind what was found, and, when
 * a reply was begun before, behind its bytes.
 *
 * All functions belong to the worker's thread. */
#ifndef LLMUX_GATEWAY_PHASE_H
#define LLMUX_GATEWAY_PHASE_H

#include <stdbool.h>
#include <sys/queue.h>

struct event;
struct event_base;
struct exchange;

struct phase {
    struct event *event; /* owned; active while any wait */
    TAILQ_HEAD(, exchange) waiting;
    void (*step)(struct exchange *x);
};

/* step may release x.  False when memory is short. */
bool phase_init(struct phase *p, struct event_base *base, void (*step)(struct exchange *x));
/* Nobody waits any more.  Also for one that is all zeros. */
void phase_fini(struct phase *p);

/* Put x, which is in no phase, off. */
void phase_enter(struct phase *p, struct exchange *x);
/* The step that x waits for, if it does, is not to be taken. */
void phase_leave(struct exchange *x);

#endif
