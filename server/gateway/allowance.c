/* From headers to quotas. */
#include "server/gateway/allowance.h"

#define SECOND ((uint64_t)1000 * 1000 * 1000)

static bool
read_moment(struct str text, enum xd_moment form, allowance_clock *clock, uint64_t *ns)
{
    return text.n && xd_moment_read(text, form, clock() * 1000, ns);
}

/* The least of several counts; a count that is no number says nothing. */
static bool
take_left(struct guard_left *l, struct str text)
{
    struct ir_int n = { 0, false };
    xd_seconds(text, &n);
    if (!n.set)
        return false;
    if (!l->told || (uint64_t)n.v < l->n)
        *l = (struct guard_left){ true, (uint64_t)n.v };
    return n.v == 0;
}

static void
read_limit(struct allowance *a, const struct xd_limit *l, const struct upstream_head *head,
           allowance_clock *clock)
{
    struct guard_quota *q = &a->quota;
    bool tokens = l->of == XD_LIMIT_TOKENS, spent = false;
    uint64_t ns = 0;
    if (l->left.p) {
        spent = take_left(tokens ? &q->tokens : &q->requests, upstream_head_get(head, l->left));
        if (!spent)
            return;
        q->spent = true;
    }
    if (!l->back.p || !read_moment(upstream_head_get(head, l->back), l->form, clock, &ns))
        return;
    if (l->of == XD_LIMIT_WAIT)
        a->wait_ns = ns;
    else if (ns > q->back_ns)
        q->back_ns = ns;
}

void
allowance_read(struct allowance *a, const struct xd_dialect *d, const struct upstream_head *head,
               allowance_clock *clock)
{
    *a = (struct allowance){ .wait_ns = 0 };
    bool good = head->status >= 200 && head->status <= 299;
    for (unsigned i = 0; i < d->nlimits; i++)
        if (!good || d->limits[i].of != XD_LIMIT_WAIT)
            read_limit(a, &d->limits[i], head, clock);
}

struct ir_int
allowance_retry_after(struct str text, allowance_clock *clock)
{
    struct ir_int v = { 0, false };
    uint64_t ns = 0;
    if (read_moment(text, XD_MOMENT_SECONDS, clock, &ns)
        || read_moment(text, XD_MOMENT_DATE, clock, &ns))
        v = (struct ir_int){ allowance_seconds(ns), true };
    return v;
}

int64_t
allowance_seconds(uint64_t ns)
{
    return (int64_t)((ns + SECOND - 1) / SECOND);
}
