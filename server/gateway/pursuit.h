/* How a request that was let in gets its reply: candidate after candidate, with pauses, as long as
 * there is a try left, a budget for it, and time.
 *
 *   begin ─► next candidate ─► attempt ─► fails ─► is another try of use?
 *                 ▲                                  │ no: the error goes to the client
 *                 ├──── elsewhere, at once ◄─────────┤
 *                 └──── again, after a pause ◄───────┘
 *
 * exchange_attempt_started and exchange_attempt_failed (exchange.h) are here, too. */
#ifndef LLMUX_GATEWAY_PURSUIT_H
#define LLMUX_GATEWAY_PURSUIT_H

struct exchange;

/* The route has begun: make the first try, at tried_ns.  May release x. */
void pursuit_begin(struct exchange *x);
/* The pause is over, or the wait for a place at a deployment was in vain.  May release x. */
void pursuit_go_on(struct exchange *x);
/* The client's patience has ended while an attempt waited for what it needs to begin.  Releases x. */
void pursuit_late(struct exchange *x);

#endif
