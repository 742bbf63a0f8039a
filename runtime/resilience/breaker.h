/* A circuit breaker: stops asking who keeps failing, and tries again with a few calls.
 *
 *              `failures` in a row                   `open_ns` over
 *   CLOSED ───────────────────────► OPEN ──────────────────────────► HALF_OPEN
 *     ▲                              ▲                                 │    │
 *     │                              └──── a probe fails: twice as ────┘    │
 *     │                                    long, at most `open_most_ns`     │
 *     └──────────────────────── `successes` probes succeed ─────────────────┘
 *
 * What counts in a row are beginnings and ends, each by itself: a reply that began last minute and
 * ends well says nothing about whether others begin now.
 *
 * breaker_heal goes the same way without a call.
 *
 * Every call that was let through ends with breaker_end, with the ticket it got: what was begun
 * before the state changed says nothing about the state after it, and does not count.  The options
 * are an argument, so that they may change while the state stays.  Times are in nanoseconds that
 * never run backwards. */
#ifndef LLMUX_RESILIENCE_BREAKER_H
#define LLMUX_RESILIENCE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker_options {
    unsigned failures; /* in a row, that open it; 0: it never opens */
    uint64_t open_ns, open_most_ns;
    unsigned probes;    /* calls at a time while half-open, >= 1 */
    unsigned successes; /* that close it again, >= 1 */
};

enum breaker_outcome {
    BREAKER_SUCCEEDED,
    BREAKER_FAILED,
    BREAKER_ENDED,   /* its reply had begun (breaker_begun), and ended well */
    BREAKER_BROKE,   /* ... and broke off */
    BREAKER_UNKNOWN, /* cut off before it could show: the probe's place is free again */
};

/* All zeros at first, but for the callback. */
struct breaker {
    enum breaker_state state;
    unsigned failed;    /* in a row, while closed: replies that did not begin ... */
    unsigned broken;    /* ... and that broke off */
    unsigned probing;   /* running probes, while half-open */
    unsigned succeeded; /* probes, while half-open */
    unsigned reopened;  /* how often it opened since it was last closed */
    uint64_t until;     /* when it may be probed, while open */
    uint64_t ticket;    /* of calls begun in this state */
    /* Told of each change; NULL: nobody.  It must not call back. */
    void (*changed)(void *ctx, enum breaker_state from, enum breaker_state to);
    void *ctx;
};

/* "closed", "open", "half_open". */
const char *breaker_state_name(enum breaker_state s);

/* Would a call be let through now?  Changes nothing. */
bool breaker_would_allow(const struct breaker *b, const struct breaker_options *o, uint64_t now);
/* May a call begin?  Then it must end with breaker_end and *ticket. */
bool
breaker_begin(struct breaker *b, const struct breaker_options *o, uint64_t now, uint64_t *ticket);
/* A reply has begun. */
void breaker_begun(struct breaker *b);
void breaker_end(struct breaker *b, const struct breaker_options *o, uint64_t now, uint64_t ticket,
                 enum breaker_outcome outcome);

/* Somebody else's call has shown that it works: half-open if it was open, then as if a probe had
 * succeeded.  No-op for a closed one. */
void breaker_heal(struct breaker *b, const struct breaker_options *o);

#endif
