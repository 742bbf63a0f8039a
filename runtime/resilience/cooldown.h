/* Leaving a deployment alone for a while: at once when it says that it cannot serve (its rate is
 * used up, it does not take the key, it does not know the model), else when too large a share of
 * its requests has failed of late.
 *
 * Unlike a breaker it holds nothing back by itself: whoever chooses among deployments takes others
 * first.  Times are in nanoseconds that never run backwards. */
#ifndef LLMUX_RESILIENCE_COOLDOWN_H
#define LLMUX_RESILIENCE_COOLDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/resilience/window.h"

enum cooldown_cause {
    COOLDOWN_NONE,
    COOLDOWN_RATE,     /* 429 */
    COOLDOWN_ACCOUNT,  /* 401, 402: the key or its owner */
    COOLDOWN_MISSING,  /* 404: no such model there */
    COOLDOWN_FAILURES, /* too large a share has failed */
    COOLDOWN_SPENT,    /* it said that its rate is used up, though it has answered */
    COOLDOWN_CAUSES,
};

struct cooldown_options {
    uint64_t ns;       /* how long; 0: never */
    uint64_t most_ns;  /* the longest that a provider's word is taken for */
    unsigned permille; /* of failures that is too large a share; 0: shares do not count */
    unsigned requests; /* the least within window_ns for a share to mean anything */
    uint64_t window_ns;
};

/* One reason to rest. */
struct cooldown_rest {
    enum cooldown_cause cause;
    uint64_t until;
    bool told; /* the provider said how long: before that, asking is of no use */
};

/* All zeros at first. */
struct cooldown {
    struct cooldown_rest told; /* the one that a provider told of which is the last to end */
    uint64_t guessed[COOLDOWN_CAUSES]; /* by cause: until when it rests because we think so */
    struct window recent;              /* requests and failures */
};

/* "rate", "account", "missing", "failures", "spent"; "none". */
const char *cooldown_cause_name(enum cooldown_cause c);

/* Why it rests at this time, and how long: what the provider told, else what ends last; COOLDOWN_NONE when it
 * does not. */
struct cooldown_rest cooldown_at(const struct cooldown *c, uint64_t now);
/* Begin at once; wait_ns is what the provider has said, 0 when it did not.  A rest is never shortened, and what was
 * told and what was not stand side by side: neither ends the other. */
void cooldown_begin(struct cooldown *c, const struct cooldown_options *o, uint64_t now,
                    enum cooldown_cause cause, uint64_t wait_ns);
/* Begin at once, for so long (0: as usual), but not so that asking is of no use: when its limit is made good is
 * not when it would answer again. */
void cooldown_rest(struct cooldown *c, const struct cooldown_options *o, uint64_t now,
                   enum cooldown_cause cause, uint64_t ns);
/* There is no such cause any more, as far as nobody told how long it would last. */
void cooldown_end(struct cooldown *c, enum cooldown_cause cause);
/* What was known of it elsewhere, such as before an upgrade. */
void cooldown_set(struct cooldown *c, const struct cooldown_rest *rest);
enum cooldown_sample { COOLDOWN_GOOD, COOLDOWN_BAD };
/* Count a request that has ended; may begin a cooldown. */
void cooldown_count(struct cooldown *c, const struct cooldown_options *o, uint64_t now,
                    enum cooldown_sample s);
/* How many of a thousand have failed within the window. */
unsigned cooldown_permille(struct cooldown *c, const struct cooldown_options *o, uint64_t now);

#endif
