/* One client's request through the gateway, from its last byte in to its last byte out.
 *
 *   exchange_start ─► read ─► gates ─► (QUEUED) ─► TRYING ─────────────► REPLYING ─► LINGERING ─► released
 *                       │       │        │  ▲   first byte      │  fail        the provider has
 *                       └───────┴────────┤  │                   │              not closed yet
 *                            refused     │  └─ RESTING          └─► broken off
 *                                        └─► no try left: error
 *
 * exchange.c leads; pursuit.c chooses and tries; attempt.c talks to one provider, stream.c and whole.c bring its reply to
 * answer.c, which talks to the client.  Everything happens on the worker's thread.  An exchange is
 * taken from its worker's pool and goes back there with the memory it has gathered. */
#ifndef LLMUX_GATEWAY_EXCHANGE_H
#define LLMUX_GATEWAY_EXCHANGE_H

#include <sys/queue.h>

#include "runtime/xd/translate.h"
#include "server/gateway/admission.h"
#include "server/gateway/attempt.h"
#include "server/gateway/front.h"
#include "server/gateway/race.h"
#include "server/gateway/outlook.h"
#include "server/gateway/recovery.h"
#include "server/gateway/request_id.h"
#include "server/gateway/tape.h"
#include "server/gateway/trail.h"
#include "server/http/conn.h"
#include "server/http/deadline.h"

struct gateway;
struct lease;
struct phase;
struct redaction;
struct worker;

enum exchange_state {
    EXCHANGE_ARRIVED,  /* nobody was asked yet, and it waits for nothing but its next step */
    EXCHANGE_QUEUED,   /* waits to be let in */
    EXCHANGE_TRYING,   /* an attempt is running, and the client has got nothing of a reply */
    EXCHANGE_RESTING,  /* between two attempts */
    EXCHANGE_REPLYING, /* part of the reply is on its way: no way back */
    EXCHANGE_LINGERING, /* the client has all: what is left is a line in the log, or a connection to save */
};

struct exchange {
    struct worker *worker;
    struct lease *lease;           /* of the configuration that it began with ... */
    const struct gateway *gateway; /* ... which is this one */
    TAILQ_ENTRY(exchange) link;    /* in the worker's list of running ones, or in its pool */
    TAILQ_ENTRY(exchange) waits;   /* in phase */
    struct phase *phase;           /* the worker's, for its next step; NULL: none */
    struct deadline deadline;      /* of enum exchange_deadline */
    struct deadline watch;         /* EXCHANGE_WATCH, while a call has not said anything */
    enum exchange_state state;
    struct event *timer; /* owned: of pauses and of waits in queues; NULL before the first */

    struct admission admission;
    struct limited *budget; /* of the model's retries; may be NULL */
    uint64_t patience_ms;   /* from begun_us on; PATIENCE_NO_LIMIT: for ever */

    struct http_exchange *http; /* NULL when the client has its answer, or is gone */
    struct front front;
    char id[REQUEST_ID_MAX];
    struct str request_id;
    bool made_id; /* the request id is ours, not the client's */

    struct tape *tape; /* owned; NULL once the reply is on its way, unless there is a recovery */
    struct redaction *redactions; /* owned: as its policies want it sent; see there */
    struct route route;
    struct outlook outlook; /* the route's, at tried_ns */
    uint64_t tried_ns;      /* when it was let in, or the newest try began, on clock_ns() */

    struct arena arena;        /* what lives as long as the exchange */
    struct str path;           /* of the request */
    struct str model;          /* as asked for; absent before the request was read */
    struct recovery *recovery; /* owned; NULL: streams that break stay broken */
    bool wants_stream;
    bool wants_usage; /* at the end of the stream */

    struct attempt attempt; /* the newest */
    struct attempt *rival;  /* owned; beside it, in a race; NULL before the first one */
    bool racing;
    enum rival_cause due; /* why there is to be a rival when the timer fires */
    struct race_leg legs[2];
    unsigned attempts;

    /* The answer, see answer.h. */
    bool begun; /* the head is out, with status 200 for an event stream */
    int status;
    struct str dropped; /* what was lost, as it stands in the header; absent: nothing */

    /* For the log. */
    struct ir_error error;       /* set: what the client was told, or would have been */
    struct str detail;           /* what else is known about it, not for the client */
    bool gone;                   /* the client left */
    bool guessed;                /* the usage of a stream that was cut off is ours, in part */
    uint64_t begun_us;           /* the request was complete */
    uint64_t first_us;           /* the first byte of the answer's body; 0: none yet */
    uint64_t ended_us;           /* the client had all, or was lost; 0: neither yet */
    uint64_t upstream_us;        /* spent waiting for providers until the answer began */
    uint64_t rest_us, rested_us; /* when the last pause began; all pauses together */
    uint64_t overhead_us;        /* until the first byte, what was not spent waiting */
    uint64_t bytes_in, bytes_out;
    struct trail trail;
    struct str tried; /* the model of the attempt before, as the metrics name it */
};

/* The steps that are taken for all exchanges of a turn, one behind the other; see phase.h. */
enum exchange_phase {
    EXCHANGE_ARRIVAL,  /* exchange_read */
    EXCHANGE_ENTRY,    /* exchange_admitted */
    EXCHANGE_PURSUIT,  /* pursuit_begin */
    EXCHANGE_EPILOGUE, /* exchange_tell */
    EXCHANGE_PHASES
};

enum exchange_deadline {
    EXCHANGE_NO_DEADLINE,
    EXCHANGE_KEEPALIVE, /* time for a comment to a waiting client */
    EXCHANGE_LINGER,    /* time to give the provider's connection up */
    EXCHANGE_WATCH,     /* time to see whether who is asked has fallen silent */
};

TAILQ_HEAD(exchange_list, exchange);

/* A request for an operation has come: take it from here. */
void exchange_start(struct worker *w, struct http_exchange *http, struct front front);
/* The first step: read it, and see whether it may go on.  May release x. */
void exchange_read(struct exchange *x);
/* The last step: the log, the spans.  Then x is released, unless its call lingers. */
void exchange_tell(struct exchange *x);
/* The client left: cancel, log, release. */
void exchange_gone(struct exchange *x);
/* The gateway stops: tell the client so, and end. */
void exchange_stop(struct exchange *x);
/* The client has caught up. */
void exchange_drained(struct exchange *x);
/* x's deadline, or its watch, has come. */
void exchange_expired(struct exchange *x, enum exchange_deadline which);

/* A place in a limit was given to x, or taken from it: go on.  May release x. */
void exchange_admitted(struct exchange *x);
/* Answer with an error, and end.  Releases x. */
void exchange_refuse(struct exchange *x, const struct ir_error *e);

/* Milliseconds that are left of the client's patience; PATIENCE_NO_LIMIT: it has no end. */
uint64_t exchange_left_ms(const struct exchange *x);
/* Go on after this time, at the latest when the client's patience ends. */
void exchange_sleep(struct exchange *x, uint64_t ns);
/* Do not. */
void exchange_wake(struct exchange *x);

/* What attempts report.  Each of these may release x. */

/* An attempt that had to wait has begun now, or cannot: try another one. */
void exchange_attempt_started(struct exchange *x, enum attempt_start how);
/* The attempt is over and the client has got nothing of it: try again, or say so. */
void exchange_attempt_failed(struct exchange *x, const struct ir_error *e, struct str detail);
/* Bytes of the reply are about to go out: what was kept for another attempt is let go. */
void exchange_commit(struct exchange *x);
/* The client has its whole answer, good or bad: the accounts, the log, the end. */
void exchange_finish(struct exchange *x);
/* Nothing of it runs any more: back into the pool. */
void exchange_release(struct exchange *x);

/* Free the memory of an exchange that is in no list. */
void exchange_destroy(struct exchange *x);

#endif
