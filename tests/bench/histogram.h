/* A log-linear histogram of times: 64 steps between two powers of two, so that every value is kept
 * to 1.6 %, in 30 kB, from 1 ns to centuries. */
#ifndef LLMUX_BENCH_HISTOGRAM_H
#define LLMUX_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS  6
#define HISTOGRAM_STEPS (1u << HISTOGRAM_BITS)
#define HISTOGRAM_SLOTS ((64 - HISTOGRAM_BITS + 1) * HISTOGRAM_STEPS)

/* All zeros at first. */
struct histogram {
    uint64_t n, sum, max;
    uint64_t slot[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *h, uint64_t v);

/* The smallest value that at least the share p (0 < p <= 1) of all values does not exceed, to 1.6 %;
 * 0 for an empty histogram. */
uint64_t histogram_at(const struct histogram *h, double p);

double histogram_mean(const struct histogram *h);

#endif
