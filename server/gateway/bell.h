/* How other threads tell a worker that something of its requests goes on: they put it on the
 * worker's list and ring. */
#ifndef LLMUX_GATEWAY_BELL_H
#define LLMUX_GATEWAY_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

struct bell;

/* What is told about; part of something of the worker's. */
struct bell_note {
    TAILQ_ENTRY(bell_note) link;
    struct bell *bell; /* where it is told; set before it is put */
    bool put;          /* with the bell's lock */
};

TAILQ_HEAD(bell_list, bell_note);

struct bell {
    pthread_mutex_t lock;
    struct bell_list notes;
    void (*ring)(void *ctx); /* wakes the worker; from any thread */
    void *ctx;
};

void bell_init(struct bell *b, void (*ring)(void *ctx), void *ctx);
void bell_fini(struct bell *b);

/* Tell n's worker; from any thread.  No-op when it is told already. */
void bell_put(struct bell_note *n);
/* The worker's: the first of what it is told, which is off the list now; NULL: nothing. */
struct bell_note *bell_take(struct bell *b);
/* Take it back, if it was put. */
void bell_cancel(struct bell_note *n);

#endif
