/* Where later layers hang in the exchange, and nowhere else.
 *
 *   request ─► read ─► gates ─► route ─► attempt ... ─► taps ─► client
 *                                          └─► accounts, one record an attempt
 *
 * All are called on the thread of the request's worker, by several workers at a time; none may
 * block. */
#ifndef LLMUX_GATEWAY_SEAMS_H
#define LLMUX_GATEWAY_SEAMS_H

#include "runtime/xd/ask.h"
#include "server/http/head.h"

#define SEAMS_MAX 8 /* gates, taps and accounts, of each */

/* A request that was read and not yet routed.  All of it is borrowed for the call. */
struct gate_view {
    struct str request_id, peer;
    const struct http_head *head;
    const struct xd_dialect *front;
    const struct xd_ask *ask;
};

enum gate_verdict {
    GATE_PASS,
    GATE_REFUSE, /* the error was filled in: kind and message at least; texts in the arena */
};

struct gate {
    enum gate_verdict (*check)(void *ctx, const struct gate_view *v, struct arena *a,
                               struct ir_error *error);
    void *ctx;
};

/* Sees the events of replies as they come.  After a fail may come another begin: the next
 * attempt's, as long as the client had got nothing of the one before. */
struct tap {
    void (*event)(void *ctx, struct str request_id, const struct ir_event *e);
    void *ctx;
};

/* One try at a provider, when it is over.  All of it is borrowed for the call. */
struct account {
    struct str request_id;
    struct str provider; /* the deployment's name */
    struct str model;    /* as asked for */
    struct str upstream_model;
    enum xd_op_kind operation;
    unsigned attempt;      /* 1 is the first */
    int status;            /* the provider's; 0 when no head came */
    enum ir_fault fault;   /* unset when all went well */
    bool gone;             /* the client left before the end */
    struct ir_usage usage; /* as far as it was told */
    uint64_t start_us;     /* on clock_us() */
    uint64_t first_us;     /* from the start to the first byte of the body; 0: none came */
    uint64_t total_us;
};

struct accountant {
    void (*record)(void *ctx, const struct account *a);
    void *ctx;
};

struct seams {
    struct gate gates[SEAMS_MAX];
    struct tap taps[SEAMS_MAX];
    struct accountant accountants[SEAMS_MAX];
    unsigned n_gates, n_taps, n_accountants;
};

#endif
