/* Nothing is heard from a deployment any more, though it takes calls: known long before the first of
 * them has run into its deadline.
 *
 *   begun ─► waiting ─► heard: it is not silent
 *               └─► `calls` have begun since it was heard last, and the first of them waits longer
 *                   than twice what all but one of a hundred calls took: it is
 *
 * Times are in nanoseconds that never run backwards. */
#ifndef LLMUX_RESILIENCE_SILENCE_H
#define LLMUX_RESILIENCE_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/resilience/latency.h"

struct silence_options {
    unsigned calls;    /* that have begun since; 0: it is never taken for silent */
    uint64_t least_ns; /* never sooner */
};

/* All zeros at first. */
struct silence {
    unsigned waiting; /* calls from which nothing has come yet */
    unsigned asked;   /* those of them that began since it was heard last */
    uint64_t since;   /* when the first of these began */
};

/* A call begins. */
void silence_ask(struct silence *s, uint64_t now);
/* The one that has just begun was not made yet after all. */
void silence_unask(struct silence *s);
/* Its first byte has come. */
void silence_hear(struct silence *s);
/* It is over, and nothing has come from it. */
void silence_miss(struct silence *s);

/* Is it silent?  first: how long first bytes usually take. */
bool silence_is_on(const struct silence *s, const struct silence_options *o,
                   const struct latency *first, uint64_t now);
/* How long a call waits before that may be said of its deployment; 0: it is not known what is usual. */
uint64_t silence_after(const struct silence_options *o, const struct latency *first);

#endif
