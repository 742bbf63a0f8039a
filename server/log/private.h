/* The inside of struct log; for the files of this directory only. */
#ifndef LLMUX_LOG_PRIVATE_H
#define LLMUX_LOG_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/log/log.h"
#include "server/log/masker.h"
#include "server/log/line_ring.h"

/* Masks that were replaced stay until the end: another thread may be using one. */
struct old_mask {
    struct old_mask *next;
    struct masker *mask; /* owned */
};

/* What the writer does when it has written a batch. */
enum rest {
    REST_NONE,
    REST_NAP,   /* for nap_ms: only a queue that gets full is worth waking it */
    REST_SLEEP, /* however long: there was nothing to write */
};

struct log {
    int fd;
    char *path;           /* owned; NULL: fd is borrowed */
    atomic_bool reopen;   /* the writer shall open path anew */
    pthread_mutex_t tees; /* held to change the tee, and while it runs */
    void (*tee)(void *ctx, struct str line);
    void *tee_ctx;
    bool given_up; /* the log ends, and nobody reads fd */
    bool pipe;     /* fd takes PIPE_BUF bytes without blocking, once poll says so */
    enum log_format format;
    atomic_int level;
    uint64_t (*now_us)(void);
    struct line_ring queue;
    pthread_t writer;
    int wake; /* owned: an eventfd */
    int nap_ms;
    atomic_int rest; /* enum rest: does the writer wait for wake? */
    atomic_bool stop;
    atomic_uint_fast64_t lines, dropped, failed;
    uint64_t reported;             /* drops the writer has told of */
    _Atomic(struct masker *) mask; /* owned */
    pthread_mutex_t masks;         /* held to replace it */
    struct old_mask *old;          /* owned */
};

/* line.c: a whole line about the log itself, not queued.  Returns its length. */
size_t log_compose_dropped(struct log *log, struct log_line *l, uint64_t lines);
/* log.c: hand a finished line to the writer. */
void log_put(struct log *log, const char *p, size_t n);

#endif
