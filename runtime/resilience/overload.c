/* Strain. */
#include "runtime/resilience/overload.h"

#define IN_A_ROW 3u
#define GROWS    0.25
#define GOES     0.05
#define MOST     3.0

void
overload_rest(struct overload *o)
{
    o->late = 0;
}

bool
overload_sample(struct overload *o, uint64_t bound_ns, uint64_t lag_ns)
{
    const bool refused = o->strain > 0;
    const bool late = bound_ns > 0 && lag_ns > bound_ns;
    o->late = late ? o->late + 1 : 0;
    if (bound_ns == 0)
        o->strain = 0;
    else if (o->late >= IN_A_ROW)
        o->strain = o->strain + GROWS < MOST ? o->strain + GROWS : MOST;
    else if (lag_ns < bound_ns / 2)
        o->strain = o->strain > GOES ? o->strain - GOES : 0;
    return refused != (o->strain > 0);
}

/* What of the strain is a priority's: none of it is refused at 0, all at 1. */
static double
share(const struct overload *o, enum semaphore_priority p)
{
    double s = o->strain - (double)p;
    return s < 0 ? 0 : s;
}

bool
overload_refuses(const struct overload *o, enum semaphore_priority p, uint64_t random)
{
    return (double)(random >> 11) * 0x1p-53 < share(o, p);
}

uint64_t
overload_wait_ns(const struct overload *o, enum semaphore_priority p)
{
    return (uint64_t)(share(o, p) / GOES * (double)OVERLOAD_PERIOD_NS);
}
