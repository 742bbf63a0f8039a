/* The circuit breaker's states. */
#include "runtime/resilience/breaker.h"

const char *
breaker_state_name(enum breaker_state s)
{
    switch (s) {
    case BREAKER_CLOSED:
        return "closed";
    case BREAKER_OPEN:
        return "open";
    case BREAKER_HALF_OPEN:
        return "half_open";
    }
    return "";
}

static void
enter(struct breaker *b, enum breaker_state s)
{
    enum breaker_state from = b->state;
    b->state = s;
    b->ticket++;
    b->failed = b->broken = b->probing = b->succeeded = 0;
    if (b->changed)
        b->changed(b->ctx, from, s);
}

/* Twice as long as the last time. */
static void
trip(struct breaker *b, const struct breaker_options *o, uint64_t now)
{
    uint64_t ns = o->open_ns;
    for (unsigned i = 0; i < b->reopened && ns < o->open_most_ns; i++)
        ns *= 2;
    b->reopened++;
    b->until = now + (ns < o->open_most_ns ? ns : o->open_most_ns);
    enter(b, BREAKER_OPEN);
}

bool
breaker_would_allow(const struct breaker *b, const struct breaker_options *o, uint64_t now)
{
    switch (b->state) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        return o->failures == 0 || now >= b->until;
    case BREAKER_HALF_OPEN:
        return o->failures == 0 || b->probing < o->probes;
    }
    return true;
}

bool
breaker_begin(struct breaker *b, const struct breaker_options *o, uint64_t now, uint64_t *ticket)
{
    if (!breaker_would_allow(b, o, now))
        return false;
    if (o->failures == 0 && b->state != BREAKER_CLOSED) {
        b->reopened = 0;
        enter(b, BREAKER_CLOSED);
    }
    if (b->state == BREAKER_OPEN)
        enter(b, BREAKER_HALF_OPEN);
    if (b->state == BREAKER_HALF_OPEN)
        b->probing++;
    *ticket = b->ticket;
    return true;
}

static void
note_success(struct breaker *b, const struct breaker_options *o)
{
    if (++b->succeeded < o->successes)
        return;
    b->reopened = 0;
    enter(b, BREAKER_CLOSED);
}

static void
end_probe(struct breaker *b, const struct breaker_options *o, uint64_t now,
          enum breaker_outcome outcome)
{
    b->probing--;
    switch (outcome) {
    case BREAKER_SUCCEEDED:
    case BREAKER_ENDED:
        note_success(b, o);
        break;
    case BREAKER_FAILED:
    case BREAKER_BROKE:
        trip(b, o, now);
        break;
    case BREAKER_UNKNOWN:
        break;
    }
}

void
breaker_begun(struct breaker *b)
{
    if (b->state == BREAKER_CLOSED)
        b->failed = 0;
}

void
breaker_end(struct breaker *b, const struct breaker_options *o, uint64_t now, uint64_t ticket,
            enum breaker_outcome outcome)
{
    if (ticket != b->ticket || b->state == BREAKER_OPEN)
        return;
    if (b->state == BREAKER_HALF_OPEN) {
        end_probe(b, o, now, outcome);
        return;
    }
    switch (outcome) {
    case BREAKER_SUCCEEDED:
        b->failed = b->broken = 0;
        break;
    case BREAKER_ENDED:
        b->broken = 0;
        break;
    case BREAKER_FAILED:
        b->failed++;
        break;
    case BREAKER_BROKE:
        b->broken++;
        break;
    case BREAKER_UNKNOWN:
        break;
    }
    if (o->failures && (b->failed >= o->failures || b->broken >= o->failures))
        trip(b, o, now);
}

void
breaker_heal(struct breaker *b, const struct breaker_options *o)
{
    if (b->state == BREAKER_OPEN)
        enter(b, BREAKER_HALF_OPEN);
    if (b->state == BREAKER_HALF_OPEN)
        note_success(b, o);
}
