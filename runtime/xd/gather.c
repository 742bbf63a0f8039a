/* Lists of blocks as the rows of a spec see them: the blocks of some kinds, in order. */
#include "runtime/xd/xd.h"

unsigned
xd_count_blocks(const struct ir_blocks *l, uint32_t mask)
{
    unsigned n = 0;

    for (unsigned i = 0; i < l->n; i++)
        n += (mask >> l->v[i].kind) & 1;
    return n;
}

const struct ir_block *
xd_first_block(const struct ir_blocks *l, uint32_t mask)
{
    for (unsigned i = 0; i < l->n; i++)
        if ((mask >> l->v[i].kind) & 1)
            return &l->v[i];
    return NULL;
}

struct ir_block *
xd_last_block(struct xd *x, struct ir_blocks *l, enum ir_block_kind kind)
{
    for (unsigned i = l->n; i > 0; i--)
        if (l->v[i - 1].kind == kind)
            return &l->v[i - 1];
    struct ir_block *b = XD_PUSH(x, l);
    if (b)
        b->kind = kind;
    return b;
}

unsigned
xd_run_blocks(const struct ir_blocks *l, unsigned from, uint32_t mask)
{
    unsigned n = 0;

    while (from + n < l->n && ((mask >> l->v[from + n].kind) & 1))
        n++;
    return n;
}

bool
xd_single_text(const struct ir_blocks *l, uint32_t mask, enum ir_block_kind kind)
{
    const struct ir_block *b = xd_first_block(l, mask);

    return b && b->kind == kind && !b->cache.set && b->rest.n == 0 && xd_count_blocks(l, mask) == 1
           && !(kind == IR_BLOCK_TEXT && (b->text.citations.n || !b->text.text.p));
}

struct ir_int
xd_sum(const struct ir_int *const *parts, unsigned n)
{
    struct ir_int sum = { 0, true };

    for (unsigned i = 0; i < n; i++)
        if (parts[i]->set && __builtin_add_overflow(sum.v, parts[i]->v, &sum.v))
            sum.v = INT64_MAX;
    return sum;
}

void
xd_add(struct ir_int *to, const struct ir_int *more)
{
    if (!more->set)
        return;
    if (!to->set)
        *to = (struct ir_int){ 0, true };
    if (__builtin_add_overflow(to->v, more->v, &to->v))
        to->v = INT64_MAX;
}

struct ir_int
xd_difference(const struct ir_int *const *parts, unsigned n)
{
    struct ir_int left = *parts[0];

    for (unsigned i = 1; i < n; i++)
        if (parts[i]->set && parts[i]->v > 0)
            left.v = parts[i]->v < left.v ? left.v - parts[i]->v : 0;
    return left;
}

void
xd_rest_of(struct ir_int *whole, struct ir_int *const *parts, unsigned n)
{
    if (!whole->set)
        return;
    if (whole->v < 0)
        whole->v = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!parts[i]->set)
            continue;
        if (parts[i]->v < 0)
            parts[i]->v = 0;
        if (parts[i]->v > whole->v)
            parts[i]->v = whole->v;
        whole->v -= parts[i]->v;
    }
}
