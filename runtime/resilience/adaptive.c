/* Additive increase, multiplicative decrease. */
#include "runtime/resilience/adaptive.h"

#include <stdbool.h>

#define SHRINK 0.9
#define NEWEST 24  /* calls that the recent is the mean of */
#define ENOUGH 8u  /* calls to know anything */
#define DRIFT  256 /* calls for the usual to come near a slower pace */

static double
within(const struct adaptive_options *o, double limit)
{
    if (limit < o->least)
        return o->least;
    return limit > o->most ? o->most : limit;
}

unsigned
adaptive_limit(const struct adaptive *a, const struct adaptive_options *o)
{
    return (unsigned)within(o, a->limit > 0 ? a->limit : o->least);
}

static void
learn_recent(struct adaptive *a, double ns)
{
    a->samples += a->samples < NEWEST;
    a->recent += (ns - a->recent) / a->samples;
}

/* What is slow because we ask for so much at a time must not become usual: only what is slow
 * although we ask for little. */
static void
learn_usual(struct adaptive *a, const struct adaptive_options *o, unsigned running)
{
    bool little = running * 2 < (unsigned)a->limit || a->limit <= o->least;
    if (a->samples < ENOUGH)
        return;
    if (a->usual <= 0 || a->recent < a->usual)
        a->usual = a->recent;
    else if (little)
        a->usual += (a->recent - a->usual) / DRIFT;
}

static void
shrink(struct adaptive *a, const struct adaptive_options *o, uint64_t now, uint64_t ns)
{
    if (now < a->quiet)
        return;
    a->limit = within(o, a->limit * SHRINK);
    a->quiet = now + (ns ? ns : (uint64_t)a->usual);
}

void
adaptive_learn(struct adaptive *a, const struct adaptive_options *o, uint64_t now,
               enum adaptive_sign sign, uint64_t ns, unsigned running)
{
    a->limit = within(o, a->limit > 0 ? a->limit : o->least);
    switch (sign) {
    case ADAPTIVE_NOTHING:
        return;
    case ADAPTIVE_REFUSED:
        shrink(a, o, now, ns);
        return;
    case ADAPTIVE_TIMED:
        break;
    }
    learn_recent(a, (double)ns);
    learn_usual(a, o, running);
    if (a->usual > 0 && a->recent * 1000 > a->usual * o->tolerance)
        shrink(a, o, now, ns);
    else if (running * 2 >= (unsigned)a->limit) /* else the limit is not what holds it back */
        a->limit = within(o, a->limit + 1 / a->limit);
}
