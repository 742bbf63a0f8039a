/* Beside probes. */
#include "runtime/resilience/rival.h"

#define MS       ((uint64_t)1000 * 1000)
#define SAMPLES  20u  /* fewer do not tell what is usual */
#define QUANTILE 950u /* of a thousand */
#define LEAST    (100 * MS)
#define MOST     (2000 * MS)
#define UNKNOWN  (500 * MS)

uint64_t
rival_of_probe_after(const struct latency *first)
{
    if (first->total < SAMPLES)
        return UNKNOWN;
    uint64_t ns = latency_quantile(first, QUANTILE);
    ns = ns < LEAST ? LEAST : ns;
    return ns < MOST ? ns : MOST;
}
