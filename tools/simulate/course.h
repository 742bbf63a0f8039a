/* The course of a simulation: clients, the gateway's own router and resilience, scripted upstreams,
 * and a clock that jumps from event to event.
 *
 *   arrive ─► limits ─► route_next ─► guarded_begin ─► upstream ─► first token ─► end ─► next turn
 *                          ▲             refuses ─┐       │ fails
 *                          └──── rest ◄───────────┴───────┘
 *
 * What is not simulated: catalogue.c, route.c, runtime/route, guards.c, limits.c and runtime/resilience
 * are those of the gateway, with its config; only what exchange.c and others do with sockets and timers
 * is done here without: entry.c is admission.c, calls.c is attempt.c, race.c and pursuit.c. */
#ifndef LLMUX_SIMULATE_COURSE_H
#define LLMUX_SIMULATE_COURSE_H

#include <stdbool.h>

#include "runtime/route/strategy.h"
#include "tools/simulate/result.h"

/* False, with the reason on stderr, when the config is refused.  r is to be given to result_fini. */
bool
course_run(const struct scenario *s, enum route_strategy strategy, uint64_t seed, struct result *r);

#endif
