/* The limits of one thing: a deployment, a model, a client, the gateway.
 *
 *   requests a minute ─► tokens a minute ─► permits (fixed or adaptive) ─► in
 *         │                     │              └─ none free: the queue
 *         └─ refused, with the time after which it is worth while to ask again
 *
 * A queue is for bursts.  One that has not been empty for longer than a request takes means that more comes than
 * can be done: then a long queue makes everybody late and serves nobody, so it is cut to `lasting` until it has
 * been empty for as long.
 *
 * What a request will use in tokens is guessed when it enters and settled when it leaves.  Not for
 * several threads at a time (server/gateway/limits.h is).  Times are in nanoseconds. */
#ifndef LLMUX_RESILIENCE_LIMITER_H
#define LLMUX_RESILIENCE_LIMITER_H

#include "runtime/resilience/adaptive.h"
#include "runtime/resilience/bucket.h"
#include "runtime/resilience/semaphore.h"

struct limiter_options {
    struct bucket_options requests, tokens;
    unsigned parallel; /* permits; 0: no limit */
    unsigned queue;    /* who may wait for one */
    uint64_t wait_ns;  /* the longest wait in the queue */
    unsigned
        lasting; /* thousandths of the permits: so many may wait in an overload that lasts; 0: queue */
    bool adapts; /* the permits are as many as adaptive says, whatever parallel is */
    struct adaptive_options adaptive;
};

/* All zeros at first. */
struct limiter {
    struct bucket requests, tokens;
    struct semaphore permits;
    struct adaptive adaptive;
    bool crowded, lasting;     /* somebody waits; that has been so for long ... */
    uint64_t since;            /* ... or not, since then */
    double hold_ns;            /* how long permits are held, a mean */
    uint64_t entered, refused; /* ever */
};

enum limiter_reason {
    LIMITER_FINE,
    LIMITER_REQUESTS, /* too many a minute */
    LIMITER_TOKENS,
    LIMITER_FULL, /* no permit, and the queue is full */
    LIMITER_LATE, /* no permit within wait_ns */
};

struct limiter_refusal {
    enum limiter_reason reason;
    uint64_t retry_ns; /* when it may be better: exact for rates, an estimate for permits */
};

/* The state at one moment. */
struct limiter_view {
    unsigned running, waiting;
    unsigned parallel; /* the limit that counts now; 0: none */
    uint64_t wait_ns;  /* for one more request: 0 when it would get in at once */
    enum limiter_reason reason;
    uint64_t entered, refused;
};

/* How a call within the limits went. */
struct limiter_report {
    uint64_t guessed, used; /* tokens */
    uint64_t hold_ns;       /* how long it was in */
    enum adaptive_sign sign;
    uint64_t sign_ns;
};

/* "requests a minute", "tokens a minute", ...; "" for fine. */
const char *limiter_reason_text(enum limiter_reason r);

struct limiter_view limiter_view(struct limiter *l, const struct limiter_options *o, uint64_t now);

/* Ask for a request that may use so many tokens.  QUEUED: w waits until limiter_next gives it out,
 * or limiter_quit; its deadline is set here.  FULL: *no says why.  *displaced: see semaphore.h. */
enum semaphore_answer
limiter_enter(struct limiter *l, const struct limiter_options *o, uint64_t now, uint64_t tokens,
              struct semaphore_waiter *w, struct semaphore_waiter **displaced,
              struct limiter_refusal *no);
/* It is over.  Then give out permits with limiter_next. */
void limiter_leave(struct limiter *l, const struct limiter_options *o, uint64_t now,
                   const struct limiter_report *r);
/* Who is in now; NULL: nobody else. */
struct semaphore_waiter *
limiter_next(struct limiter *l, const struct limiter_options *o, uint64_t now);
/* w waits no more: what was taken for it flows back.  False: it did not wait, it is in. */
bool limiter_quit(struct limiter *l, const struct limiter_options *o, uint64_t now,
                  struct semaphore_waiter *w);
/* When one more may find a permit: an estimate, never 0. */
uint64_t limiter_estimate(const struct limiter *l, const struct limiter_options *o);

#endif
