/* Numbers by name, and their bounds. */
#include "server/gateway/handover_field.h"

#include <limits.h>

#include "runtime/resilience/memory.h"

#define AT(member) offsetof(struct guard_memory, member)
const struct handover_field handover_guard_fields[] = {
    { "failed", AT(failed), HANDOVER_UNSIGNED },
    { "broken", AT(broken), HANDOVER_UNSIGNED },
    { "reopened", AT(reopened), HANDOVER_UNSIGNED },
    { "open_ns", AT(open_ns), HANDOVER_TIME },
    { "told", AT(told), HANDOVER_FLAG },
    { "rest_ns", AT(rest_ns), HANDOVER_TIME },
    { "rate_ns", AT(guessed_ns[COOLDOWN_RATE]), HANDOVER_TIME },
    { "account_ns", AT(guessed_ns[COOLDOWN_ACCOUNT]), HANDOVER_TIME },
    { "missing_ns", AT(guessed_ns[COOLDOWN_MISSING]), HANDOVER_TIME },
    { "failures_ns", AT(guessed_ns[COOLDOWN_FAILURES]), HANDOVER_TIME },
    { "spent_ns", AT(guessed_ns[COOLDOWN_SPENT]), HANDOVER_TIME },
    { "sick", AT(sick), HANDOVER_FLAG },
    { "sick_ns", AT(sick_ns), HANDOVER_TIME },
    { "first_ns", AT(first_ns), HANDOVER_TIME },
    { "whole_ns", AT(whole_ns), HANDOVER_TIME },
    { "requests", AT(requests), HANDOVER_COUNT },
    { "failures", AT(failures), HANDOVER_COUNT },
    { "told_429", AT(told_429), HANDOVER_COUNT },
    { "checks_ok", AT(checks_ok), HANDOVER_COUNT },
    { "checks_failed", AT(checks_failed), HANDOVER_COUNT },
    { "checks_refused", AT(checks_refused), HANDOVER_COUNT },
    { .name = NULL },
};
#undef AT
#define AT(member) offsetof(struct limiter_memory, member)
const struct handover_field handover_limit_fields[] = {
    { "requests", AT(requests), HANDOVER_SIGNED },
    { "tokens", AT(tokens), HANDOVER_SIGNED },
    { "requests_ns", AT(requests_ns), HANDOVER_TIME },
    { "tokens_ns", AT(tokens_ns), HANDOVER_TIME },
    { "permille", AT(permille), HANDOVER_COUNT },
    { "recent_ns", AT(recent_ns), HANDOVER_TIME },
    { "usual_ns", AT(usual_ns), HANDOVER_TIME },
    { "samples", AT(samples), HANDOVER_UNSIGNED },
    { "entered", AT(entered), HANDOVER_COUNT },
    { "refused", AT(refused), HANDOVER_COUNT },
    { .name = NULL },
};
#undef AT

int64_t
handover_field_most(const struct handover_field *f)
{
    switch (f->kind) {
    case HANDOVER_COUNT:
    case HANDOVER_SIGNED:
        return INT64_MAX;
    case HANDOVER_TIME:
        return (int64_t)MEMORY_NS_MOST;
    case HANDOVER_UNSIGNED:
        return INT_MAX;
    case HANDOVER_FLAG:
        return 1;
    }
    return 0;
}

int64_t
handover_field_get(const struct handover_field *f, const void *base)
{
    const char *at = (const char *)base + f->offset;
    const int64_t most = handover_field_most(f);
    uint64_t v = 0;
    switch (f->kind) {
    case HANDOVER_COUNT:
    case HANDOVER_TIME:
        v = *(const uint64_t *)at;
        break;
    case HANDOVER_UNSIGNED:
        v = *(const unsigned *)at;
        break;
    case HANDOVER_FLAG:
        v = *(const bool *)at;
        break;
    case HANDOVER_SIGNED:
        v = *(const int64_t *)at > 0 ? (uint64_t) * (const int64_t *)at : 0;
        break;
    }
    return v < (uint64_t)most ? (int64_t)v : most;
}

void
handover_field_set(const struct handover_field *f, void *base, int64_t v)
{
    char *at = (char *)base + f->offset;
    switch (f->kind) {
    case HANDOVER_COUNT:
    case HANDOVER_TIME:
        *(uint64_t *)at = (uint64_t)v;
        break;
    case HANDOVER_UNSIGNED:
        *(unsigned *)at = (unsigned)v;
        break;
    case HANDOVER_FLAG:
        *(bool *)at = v;
        break;
    case HANDOVER_SIGNED:
        *(int64_t *)at = v;
        break;
    }
}
