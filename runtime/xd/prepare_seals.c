/* Signatures of calls, where a target wants one; and what has to be asked for to get sealed reasoning. */
#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

/* The first call of the turn, if it has no signature; else the number of blocks. */
static unsigned
first_unsigned(const struct ir_turn *t)
{
    for (unsigned i = 0; t->role == IR_ROLE_ASSISTANT && i < t->blocks.n; i++)
        if (t->blocks.v[i].kind == IR_BLOCK_CALL)
            return t->blocks.v[i].call.signature.n ? t->blocks.n : i;
    return t->blocks.n;
}

static bool
is_needed(const struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        if (first_unsigned(&m->turns.v[i]) < m->turns.v[i].blocks.n)
            return true;
    return false;
}

static struct ir_blocks
with_signature(struct xd *x, const struct ir_blocks *l, unsigned at, struct str signature)
{
    struct ir_blocks own = { 0 };
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block *b = XD_PUSH(x, &own);
        if (!b)
            return *l;
        *b = l->v[i];
        if (i == at)
            b->call.signature = signature;
    }
    return own;
}

void
prepare_unsigned_calls(struct xd *x, struct ir_request *m, struct str value)
{
    struct ir_turns own = { 0 };
    if (str_is(m->family, x->dialect->family) || !is_needed(m))
        return; /* who speaks the language says what it wants */
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->turns.v[i];
        unsigned at = first_unsigned(t);
        if (at < t->blocks.n)
            t->blocks = with_signature(x, &t->blocks, at, value);
    }
    m->turns = own;
}

void
prepare_include(struct xd *x, struct ir_request *m, struct str value)
{
    if (str_is(m->family, x->dialect->family) || x->op->kind != XD_OP_CHAT)
        return; /* who speaks the language says what it wants */
    m->include.v = NULL;
    m->include.n = m->include.cap = 0;
    struct str *to = XD_PUSH(x, &m->include);
    if (to)
        *to = value;
}
