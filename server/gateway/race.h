/* A second call elsewhere for a request whose first has not said anything yet (runtime/resilience/rival.h
 * has the causes).
 *
 *   attempt ──── no first byte yet ──── race_begin ───► attempt and rival run ─► the first whose reply begins, or,
 *                                                          │                      being a document, is whole and good
 *                                                          │                      wins; the other is cut
 *                                                          ├─► one fails: the other goes on alone
 *                                                          └─► one says that the request is wrong: the other is cut
 *
 * The rest of the gateway knows one attempt of an exchange, x->attempt; whichever call has something
 * to say stands there while it does.  Both are booked. */
#ifndef LLMUX_GATEWAY_RACE_H
#define LLMUX_GATEWAY_RACE_H

#include <stdbool.h>

#include "runtime/resilience/rival.h"

struct exchange;

/* Whose call it is that says something: what calls know of their exchange. */
struct race_leg {
    struct exchange *x;
};

/* A call has begun: see to it that it gets a rival in time, if there is a cause. */
void race_arm(struct exchange *x);
/* The time has come. */
void race_begin(struct exchange *x, enum rival_cause cause);
/* Time to look whether who is asked has fallen silent. */
void race_watch(struct exchange *x);
/* This leg's call has something to say: let it stand in x->attempt.  True when race_leave must put
 * that right again, as long as the race goes on. */
bool race_enter(struct exchange *x, const struct race_leg *leg);
void race_leave(struct exchange *x, bool entered);
/* x->attempt has failed, with x->error: the other goes on alone. */
void race_lost(struct exchange *x);
/* x->attempt has the answer, good or bad: the other is cut, if there is a race. */
void race_won(struct exchange *x);
/* Nobody has: the other is cut, if there is a race. */
void race_end(struct exchange *x);
/* There will be no other race: let go of its memory. */
void race_forget(struct exchange *x);

#endif
