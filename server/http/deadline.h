/* Many coarse deadlines behind one timer.
 *
 * Deadlines of one kind all have the same length, so a list in the order of their setting is also
 * in the order of their expiry:
 *
 *   kind 1 (10 s)   head ─► due 14:03:07 ─► due 14:03:09
 *   kind 2 (75 s)   head ─► due 14:03:40
 *                                            timer: set for the earliest head
 *
 * Setting or clearing one moves it in a list and seldom touches the timer, which is what makes a
 * deadline for every request affordable.  They fire to within some ten milliseconds. */
#ifndef LLMUX_HTTP_DEADLINE_H
#define LLMUX_HTTP_DEADLINE_H

#include <stdint.h>
#include <sys/queue.h>

#define DEADLINE_KINDS 7 /* with kind 0, which is no deadline */

struct event;
struct event_base;

/* All zeros at first. */
struct deadline {
    TAILQ_ENTRY(deadline) link;
    uint64_t due_ms;
    unsigned kind; /* 0: not set */
};

TAILQ_HEAD(deadline_list, deadline);

struct deadlines {
    struct deadline_list lists[DEADLINE_KINDS];
    unsigned ms[DEADLINE_KINDS]; /* how long each kind is */
    struct event *timer;         /* owned */
    uint64_t armed_ms;           /* when the timer fires; UINT64_MAX: never */
    void (*expired)(void *arg, struct deadline *d, unsigned kind);
    void *arg;
};

/* ms[1] and up are the lengths.  expired is called from the loop, with d no longer set; it may set
 * it again, and may free what d is part of.  Returns -1 when memory ran out. */
int deadlines_init(struct deadlines *ds, struct event_base *base, const unsigned ms[DEADLINE_KINDS],
                   void (*expired)(void *arg, struct deadline *d, unsigned kind), void *arg);
/* How long this kind is from now on.  Where those that run are longer, one that is set now may fire as
 * late as the last of them. */
void deadlines_set_length(struct deadlines *ds, unsigned kind, unsigned ms);
/* No deadline may be set any more. */
void deadlines_fini(struct deadlines *ds);
/* Start d anew, from now. */
void deadline_set(struct deadlines *ds, struct deadline *d, unsigned kind);
void deadline_clear(struct deadlines *ds, struct deadline *d);
/* The one of that kind that is due first, or NULL. */
struct deadline *deadline_first(const struct deadlines *ds, unsigned kind);

#endif
