/* Moments to durations, and back. */
#include "runtime/resilience/memory.h"

#include <string.h>

static uint64_t
until(uint64_t then, uint64_t now)
{
    uint64_t ns = then > now ? then - now : 0;
    return ns < MEMORY_NS_MOST ? ns : MEMORY_NS_MOST;
}

static uint64_t
since(uint64_t then, uint64_t now)
{
    return until(now, then);
}

/* --- guards ---------------------------------------------------------------------------------- */

struct guard_memory
guard_remember(const struct guard *g, uint64_t now)
{
    const struct breaker *b = &g->breaker;
    const struct cooldown_rest rest = cooldown_at(&g->cooldown, now);
    struct guard_memory m = { .breaker = b->state,
                              .failed = b->failed,
                              .broken = b->broken,
                              .reopened = b->reopened,
                              .first_ns = (uint64_t)g->first.mean,
                              .whole_ns = (uint64_t)g->whole.mean,
                              .requests = g->requests,
                              .failures = g->failures,
                              .told_429 = g->told_429,
                              .checks_ok = g->health.ok,
                              .checks_failed = g->health.failed,
                              .checks_refused = g->health.refused };
    if (b->state == BREAKER_HALF_OPEN)
        m.breaker = BREAKER_OPEN;
    else if (b->state == BREAKER_OPEN)
        m.open_ns = until(b->until, now);
    if (rest.cause != COOLDOWN_NONE) {
        m.cause = rest.cause;
        m.told = rest.told;
        m.rest_ns = until(rest.until, now);
    }
    memcpy(m.first, g->first.buckets, sizeof m.first);
    memcpy(m.whole, g->whole.buckets, sizeof m.whole);
    for (unsigned i = 0; i < COOLDOWN_CAUSES; i++)
        m.guessed_ns[i] = until(g->cooldown.guessed[i], now);
    m.sick = g->health.sick && now < g->health.until;
    m.sick_ns = m.sick ? until(g->health.until, now) : 0;
    return m;
}

static void
recall_rest(struct cooldown *c, enum cooldown_cause cause, uint64_t ns, bool told, uint64_t now)
{
    if (ns)
        cooldown_set(c, &(struct cooldown_rest){ cause, now + ns, told });
}

void
guard_recall(struct guard *g, const struct guard_memory *m, uint64_t now)
{
    struct breaker *b = &g->breaker;
    b->state = m->breaker;
    b->failed = m->failed;
    b->broken = m->broken;
    b->reopened = m->reopened;
    b->until = now + m->open_ns;
    recall_rest(&g->cooldown, m->cause, m->rest_ns, m->told, now);
    for (unsigned i = 0; i < COOLDOWN_CAUSES; i++)
        recall_rest(&g->cooldown, (enum cooldown_cause)i, m->guessed_ns[i], false, now);
    g->health.sick = m->sick;
    g->health.until = now + m->sick_ns;
    g->health.ok = m->checks_ok;
    g->health.failed = m->checks_failed;
    g->health.refused = m->checks_refused;
    if (m->checks_ok || m->checks_failed || m->checks_refused)
        g->health.at = now;
    latency_recall(&g->first, now, m->first_ns, m->first);
    latency_recall(&g->whole, now, m->whole_ns, m->whole);
    g->requests = m->requests;
    g->failures = m->failures;
    g->told_429 = m->told_429;
}

/* --- limiters -------------------------------------------------------------------------------- */

struct limiter_memory
limiter_remember(const struct limiter *l, uint64_t now)
{
    return (struct limiter_memory){ .requests = l->requests.missing,
                                    .tokens = l->tokens.missing,
                                    .requests_ns = since(l->requests.at, now),
                                    .tokens_ns = since(l->tokens.at, now),
                                    .permille = (uint64_t)(l->adaptive.limit * 1000),
                                    .recent_ns = (uint64_t)l->adaptive.recent,
                                    .usual_ns = (uint64_t)l->adaptive.usual,
                                    .samples = l->adaptive.samples,
                                    .entered = l->entered,
                                    .refused = l->refused };
}

static struct bucket
recall_bucket(int64_t missing, uint64_t ago_ns, uint64_t now)
{
    return (struct bucket){ missing > 0 ? missing : 0, now > ago_ns ? now - ago_ns : 0 };
}

void
limiter_recall(struct limiter *l, const struct limiter_memory *m, uint64_t now)
{
    l->requests = recall_bucket(m->requests, m->requests_ns, now);
    l->tokens = recall_bucket(m->tokens, m->tokens_ns, now);
    l->adaptive.limit = (double)m->permille / 1000;
    l->adaptive.recent = (double)m->recent_ns;
    l->adaptive.usual = (double)m->usual_ns;
    l->adaptive.samples = m->samples;
    l->entered = m->entered;
    l->refused = m->refused;
}
