/* Metrics of what stands still between requests: deployments, their circuit breakers, and queues. */
#ifndef LLMUX_GATEWAY_MEASURE_STATE_H
#define LLMUX_GATEWAY_MEASURE_STATE_H

#include "server/metrics/exposition.h"

struct guards;
struct worker;

/* Counts the changes of breakers, which happen on all threads. */
struct measure_breakers;
/* From now on, before the workers start.  NULL when memory is short. */
struct measure_breakers *measure_breakers_create(struct metrics *m, struct guards *g);
/* After the guards; NULL is nothing. */
void measure_breakers_destroy(struct measure_breakers *b);

/* The state of the deployments in the worker's snapshot, and who waits. */
void measure_state_write(struct exposition *e, struct worker *w);

#endif
