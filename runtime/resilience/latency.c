/* Means and quantiles that forget. */
#include "runtime/resilience/latency.h"

#define FIRST_NS 1000000u /* the upper end of the first bucket */

/* Upper ends within a doubling, in 1/1024. */
static const uint32_t steps[4] = { 1218, 1448, 1722, 2048 };

/* The upper end of a bucket. */
static uint64_t
end_of(unsigned bucket)
{
    if (bucket == 0)
        return FIRST_NS;
    unsigned k = bucket - 1;
    return ((uint64_t)FIRST_NS << (k / 4)) * steps[k % 4] / 1024;
}

static unsigned
bucket_of(uint64_t ns)
{
    unsigned doubling = 0, b;
    while (doubling < LATENCY_BUCKETS / 4 && ns >= (uint64_t)FIRST_NS << (doubling + 1))
        doubling++;
    for (b = doubling * 4; b < LATENCY_BUCKETS - 1 && ns > end_of(b); b++)
        ;
    return b < LATENCY_BUCKETS ? b : LATENCY_BUCKETS - 1;
}

static void
halve(struct latency *l)
{
    l->total = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        l->total += l->buckets[i] /= 2;
}

void
latency_add(struct latency *l, uint64_t half_life_ns, uint64_t now, uint64_t ns)
{
    double share = 1;
    if (l->n) {
        uint64_t age = now > l->newest ? now - l->newest : 0;
        share = (double)age / ((double)age + (double)half_life_ns);
        share = share < 0.125 ? 0.125 : share;
    }
    l->mean += share * ((double)ns - l->mean);
    l->newest = now > l->newest ? now : l->newest;
    l->n++;
    if (l->total >= LATENCY_KEPT)
        halve(l);
    l->buckets[bucket_of(ns)]++;
    l->total++;
}

void
latency_recall(struct latency *l, uint64_t now, uint64_t mean_ns,
               const uint32_t buckets[LATENCY_BUCKETS])
{
    *l = (struct latency){ .mean = (double)mean_ns, .newest = now, .n = mean_ns > 0 };
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        l->total += l->buckets[i] = buckets[i];
}

uint64_t
latency_quantile(const struct latency *l, unsigned permille)
{
    uint64_t want = ((uint64_t)l->total * permille + 999) / 1000, seen = 0;
    if (l->total == 0)
        return 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        seen += l->buckets[i];
        if (seen >= want && seen > 0)
            return end_of(i);
    }
    return end_of(LATENCY_BUCKETS - 1);
}
