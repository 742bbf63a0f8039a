/* What an exchange leaves behind for those who watch: its place in a trace, and one entry for each
 * attempt.  The log line and the spans are made from it when the exchange is over.
 *
 *   client's traceparent ─► exchange's span ─┬─ route
 *                                            ├─ attempt ─► traceparent for the provider
 *                                            ├─ attempt
 *                                            └─ stream                                         */
#ifndef LLMUX_GATEWAY_TRAIL_H
#define LLMUX_GATEWAY_TRAIL_H

#include "runtime/base/arena.h"
#include "runtime/xd/ask.h"
#include "server/metrics/metrics.h"
#include "server/trace/context.h"

struct exchange;
struct log_line;
struct transcript_reply;

/* One attempt, when it is over.  Times are on clock_us(). */
struct hop {
    const struct deployment *deployment; /* of the exchange's snapshot */
    const struct xd_dialect *dialect;    /* that it was asked in */
    struct str model;                    /* as the provider calls it */
    struct str url;                      /* that was asked; absent when nobody records it */
    uint64_t span;
    uint64_t start_us, end_us;
    uint64_t asked_us;           /* when the call was made; 0: it was not */
    uint64_t first_us;           /* from the start to the first byte of the body; 0: none came */
    uint64_t connect_us, tls_us; /* of a new connection; 0: it was there, or is not known */
    int status;                  /* the provider's; 0: none came */
    enum ir_fault fault;
    struct str message; /* of the error */
    bool gone;          /* the client left */
    bool cut;           /* we ended it, as another attempt was faster, say */
    struct str reply_id, reply_model, request_id;
    enum ir_stop stop;
    struct ir_usage usage;
    bool priced;     /* the configuration knows what tokens cost there: */
    uint64_t cost;   /* billionths of its currency */
    struct str said; /* the reply as attributes (transcript.h); absent: nobody wants it */
    bool said_cut;
};

#define TRAIL_STOPS 16u

/* Of the request, what spans tell. */
struct trail_wishes {
    struct ir_int max_output, candidates, top_k;
    const char *output; /* the kind of output that was asked for; NULL: nobody said */
    struct str temperature, top_p, seed, presence, frequency; /* numbers as they were written */
    struct str *stops;
    unsigned n_stops; /* at most TRAIL_STOPS */
};

struct trail {
    struct trace_context context; /* .trace unset: none; .span is ours if `records`, else theirs */
    bool records;                 /* spans may be made of it, */
    bool tells;                   /* with what is said */
    uint64_t parent;              /* the client's span; 0: none */
    struct str state;             /* tracestate */
    struct str client, agent;     /* the address, and what it says it is */
    struct str path;
    struct trail_wishes wishes;
    struct str asked; /* the request as attributes, if tells */
    bool asked_cut;
    struct hop *hops;
    unsigned n_hops, cap_hops;
};

/* A request has come; its head is there. */
void trail_begin(struct exchange *x);
/* It was read. */
void trail_read(struct exchange *x);
/* Listen to a reply, of an exchange that tells; lives in the arena.  NULL when memory is short. */
struct transcript_reply *trail_listen(const struct exchange *x, struct arena *a);
/* The traceparent for the attempt that begins, which gets a span of its own; lives in the arena.
 * Absent: the provider is told nothing. */
struct str trail_parent(struct exchange *x, struct arena *a);
/* The attempt is over; once for each. */
void trail_hop(struct exchange *x, uint64_t total_us);
/* The exchange is over for the client: make its spans if they are wanted. */
void trail_end(const struct exchange *x);

/* The trace that an observation belongs to, of an exchange that is over at this time; all zero when nobody will find it. */
struct metrics_trace trail_example(const struct exchange *x, uint64_t now_us);
/* Fields for the log line. */
void trail_log(struct log_line *l, const struct exchange *x);

#endif
