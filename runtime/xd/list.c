/* Lists that grow while a document is read. */
#include "runtime/xd/fault.h"

void *
xd_push(struct xd *x, void **v, unsigned *n, unsigned *cap, size_t size)
{
    void *e = arena_push(x->arena, v, n, cap, size);
    if (!e)
        xd_full(x);
    return e;
}

bool
xd_apart(struct xd *x, uint32_t at, struct str member, const void *before)
{
    if (json_kind(&x->doc, at) != JSON_OBJECT || !json_member(&x->doc, at, member))
        return false;
    if (!before)
        xd_lose_path(x, at);
    return true;
}

struct ir_turn *
xd_turn(struct xd *x, struct ir_request *m, enum ir_role role)
{
    struct ir_turn *last = m->turns.n ? &m->turns.v[m->turns.n - 1] : NULL;
    if (last && last->role == role)
        return last;
    struct ir_turn *t = XD_PUSH(x, &m->turns);
    if (t)
        *t = (struct ir_turn){ .set = true, .role = role };
    return t;
}

void
xd_read_turn(struct xd *x, uint32_t at, struct ir_request *m)
{
    struct ir_turn *t = xd_turn(x, m, IR_ROLE_USER);
    struct ir_block *b = t ? XD_PUSH(x, &t->blocks) : NULL;
    if (!b)
        return;
    b->kind = IR_BLOCK_TEXT;
    xd_read_text(x, at, &b->text.text);
}

struct ir_input *
xd_input(struct xd *x, struct ir_inputs *l, unsigned i)
{
    while (l->n <= i)
        if (!XD_PUSH(x, l))
            return NULL;
    return &l->v[i];
}

struct ir_choice *
xd_choice(struct xd *x, struct ir_choices *l, unsigned i)
{
    if (i >= XD_CHOICES_MAX) {
        xd_fault(x, ERR_LIMIT, 0, "choice %u: there may be at most %u", i, XD_CHOICES_MAX);
        return NULL;
    }
    while (l->n <= i) {
        struct ir_choice *c = XD_PUSH(x, l);
        if (!c)
            return NULL;
        *c = (struct ir_choice){ .set = true, .index = l->n - 1 };
    }
    return &l->v[i];
}
