/* Of what use another try is. */
#include "runtime/resilience/retry.h"

#include "runtime/ir/reply.h"

#define MS ((uint64_t)1000 * 1000)

enum retry_place
retry_place(const struct ir_error *e)
{
    if (ir_fault_retryable(e->kind)
        || (e->status.set && (e->status.v == 429 || e->status.v >= 500)))
        return RETRY_ANYWHERE;
    bool account = e->kind == IR_FAULT_AUTH || e->kind == IR_FAULT_BILLING
                   || e->kind == IR_FAULT_FORBIDDEN || e->kind == IR_FAULT_MISSING;
    return account ? RETRY_ELSEWHERE : RETRY_NOWHERE;
}

struct retry_plan
retry_plan(const struct retry_options *o, const struct retry_scene *s, uint64_t random)
{
    if (s->repeats == 0 && s->shut_ns == 0)
        return (struct retry_plan){ .when = RETRY_NOW }; /* somebody else is fresh */
    uint64_t told = s->told_ns > s->shut_ns ? s->told_ns : s->shut_ns;
    if (told > o->told_most_ns)
        return (struct retry_plan){ .when = RETRY_NEVER };
    uint64_t ns = backoff_ns(&o->backoff, s->repeats ? s->repeats - 1 : 0, random, told);
    if (s->left_ns != RETRY_NO_LIMIT && ns / MS >= s->left_ns / MS)
        return (struct retry_plan){ .when = RETRY_NEVER };
    return (struct retry_plan){ ns ? RETRY_LATER : RETRY_NOW, ns };
}
