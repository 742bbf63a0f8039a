/* When a request gets a second call elsewhere while its first has not said anything yet.
 *
 *   HEDGE     it is later than usual, the config wants that, and the cap has room (hedge.h)
 *   PROBE     it tries whether a deployment that was given up works again: that is our business, and
 *             must not cost the client its time
 *   SILENCE   its deployment has fallen silent (silence.h): as good as failed, so it costs a retry
 *
 * Times are in nanoseconds. */
#ifndef LLMUX_RESILIENCE_RIVAL_H
#define LLMUX_RESILIENCE_RIVAL_H

#include "runtime/resilience/latency.h"

enum rival_cause {
    RIVAL_NONE,
    RIVAL_HEDGE,
    RIVAL_PROBE,
    RIVAL_SILENCE,
};

/* How long a probe may wait for its first byte before its request gets a rival.  first: how long first
 * bytes usually take there. */
uint64_t rival_of_probe_after(const struct latency *first);

#endif
