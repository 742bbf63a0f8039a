/* Headers of a reply, by the names that the dialect has for them. */
#include "server/gateway/remarks.h"

#include "server/gateway/clock.h"

#define NS_PER_S ((uint64_t)1000 * 1000 * 1000)

void
remarks_read(struct remarks *r, const struct xd_dialect *d, const struct upstream_head *head,
             struct arena *a)
{
    bool good = head->status >= 200 && head->status <= 299;
    *r = (struct remarks){ .refuses = head->status == 401 || head->status == 403 };
    allowance_read(&r->allowance, d, head, clock_wall_us);
    if (d->retry_after.p && !good)
        r->retry_after = allowance_retry_after(upstream_head_get(head, d->retry_after),
                                               clock_wall_us);
    if (d->error_word.p)
        r->error_word = arena_str(a, upstream_head_get(head, d->error_word));
}

uint64_t
remarks_wait_ns(const struct remarks *r, const struct ir_error *e)
{
    if (r->allowance.wait_ns)
        return r->allowance.wait_ns;
    return e->retry_after.set && e->retry_after.v > 0 ? (uint64_t)e->retry_after.v * NS_PER_S : 0;
}

void
remarks_report(const struct remarks *r, const struct ir_error *e, struct guard_report *report)
{
    report->wait_ns = remarks_wait_ns(r, e);
    if (r->allowance.quota.spent)
        report->back_ns = r->allowance.quota.back_ns;
}
