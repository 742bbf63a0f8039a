/* What is told of exchanges when all is over: the line in the log, and spans.
 *
 * Nobody waits for these, so they come behind the bytes that the turn of the loop has for clients.  What decides about
 * other requests, and what is counted, is not among them: a client that has its reply finds it in the metrics.
 *
 * All functions belong to the worker's thread. */
#ifndef LLMUX_GATEWAY_EPILOGUE_H
#define LLMUX_GATEWAY_EPILOGUE_H

#include <stdbool.h>
#include <sys/queue.h>

struct event;
struct event_base;
struct exchange;

struct epilogue {
    struct event *event; /* owned; active while there are any */
    TAILQ_HEAD(, exchange) waiting;
};

/* False when memory is short. */
bool epilogue_init(struct epilogue *e, struct event_base *base);
/* Nobody waits any more.  Also for one that is all zeros. */
void epilogue_fini(struct epilogue *e);

/* x, which nobody has told of, is over but for this.  Then it is released, unless its call lingers. */
void epilogue_put_off(struct exchange *x);
/* Tell of x now, if that was put off. */
void epilogue_catch_up(struct exchange *x);
/* Tell of x. */
void epilogue_tell(const struct exchange *x);

#endif
