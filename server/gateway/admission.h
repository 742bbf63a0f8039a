/* Whether a request is let in at all: the limits of the gateway, of its client and of its model, one
 * after the other.
 *
 *   gateway ─► client ─► model ─► in
 *      │         │         └─ each: a place, or a wait in a queue, or a refusal at once
 *
 * The places are given up when the exchange ends. */
#ifndef LLMUX_GATEWAY_ADMISSION_H
#define LLMUX_GATEWAY_ADMISSION_H

#include "server/gateway/limits.h"
#include "server/http/head.h"

#define ADMISSION_PLACES 3

struct exchange;

/* All zeros at first. */
struct admission {
    struct limits_hold holds[ADMISSION_PLACES];
    unsigned at; /* the one to be asked for next */
    enum semaphore_priority priority;
};

enum admission_answer {
    ADMISSION_IN,
    ADMISSION_WAITS,   /* for how long at most: admission_wait_ns; then admission_step again */
    ADMISSION_REFUSED, /* x->error says why, and when to come back */
};

/* Go on, at tried_ns, with whatever places are missing. */
enum admission_answer admission_step(struct exchange *x);
/* How long the place that x waits for may take, in nanoseconds. */
uint64_t admission_wait_ns(const struct exchange *x);
/* It has waited too long: give that place up; x->error says so. */
void admission_late(struct exchange *x);
/* The state of the limits, and of the budgets, of the model that x asks for; NULL: there is none. */
struct limited *admission_model(const struct exchange *x);
/* Give all places up at now, as clock_ns() tells it; tokens: how many were used. */
void admission_end(struct exchange *x, uint64_t tokens, uint64_t now);

/* What a refusal is for a client; who: "this client", "model gpt-4o". */
struct ir_error admission_error(enum limits_kind kind, const struct limiter_refusal *no,
                                struct str who, struct arena *a);
/* Tokens, guessed from the bytes of a body or of texts. */
uint64_t admission_guess(uint64_t bytes);
/* `high`, `normal` or `low` in the header x-llmux-priority; normal for anything else. */
enum semaphore_priority admission_priority(const struct http_head *h);
/* Who asks: a fingerprint of the key that the request shows, else its address without the port;
 * lives in the arena. */
struct str admission_client(const struct http_head *h, struct str peer, struct arena *a);

#endif
