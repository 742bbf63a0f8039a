/* The limits that requests keep to, and their state: one limiter (runtime/resilience/limiter.h) for
 * the gateway, for each client, each model and each deployment, for the whole process.
 *
 *   limits_find ─► limits_enter ─► IN ──────────────────────────► limits_leave
 *                     │            ▲  the hold's worker is told      ▲
 *                     ├─► QUEUED ──┘  ───────────────────────────────┘ it waits no more
 *                     └─► FULL: refuse, with the time to come back
 *
 * State belongs to nobody's config: a reload keeps it.  Options come with each call.  A request
 * takes a short lock for each limit that it is under, a token none. */
#ifndef LLMUX_GATEWAY_LIMITS_H
#define LLMUX_GATEWAY_LIMITS_H

#include "runtime/resilience/budget.h"
#include "runtime/resilience/guard.h"
#include "runtime/resilience/limiter.h"
#include "runtime/resilience/memory.h"
#include "runtime/resilience/rival.h"
#include "server/config/config.h"
#include "server/gateway/bell.h"

struct limits;
struct limited;

enum limits_kind { LIMITS_GATEWAY, LIMITS_CLIENT, LIMITS_MODEL, LIMITS_DEPLOYMENT };

/* "gateway", "client", "model", "deployment". */
const char *limits_kind_name(enum limits_kind k);

/* In the terms of runtime/resilience. */
struct limiter_options limits_options(const struct config_limits *c);
/* Is anything limited at all? */
bool limits_any(const struct limiter_options *o);

/* NULL when memory is short. */
struct limits *limits_create(void);
/* Nobody may use any part of it any more. */
void limits_destroy(struct limits *l);

/* What is limited under this name.  Clients share one when there are thousands, and so do models.  NULL when memory
 * is short, and then nothing is limited. */
struct limited *limits_find(struct limits *l, enum limits_kind kind, struct str name);
/* Show all of them. */
void limits_each(struct limits *l,
                 void (*show)(void *ctx, enum limits_kind kind, struct str name, struct limited *x),
                 void *ctx);

/* A request's place within one limit; all zeros but for note.bell, told and ctx when it has none. */
struct limits_hold {
    struct semaphore_waiter waiter; /* first */
    struct bell_note note;
    struct limited *limited; /* NULL: no place */
    const struct limiter_options *options;
    uint64_t since; /* when it came in or began to wait */
    enum limits_place { LIMITS_OUT, LIMITS_WAITS, LIMITS_IN, LIMITS_DISPLACED } place;
    /* It waited, and is in now, or had to make room for a request of higher priority: see place. On
     * the worker's thread. */
    void (*told)(void *ctx);
    void *ctx;
};

/* Ask for a place; h has none.  QUEUED: h->told comes, unless limits_leave does first.  FULL: *no
 * says why.  x may be NULL: it is in. */
enum semaphore_answer limits_enter(struct limits_hold *h, struct limited *x,
                                   const struct limiter_options *o, uint64_t now, uint64_t tokens,
                                   enum semaphore_priority priority, struct limiter_refusal *no);
/* Give the place up, whatever it is; no-op without one.  What counts of *r are used, sign and
 * sign_ns. */
void limits_leave(struct limits_hold *h, uint64_t now, struct limiter_report r);
/* What the provider says is left of its own limits: no more of ours than that.  No-op without a place. */
void limits_learn(struct limits_hold *h, uint64_t now, const struct guard_quota *q);
/* A worker has taken this note: tell its hold. */
void limits_tell(struct bell_note *n);

/* For NULL: nothing is limited. */
struct limiter_view limits_view(struct limited *x, const struct limiter_options *o, uint64_t now);
/* When there may be room, for one who has waited in vain. */
uint64_t limits_estimate(struct limited *x, const struct limiter_options *o);

/* What memory.h says; state is made for what is recalled, before anybody uses it. */
struct limiter_memory limits_remember(struct limited *x, uint64_t now);
void limits_recall(struct limits *l, enum limits_kind kind, struct str name,
                   const struct limiter_memory *m, uint64_t now);

/* Extra calls of a model's requests, see budget.h.  For NULL: always allowed. */
void limits_count_retry(struct limited *x, const struct budget_options *o, uint64_t now);
bool limits_spend_retry(struct limited *x, const struct budget_options *o, uint64_t now);
/* Hedges are a share of the requests, and of the tokens that these may use: the cap holds for the cost, too. */
void limits_count_hedge(struct limited *x, const struct budget_options *o, uint64_t now,
                        uint64_t tokens);
/* What rival.h says of rival_is_affordable, and of rival_book. */
bool limits_affords(struct limited *x, const struct rival_rates *o, enum rival_cause cause,
                    uint64_t now, uint64_t tokens);
void limits_book(struct limited *x, const struct rival_rates *o, enum rival_cause cause,
                 uint64_t now, uint64_t tokens);

#endif
