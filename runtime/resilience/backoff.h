/* How long to wait before the same deployment is tried again: at random up to a limit that doubles
 * (full jitter), but never less than the provider has said. */
#ifndef LLMUX_RESILIENCE_BACKOFF_H
#define LLMUX_RESILIENCE_BACKOFF_H

#include <stdint.h>

struct backoff_options {
    uint64_t first_ns; /* the first limit */
    uint64_t most_ns;  /* the limit never gets larger */
};

/* Nanoseconds.  times: how often it was tried again already.  random: any number, all of its 64
 * bits by chance.  told_ns: what the provider said to wait, 0 when it did not. */
uint64_t
backoff_ns(const struct backoff_options *o, unsigned times, uint64_t random, uint64_t told_ns);

#endif
