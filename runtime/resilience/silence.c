/* Who has fallen silent. */
#include "runtime/resilience/silence.h"

#define QUANTILE 990u /* of a thousand */
#define TIMES    2u

void
silence_ask(struct silence *s, uint64_t now)
{
    s->waiting++;
    if (s->asked++ == 0)
        s->since = now;
}

void
silence_unask(struct silence *s)
{
    s->waiting -= s->waiting > 0;
    s->asked -= s->asked > 0;
}

void
silence_hear(struct silence *s)
{
    s->waiting -= s->waiting > 0;
    s->asked = 0;
}

void
silence_miss(struct silence *s)
{
    s->waiting -= s->waiting > 0;
    if (s->waiting == 0)
        s->asked = 0;
}

uint64_t
silence_after(const struct silence_options *o, const struct latency *first)
{
    if (o->calls == 0 || first->total < LATENCY_SAMPLES)
        return 0;
    uint64_t ns = TIMES * latency_quantile(first, QUANTILE);
    return ns > o->least_ns ? ns : o->least_ns;
}

bool
silence_is_on(const struct silence *s, const struct silence_options *o, const struct latency *first,
              uint64_t now)
{
    /* The usual time is looked for only when it matters. */
    if (o->calls == 0 || s->asked < o->calls || now < s->since + o->least_ns)
        return false;
    uint64_t ns = silence_after(o, first);
    return ns > 0 && now >= s->since + ns;
}
