/* Exponential, with full jitter. */
#include "runtime/resilience/backoff.h"

uint64_t
backoff_ns(const struct backoff_options *o, unsigned times, uint64_t random, uint64_t told_ns)
{
    uint64_t limit = o->first_ns;
    for (unsigned i = 0; i < times && limit < o->most_ns; i++)
        limit *= 2;
    limit = limit < o->most_ns ? limit : o->most_ns;
    return told_ns + random % (limit + 1);
}
