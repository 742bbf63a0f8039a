/* The slot of a value: its power of two, then its next bits.
 *
 *   0..63: the value itself     64..127: shift 0     128..255: shift 1     ... */
#include "tests/bench/histogram.h"

static unsigned
slot_of(uint64_t v)
{
    if (v < HISTOGRAM_STEPS)
        return (unsigned)v;
    unsigned shift = 63 - HISTOGRAM_BITS - (unsigned)__builtin_clzll(v);
    return shift * HISTOGRAM_STEPS + (unsigned)(v >> shift);
}

/* The largest value of a slot. */
static uint64_t
top_of(unsigned slot)
{
    if (slot < HISTOGRAM_STEPS)
        return slot;
    unsigned shift = slot / HISTOGRAM_STEPS - 1;
    uint64_t v = slot - (uint64_t)shift * HISTOGRAM_STEPS;
    return ((v + 1) << shift) - 1;
}

void
histogram_add(struct histogram *h, uint64_t v)
{
    h->n++;
    h->sum += v;
    h->max = v > h->max ? v : h->max;
    h->slot[slot_of(v)]++;
}

uint64_t
histogram_at(const struct histogram *h, double p)
{
    uint64_t seen = 0;
    double want = p * (double)h->n;
    for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) {
        seen += h->slot[i];
        if (seen && (double)seen >= want)
            return top_of(i) < h->max ? top_of(i) : h->max;
    }
    return h->max;
}

double
histogram_mean(const struct histogram *h)
{
    return h->n ? (double)h->sum / (double)h->n : 0;
}
