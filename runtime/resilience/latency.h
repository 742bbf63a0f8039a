/* How long something takes, of late: a mean that forgets, and quantiles from a small histogram that
 * forgets.
 *
 *   buckets, four to a doubling:   1 ms | 1.19 | 1.41 | 1.68 | 2 ms | ... | 65 s and more
 *
 * Times are in nanoseconds that never run backwards. */
#ifndef LLMUX_RESILIENCE_LATENCY_H
#define LLMUX_RESILIENCE_LATENCY_H

#include <stdint.h>

#define LATENCY_BUCKETS 64
#define LATENCY_SAMPLES 20u   /* fewer do not tell what is usual */
#define LATENCY_KEPT    1024u /* samples in the histogram before all counts are halved */

/* All zeros at first. */
struct latency {
    double mean;     /* ns */
    uint64_t newest; /* when the newest sample came */
    uint64_t n;      /* samples, ever */
    uint32_t total;  /* in the buckets */
    uint32_t buckets[LATENCY_BUCKETS];
};

/* Take a sample.  The older the mean, the more it counts: by half after half_life_ns, and never by
 * less than an eighth. */
void latency_add(struct latency *l, uint64_t half_life_ns, uint64_t now, uint64_t ns);
/* l is new: what another process knew, a mean (0: nothing) that gives way to what comes, and its histogram, of which
 * each bucket has at most LATENCY_KEPT. */
void latency_recall(struct latency *l, uint64_t now, uint64_t mean_ns,
                    const uint32_t buckets[LATENCY_BUCKETS]);
/* The time within which so many of a thousand stay, to a fifth; 0 when nothing is known. */
uint64_t latency_quantile(const struct latency *l, unsigned permille);

#endif
