/* What a simulation is in the middle of.  Only for course.c, entry.c and calls.c, which share it. */
#ifndef LLMUX_SIMULATE_STATE_H
#define LLMUX_SIMULATE_STATE_H

#include "runtime/resilience/rival.h"
#include "server/gateway/limits.h"
#include "server/gateway/outlook.h"
#include "server/gateway/route.h"
#include "tools/simulate/agenda.h"
#include "tools/simulate/gatehouse.h"
#include "tools/simulate/result.h"

#define SECOND    1e9                                   /* ns */
#define BEGINNING ((uint64_t)1000 * 1000 * 1000 * 1000) /* on the simulation's clock */
#define PLACES    ((unsigned)LIMITS_DEPLOYMENT)         /* limits before a route is sought */

/* What the agenda has.  `which` is a call's number, or a place's. */
enum event {
    EVENT_BEGIN, /* a conversation begins */
    EVENT_TURN,  /* a request comes */
    EVENT_LATE,  /* it has waited in the queue of a place long enough */
    EVENT_FIRST, /* a call's first token */
    EVENT_END,   /* ... its end */
    EVENT_FULL,  /* it has waited long enough for its deployment's limits */
    EVENT_RIVAL, /* ... for its first token */
    EVENT_WATCH, /* has its deployment fallen silent? */
    EVENT_RETRY, /* a pause is over */
};

struct course;

/* One call of a request. */
struct call {
    struct course *course;
    unsigned who, number;     /* number: of the request's calls, from 1; 0: none is here */
    struct limits_hold place; /* within the limits of its deployment */
    struct candidate to;
    bool runs, heard; /* else it waits for that place */
    unsigned upstream;
    struct guarded *guard;
    uint64_t ticket, began;
    enum rival_cause due; /* why it is to have a rival */
    struct upstream_fate fate;
};

struct request {
    struct course *course;
    unsigned who;
    struct arena arena;
    struct limits_hold entry[PLACES];
    unsigned at; /* of these, the one that is next */
    enum semaphore_priority priority;
    unsigned client;
    struct route route;
    struct outlook outlook;
    struct call calls[2]; /* the second one is a rival, or the first was */
    unsigned n_calls;     /* ever */
    uint64_t came, first; /* first: 0 as long as the client has got nothing */
    unsigned conversation, turn, turns;
    unsigned home; /* which upstream served the turn before */
    double tokens_in, tokens_out;
    uint64_t told; /* ns: what the newest failure said to wait */
    struct ir_error error;
};

struct course {
    const struct scenario *scenario;
    struct gatehouse house;
    struct upstream upstreams[SCENARIO_UPSTREAMS];
    struct agenda agenda;
    struct dice dice;
    uint64_t now;
    struct request **requests; /* owned; NULL once it is over */
    unsigned n, room, conversations;
    unsigned inside;                     /* requests that were let in and are not over */
    unsigned recent[SCENARIO_UPSTREAMS]; /* of the last requests that began */
    struct result *result;
};

static inline double
seconds(uint64_t ns)
{
    return (double)ns / SECOND;
}

static inline uint64_t
later(const struct course *c, double s)
{
    return c->now + (uint64_t)(s * SECOND);
}

/* course.c */

/* The request was let in: seek its route. */
void course_enter(struct request *x);
/* It has failed, or was refused; x is gone. */
void course_fail(struct request *x);
/* An upstream has served it; x is gone. */
void course_finish(struct request *x, unsigned upstream);

/* entry.c */

/* Pass the limits of the gateway, the client and the model, one after the other. */
void entry_step(struct request *x);
/* It has waited at this place long enough. */
void entry_late(struct request *x, unsigned place);
/* The request is over. */
void entry_leave(struct request *x);

/* calls.c */

/* Begin the next call that can be begun, or wait for it; false when there is none, or the budget has no room
 * for one that costs a retry. */
bool calls_next(struct request *x, bool costs);
/* What the agenda says of the call of this number, which may be gone. */
void calls_event(struct request *x, enum event e, unsigned number);
/* Whatever runs is cut: the request is over. */
void calls_cut(struct request *x);

#endif
