/* When a deployment rests. */
#include "runtime/resilience/cooldown.h"

const char *
cooldown_cause_name(enum cooldown_cause c)
{
    switch (c) {
    case COOLDOWN_NONE:
        return "none";
    case COOLDOWN_RATE:
        return "rate";
    case COOLDOWN_ACCOUNT:
        return "account";
    case COOLDOWN_MISSING:
        return "missing";
    case COOLDOWN_FAILURES:
        return "failures";
    case COOLDOWN_SPENT:
        return "spent";
    }
    return "";
}

bool
cooldown_is_on(const struct cooldown *c, uint64_t now)
{
    return c->cause != COOLDOWN_NONE && now < c->until;
}

/* ns: 0, as usual. */
static void
begin(struct cooldown *c, const struct cooldown_options *o, uint64_t now, enum cooldown_cause cause,
      uint64_t ns, bool told)
{
    ns = ns ? ns : o->ns;
    uint64_t until = now + (ns < o->most_ns ? ns : o->most_ns);
    if (o->ns == 0 || (cooldown_is_on(c, now) && until <= c->until))
        return;
    c->cause = cause;
    c->told = told;
    c->until = until;
}

void
cooldown_begin(struct cooldown *c, const struct cooldown_options *o, uint64_t now,
               enum cooldown_cause cause, uint64_t wait_ns)
{
    begin(c, o, now, cause, wait_ns, wait_ns > 0);
}

void
cooldown_rest(struct cooldown *c, const struct cooldown_options *o, uint64_t now,
              enum cooldown_cause cause, uint64_t ns)
{
    begin(c, o, now, cause, ns, false);
}

/* What was counted before a cooldown is not counted again after it. */
void
cooldown_count(struct cooldown *c, const struct cooldown_options *o, uint64_t now,
               enum cooldown_sample s)
{
    if (o->permille == 0 || o->window_ns < WINDOW_SLOTS)
        return;
    window_add(&c->recent, o->window_ns, now, 1, s == COOLDOWN_BAD);
    struct window_counts n = window_sum(&c->recent, o->window_ns, now);
    if (s != COOLDOWN_BAD || n.all < o->requests || n.some * 1000 < n.all * o->permille)
        return;
    window_clear(&c->recent);
    cooldown_begin(c, o, now, COOLDOWN_FAILURES, 0);
}

unsigned
cooldown_permille(struct cooldown *c, const struct cooldown_options *o, uint64_t now)
{
    if (o->window_ns < WINDOW_SLOTS)
        return 0;
    struct window_counts n = window_sum(&c->recent, o->window_ns, now);
    return n.all ? (unsigned)(n.some * 1000 / n.all) : 0;
}
