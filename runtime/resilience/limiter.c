/* Rates and permits together. */
#include "runtime/resilience/limiter.h"

#include <stddef.h>

#define LEAST_NS ((uint64_t)1000 * 1000) /* of an estimate */
#define BURST_NS 100e6 /* a queue that is younger is a burst, however short requests are */

const char *
limiter_reason_text(enum limiter_reason r)
{
    switch (r) {
    case LIMITER_FINE:
        return "";
    case LIMITER_REQUESTS:
        return "too many requests a minute";
    case LIMITER_TOKENS:
        return "too many tokens a minute";
    case LIMITER_FULL:
        return "too many requests at a time, and too many wait";
    case LIMITER_LATE:
        return "too many requests at a time";
    }
    return "";
}

static struct semaphore_options
permits(const struct limiter *l, const struct limiter_options *o)
{
    return (struct semaphore_options){
        .limit = o->adapts ? adaptive_limit(&l->adaptive, &o->adaptive) : o->parallel,
        .queue = o->queue,
    };
}

/* Is it no burst any more, that there is a queue?  Or no lull, that there is none? */
static bool
lasts(const struct limiter *l, uint64_t now)
{
    double ns = l->hold_ns > BURST_NS ? l->hold_ns : BURST_NS;
    bool turned = l->hold_ns > 0 && l->crowded != l->lasting && (double)(now - l->since) > ns;
    return turned ? l->crowded : l->lasting;
}

static struct semaphore_options
permits_now(const struct limiter *l, const struct limiter_options *o, uint64_t now)
{
    struct semaphore_options p = permits(l, o);
    uint64_t most = (uint64_t)p.limit * o->lasting / 1000;
    if (o->lasting && most < p.queue && lasts(l, now))
        p.queue = most > 1 ? (unsigned)most : 1;
    return p;
}

/* After somebody came or went. */
static void
note_queue(struct limiter *l, uint64_t now)
{
    bool crowded = l->permits.waiting > 0;
    l->lasting = lasts(l, now);
    if (crowded != l->crowded)
        l->since = now;
    l->crowded = crowded;
}

/* Those before it leave one by one, as many at a time as there are permits. */
uint64_t
limiter_estimate(const struct limiter *l, const struct limiter_options *o)
{
    struct semaphore_options p = permits(l, o);
    double ns = l->hold_ns * (l->permits.waiting + 1) / (p.limit ? p.limit : 1);
    return ns > (double)LEAST_NS ? (uint64_t)ns : LEAST_NS;
}

/* What the rates say. */
static struct limiter_refusal
ask_rates(struct limiter *l, const struct limiter_options *o, uint64_t now, uint64_t tokens)
{
    uint64_t requests = bucket_wait(&l->requests, &o->requests, now, 1);
    uint64_t used = bucket_wait(&l->tokens, &o->tokens, now, tokens);
    if (requests && requests >= used)
        return (struct limiter_refusal){ LIMITER_REQUESTS, requests };
    return (struct limiter_refusal){ used ? LIMITER_TOKENS : LIMITER_FINE, used };
}

struct limiter_view
limiter_view(struct limiter *l, const struct limiter_options *o, uint64_t now)
{
    struct semaphore_options p = permits_now(l, o, now);
    struct limiter_refusal no = ask_rates(l, o, now, 1);
    struct limiter_view v = { .running = l->permits.held,
                              .waiting = l->permits.waiting,
                              .parallel = p.limit,
                              .wait_ns = no.retry_ns,
                              .reason = no.reason,
                              .entered = l->entered,
                              .refused = l->refused };
    if (v.reason == LIMITER_FINE && p.limit && l->permits.held >= p.limit) {
        v.reason = l->permits.waiting >= p.queue ? LIMITER_FULL : LIMITER_LATE;
        v.wait_ns = limiter_estimate(l, o);
    }
    return v;
}

static void
take(struct limiter *l, const struct limiter_options *o, uint64_t now, uint64_t tokens)
{
    bucket_take(&l->requests, &o->requests, now, 1);
    bucket_take(&l->tokens, &o->tokens, now, tokens);
    l->entered++;
}

static void
take_back(struct limiter *l, const struct limiter_options *o, uint64_t now,
          const struct semaphore_waiter *w)
{
    bucket_give(&l->requests, &o->requests, now, 1);
    bucket_give(&l->tokens, &o->tokens, now, w->cost);
}

enum semaphore_answer
limiter_enter(struct limiter *l, const struct limiter_options *o, uint64_t now, uint64_t tokens,
              struct semaphore_waiter *w, struct semaphore_waiter **displaced,
              struct limiter_refusal *no)
{
    struct semaphore_options p = permits_now(l, o, now);
    *displaced = NULL;
    *no = ask_rates(l, o, now, tokens);
    if (no->reason != LIMITER_FINE) {
        l->refused++;
        return SEMAPHORE_FULL;
    }
    w->deadline = now + o->wait_ns;
    w->cost = tokens;
    enum semaphore_answer a = semaphore_enter(&l->permits, &p, w, displaced);
    if (a == SEMAPHORE_FULL) {
        l->refused++;
        *no = (struct limiter_refusal){ LIMITER_FULL, limiter_estimate(l, o) };
        return a;
    }
    if (*displaced)
        take_back(l, o, now, *displaced);
    take(l, o, now, tokens);
    note_queue(l, now);
    return a;
}

void
limiter_leave(struct limiter *l, const struct limiter_options *o, uint64_t now,
              const struct limiter_report *r)
{
    unsigned running = l->permits.held;
    semaphore_leave(&l->permits);
    if (r->used > r->guessed)
        bucket_take(&l->tokens, &o->tokens, now, r->used - r->guessed);
    else
        bucket_give(&l->tokens, &o->tokens, now, r->guessed - r->used);
    l->hold_ns += ((double)r->hold_ns - l->hold_ns) / (l->hold_ns > 0 ? 8 : 1);
    if (o->adapts)
        adaptive_learn(&l->adaptive, &o->adaptive, now, r->sign, r->sign_ns, running);
}

struct semaphore_waiter *
limiter_next(struct limiter *l, const struct limiter_options *o, uint64_t now)
{
    struct semaphore_options p = permits(l, o);
    struct semaphore_waiter *w = semaphore_next(&l->permits, &p, now);
    note_queue(l, now);
    return w;
}

bool
limiter_quit(struct limiter *l, const struct limiter_options *o, uint64_t now,
             struct semaphore_waiter *w)
{
    if (!w->waits)
        return false;
    semaphore_quit(&l->permits, w);
    note_queue(l, now);
    take_back(l, o, now, w);
    return true;
}
