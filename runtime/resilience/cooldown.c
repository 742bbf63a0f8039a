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
    case COOLDOWN_CAUSES:
        break;
    }
    return "";
}

struct cooldown_rest
cooldown_at(const struct cooldown *c, uint64_t now)
{
    struct cooldown_rest last = { .cause = COOLDOWN_NONE };
    if (now < c->told.until)
        return c->told;
    for (unsigned i = 0; i < COOLDOWN_CAUSES; i++)
        if (now < c->guessed[i] && c->guessed[i] > last.until)
            last = (struct cooldown_rest){ (enum cooldown_cause)i, c->guessed[i], false };
    return last;
}

void
cooldown_set(struct cooldown *c, const struct cooldown_rest *rest)
{
    if (!rest->told && rest->until > c->guessed[rest->cause])
        c->guessed[rest->cause] = rest->until;
    else if (rest->told && rest->until > c->told.until)
        c->told = *rest;
}

/* ns: 0, as usual. */
static void
begin(struct cooldown *c, const struct cooldown_options *o, uint64_t now, enum cooldown_cause cause,
      uint64_t ns, bool told)
{
    ns = ns ? ns : o->ns;
    if (o->ns > 0)
        cooldown_set(
            c, &(struct cooldown_rest){ cause, now + (ns < o->most_ns ? ns : o->most_ns), told });
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

void
cooldown_end(struct cooldown *c, enum cooldown_cause cause)
{
    c->guessed[cause] = 0;
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
