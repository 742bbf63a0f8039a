/* Permits and queues, one for each priority. */
#include "runtime/resilience/semaphore.h"

#include <stddef.h>

#define GRANTS_IN_A_ROW 3u /* by priority, before one by age */

static void
append(struct semaphore *s, struct semaphore_waiter *w)
{
    struct semaphore_queue *q = &s->queues[w->priority];
    w->before = q->last;
    w->after = NULL;
    w->number = s->numbers++;
    w->waits = true;
    if (q->last)
        q->last->after = w;
    else
        q->first = w;
    q->last = w;
    s->waiting++;
}

void
semaphore_quit(struct semaphore *s, struct semaphore_waiter *w)
{
    struct semaphore_queue *q = &s->queues[w->priority];
    if (!w->waits)
        return;
    *(w->before ? &w->before->after : &q->first) = w->after;
    *(w->after ? &w->after->before : &q->last) = w->before;
    w->waits = false;
    s->waiting--;
}

static bool
has_permit(const struct semaphore *s, const struct semaphore_options *o)
{
    return o->limit == 0 || s->held < o->limit;
}

/* The newest of the lowest priority below p; NULL: there is none. */
static struct semaphore_waiter *
weakest(const struct semaphore *s, enum semaphore_priority p)
{
    for (unsigned i = 0; i < (unsigned)p; i++)
        if (s->queues[i].last)
            return s->queues[i].last;
    return NULL;
}

enum semaphore_answer
semaphore_enter(struct semaphore *s, const struct semaphore_options *o, struct semaphore_waiter *w,
                struct semaphore_waiter **displaced)
{
    *displaced = NULL;
    w->waits = false;
    if (has_permit(s, o) && s->waiting == 0) {
        s->held++;
        return SEMAPHORE_IN;
    }
    if (s->waiting >= o->queue) {
        *displaced = o->queue ? weakest(s, w->priority) : NULL;
        if (!*displaced)
            return SEMAPHORE_FULL;
        semaphore_quit(s, *displaced);
    }
    append(s, w);
    return SEMAPHORE_QUEUED;
}

void
semaphore_leave(struct semaphore *s)
{
    s->held--;
}

/* The first in a queue who can still use a permit. */
static struct semaphore_waiter *
first_in_time(const struct semaphore_queue *q, uint64_t now)
{
    struct semaphore_waiter *w = q->first;
    while (w && w->deadline <= now)
        w = w->after;
    return w;
}

struct semaphore_waiter *
semaphore_next(struct semaphore *s, const struct semaphore_options *o, uint64_t now)
{
    struct semaphore_waiter *best = NULL;
    bool by_age = s->grants >= GRANTS_IN_A_ROW;
    if (!has_permit(s, o) || s->waiting == 0)
        return NULL;
    for (unsigned i = SEMAPHORE_PRIORITIES; i-- > 0 && (by_age || !best);) {
        struct semaphore_waiter *w = first_in_time(&s->queues[i], now);
        if (w && (!best || w->number < best->number))
            best = w;
    }
    if (!best)
        return NULL;
    s->grants = by_age ? 0 : s->grants + 1;
    semaphore_quit(s, best);
    s->held++;
    return best;
}
