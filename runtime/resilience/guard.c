/* Breaker, cooldown and latencies of one model at one deployment. */
#include "runtime/resilience/guard.h"

#define TICKET_USED UINT64_MAX /* which no breaker gives out */

const char *
guard_standing_name(enum guard_standing s)
{
    switch (s) {
    case GUARD_READY:
        return "ready";
    case GUARD_LAST:
        return "last";
    case GUARD_SHUT:
        return "shut";
    }
    return "";
}

const char *
guard_reason_text(enum guard_reason r)
{
    switch (r) {
    case GUARD_FINE:
        return "";
    case GUARD_BREAKER:
        return "breaker open";
    case GUARD_PROBED:
        return "breaker half-open, probes running";
    case GUARD_SILENT:
        return "silent: calls, but no replies";
    case GUARD_RATE:
        return "rate limit of the provider";
    case GUARD_ACCOUNT:
        return "credentials or account refused";
    case GUARD_MISSING:
        return "model not found";
    case GUARD_SHARE:
        return "too many failures";
    case GUARD_SICK:
        return "health checks fail";
    case GUARD_SPENT:
        return "limit of the provider used up";
    }
    return "";
}

static enum guard_reason
reason_of_cause(enum cooldown_cause c)
{
    switch (c) {
    case COOLDOWN_NONE:
        break;
    case COOLDOWN_RATE:
        return GUARD_RATE;
    case COOLDOWN_ACCOUNT:
        return GUARD_ACCOUNT;
    case COOLDOWN_MISSING:
        return GUARD_MISSING;
    case COOLDOWN_FAILURES:
        return GUARD_SHARE;
    case COOLDOWN_SPENT:
        return GUARD_SPENT;
    case COOLDOWN_CAUSES:
        break;
    }
    return GUARD_FINE;
}

/* The graver reason counts: a breaker, then a provider's own word, then our guess. */
static void
judge(const struct guard *g, const struct guard_options *o, uint64_t now, struct guard_view *v)
{
    const struct cooldown_rest rest = cooldown_at(&g->cooldown, now);
    if (!breaker_would_allow(&g->breaker, &o->breaker, now)) {
        bool open = g->breaker.state == BREAKER_OPEN;
        v->standing = GUARD_SHUT;
        v->reason = open ? GUARD_BREAKER : GUARD_PROBED;
        v->until = open ? g->breaker.until : 0;
    } else if (rest.cause != COOLDOWN_NONE) {
        v->standing = rest.told ? GUARD_SHUT : GUARD_LAST;
        v->reason = reason_of_cause(rest.cause);
        v->until = rest.until;
    } else if (g->breaker.state == BREAKER_CLOSED
               && silence_is_on(&g->silence, &o->silence, &g->first, now)) {
        v->standing = GUARD_LAST;
        v->reason = GUARD_SILENT;
    }
    if (v->standing == GUARD_READY && g->health.sick && now < g->health.until) {
        v->standing = GUARD_LAST;
        v->reason = GUARD_SICK;
        v->until = g->health.until;
    }
}

struct guard_view
guard_view(struct guard *g, const struct guard_options *o, uint64_t now)
{
    struct window_counts minute = window_sum(&g->minute, GUARD_MINUTE, now);
    struct guard_view v = { .breaker = g->breaker.state,
                            .failed_in_row = g->breaker.failed > g->breaker.broken
                                                 ? g->breaker.failed
                                                 : g->breaker.broken,
                            .running = g->running,
                            .first_ns = (uint64_t)g->first.mean,
                            .whole_ns = (uint64_t)g->whole.mean,
                            .heard = g->whole.newest,
                            .requests_a_minute = minute.all,
                            .tokens_a_minute = minute.some,
                            .requests = g->requests,
                            .failures = g->failures,
                            .told_429 = g->told_429,
                            .failure = g->failure,
                            .quota = g->quota,
                            .health = g->health };
    v.answered = g->first.newest > g->whole.newest ? g->first.newest : g->whole.newest;
    v.failing_permille = cooldown_permille(&g->cooldown, &o->cooldown, now);
    judge(g, o, now, &v);
    return v;
}

bool
guard_begin(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t *ticket,
            enum guard_reason *why)
{
    struct guard_view v = { .standing = GUARD_READY };
    judge(g, o, now, &v);
    if (why)
        *why = v.reason;
    if (v.standing == GUARD_SHUT || !breaker_begin(&g->breaker, &o->breaker, now, ticket))
        return false;
    if (why && g->breaker.state == BREAKER_HALF_OPEN)
        *why = GUARD_PROBED;
    g->running++;
    silence_ask(&g->silence, now);
    window_add(&g->minute, GUARD_MINUTE, now, 1, 0);
    return true;
}

/* Whose fault is it? */
enum blame {
    BLAME_NOBODY,
    BLAME_CLIENT,     /* the deployment works: it answered, if only to refuse */
    BLAME_DEPLOYMENT, /* it is broken */
    BLAME_LIMIT,      /* it works, but not for us, or not now */
};

static enum blame
blame(const struct guard_report *e)
{
    switch (e->fault) {
    case IR_FAULT_UNSET:
        return BLAME_NOBODY;
    case IR_FAULT_INVALID:
    case IR_FAULT_CONTEXT:
    case IR_FAULT_POLICY:
    case IR_FAULT_FORBIDDEN:
    case IR_FAULT_TOO_LARGE:
        return BLAME_CLIENT;
    case IR_FAULT_AUTH:
    case IR_FAULT_BILLING:
    case IR_FAULT_MISSING:
    case IR_FAULT_RATE:
        return BLAME_LIMIT;
    case IR_FAULT_OVERLOADED:
    case IR_FAULT_TIMEOUT:
    case IR_FAULT_INTERNAL:
    case IR_FAULT_PROTOCOL:
        break;
    }
    return BLAME_DEPLOYMENT;
}

static enum cooldown_cause
cause_of_fault(enum ir_fault f)
{
    if (f == IR_FAULT_RATE)
        return COOLDOWN_RATE;
    return f == IR_FAULT_MISSING ? COOLDOWN_MISSING : COOLDOWN_ACCOUNT;
}

/* It works, but said that it does not serve us, or not now: it rests as long as it said, else until the limit that is
 * used up is made good, else as usual. */
static void
note_refusal(struct guard *g, const struct guard_options *o, uint64_t now,
             const struct guard_report *e)
{
    const enum cooldown_cause cause = cause_of_fault(e->fault);
    if (!e->wait_ns && e->back_ns)
        cooldown_rest(&g->cooldown, &o->cooldown, now, cause, e->back_ns);
    else
        cooldown_begin(&g->cooldown, &o->cooldown, now, cause, e->wait_ns);
}

/* A failure that counts, or a refusal for good. */
static void
note_failure(struct guard *g, const struct guard_options *o, uint64_t now,
             const struct guard_report *e, enum blame b)
{
    g->failures++;
    g->told_429 += e->fault == IR_FAULT_RATE;
    g->failure = (struct guard_failure){ e->fault, e->status, now };
    cooldown_count(&g->cooldown, &o->cooldown, now,
                   b == BLAME_DEPLOYMENT ? COOLDOWN_BAD : COOLDOWN_GOOD);
    if (b == BLAME_LIMIT)
        note_refusal(g, o, now, e);
    else if (e->wait_ns)
        cooldown_begin(&g->cooldown, &o->cooldown, now, COOLDOWN_FAILURES, e->wait_ns);
}

static void
note_success(struct guard *g, const struct guard_options *o, uint64_t now,
             const struct guard_report *e)
{
    cooldown_count(&g->cooldown, &o->cooldown, now, COOLDOWN_GOOD);
    if (e->fault != IR_FAULT_UNSET)
        return;
    latency_add(&g->whole, o->half_life_ns, now, e->whole_ns);
}

void
guard_first(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t ns)
{
    latency_add(&g->first, o->half_life_ns, now, ns);
    silence_hear(&g->silence);
    breaker_begun(&g->breaker);
}

void
guard_put_off(struct guard *g)
{
    silence_unask(&g->silence);
}

void
guard_made(struct guard *g, uint64_t now)
{
    silence_ask(&g->silence, now);
}

bool
guard_has_lost(const struct guard *g, const struct guard_options *o, uint64_t now, uint64_t began)
{
    if (!silence_is_on(&g->silence, &o->silence, &g->first, now))
        return false;
    return now >= began + silence_after(&o->silence, &g->first);
}

/* What a call that was cut says nevertheless: a probe that came too late has not shown that all is
 * well, and who is silent does not become better by our not waiting for it. */
static enum breaker_outcome
outcome_of_cut(const struct guard *g, const struct guard_options *o, uint64_t now,
               const struct guard_report *e)
{
    bool late = e->mute && !e->unasked
                && ((e->beaten && g->breaker.state == BREAKER_HALF_OPEN)
                    || silence_is_on(&g->silence, &o->silence, &g->first, now));
    return late ? BREAKER_FAILED : BREAKER_UNKNOWN;
}

/* Whatever was answered, it was not silence. */
static void
note_silence(struct guard *g, const struct guard_report *e)
{
    if (e->unasked)
        return;
    if (e->mute && e->status && !e->cut)
        silence_hear(&g->silence);
    else if (e->mute)
        silence_miss(&g->silence);
}

void
guard_learn(struct guard *g, const struct guard_options *o, uint64_t now,
            const struct guard_quota *q)
{
    g->quota = *q;
    if (q->spent)
        cooldown_rest(&g->cooldown, &o->cooldown, now, COOLDOWN_SPENT, q->back_ns);
    else
        cooldown_end(&g->cooldown, COOLDOWN_SPENT);
}

void
guard_proven(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t *ticket)
{
    if (g->breaker.state != BREAKER_HALF_OPEN)
        return;
    breaker_end(&g->breaker, &o->breaker, now, *ticket, BREAKER_SUCCEEDED);
    *ticket = TICKET_USED;
}

void
guard_done(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t ticket,
           const struct guard_report *e)
{
    enum blame b = blame(e);
    enum breaker_outcome outcome = e->mute ? BREAKER_SUCCEEDED : BREAKER_ENDED;
    g->running--;
    window_add(&g->minute, GUARD_MINUTE, now, 0, e->tokens);
    if (e->cut)
        outcome = outcome_of_cut(g, o, now, e);
    else if (e->unasked || b == BLAME_LIMIT)
        outcome = BREAKER_UNKNOWN;
    else if (b == BLAME_DEPLOYMENT)
        outcome = e->mute ? BREAKER_FAILED : BREAKER_BROKE;
    note_silence(g, e);
    breaker_end(&g->breaker, &o->breaker, now, ticket, outcome);
    if (e->unasked && !e->cut && b == BLAME_LIMIT)
        note_refusal(g, o, now, e);
    if (e->cut || e->unasked)
        return;
    g->requests++;
    if (b == BLAME_DEPLOYMENT || b == BLAME_LIMIT)
        note_failure(g, o, now, e, b);
    else
        note_success(g, o, now, e);
}

/* --- probes -------------------------------------------------------------------------------- */

static enum guard_probe
note_good(struct guard *g, const struct guard_options *o, const struct guard_thresholds *t,
          bool *changed)
{
    struct guard_health *h = &g->health;
    h->ok++;
    h->good++;
    h->bad = 0;
    *changed = h->sick && h->good >= t->good;
    if (*changed)
        h->sick = false;
    if (t->heals)
        breaker_heal(&g->breaker, &o->breaker);
    return GUARD_PROBE_GOOD;
}

static enum guard_probe
note_bad(struct guard *g, uint64_t now, const struct guard_thresholds *t, bool *changed)
{
    struct guard_health *h = &g->health;
    h->failed++;
    h->bad++;
    h->good = 0;
    *changed = !h->sick && h->bad >= t->bad;
    h->sick |= *changed;
    h->until = now + t->keep_ns;
    return GUARD_PROBE_BAD;
}

enum guard_probe
guard_probed(struct guard *g, const struct guard_options *o, uint64_t now,
             const struct guard_thresholds *t, const struct guard_report *r, bool *changed)
{
    enum blame b = blame(r);
    g->health.at = now;
    if (g->health.sick && now >= g->health.until) /* forgotten meanwhile */
        g->health.sick = false;
    *changed = false;
    if (b == BLAME_DEPLOYMENT)
        return note_bad(g, now, t, changed);
    if (b != BLAME_LIMIT)
        return note_good(g, o, t, changed);
    g->health.refused++;
    note_refusal(g, o, now, r);
    return GUARD_PROBE_REFUSED;
}
