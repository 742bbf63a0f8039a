/* Blocks that only another dialect knows: they go before anything else looks at the conversation, so
 * that a turn or a result that had nothing else is seen to be empty. */
#include <stdio.h>

#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

/* The family's own, or a part of something of the family: "acme.chat", "acme.chat:part". */
static bool
is_of(struct str dialect, const char *family)
{
    size_t n = strlen(family);
    return str_starts(dialect, str_from(family)) && (dialect.n == n || dialect.p[n] == ':');
}

/* Can the target say it?  For a result: all that is in it. */
static bool
is_sayable(const struct xd *x, const struct ir_block *b)
{
    if (b->kind == IR_BLOCK_FOREIGN)
        return is_of(b->foreign.dialect, x->dialect->family);
    for (unsigned i = 0; b->kind == IR_BLOCK_RESULT && i < b->result.blocks.n; i++)
        if (!is_sayable(x, &b->result.blocks.v[i]))
            return false;
    return true;
}

static bool
are_sayable(const struct xd *x, const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (!is_sayable(x, &l->v[i]))
            return false;
    return true;
}

/* Some blocks cannot be left out without changing what is asked. */
static void
lose(struct xd *x, const struct ir_block *b)
{
    if (b->kind == IR_BLOCK_FOREIGN && b->foreign.vital.p)
        xd_refuse(x, b->foreign.body, "", "'%.*s' is for providers that speak %.*s only",
                  STR_ARG(b->foreign.vital), STR_ARG(b->foreign.dialect));
    xd_lose(x, "blocks.foreign");
}

/* A list of our own, without what cannot be said. */
static struct ir_blocks
sayable(struct xd *x, const struct ir_blocks *l)
{
    struct ir_blocks own = { 0 };
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_block *b = &l->v[i];
        bool whole = is_sayable(x, b);
        if (!whole)
            lose(x, b);
        struct ir_block *to = whole || b->kind == IR_BLOCK_RESULT ? XD_PUSH(x, &own) : NULL;
        if (!to)
            continue;
        *to = *b;
        if (!whole)
            to->result.blocks = sayable(x, &b->result.blocks);
    }
    return own;
}

static bool
is_needed(const struct xd *x, const struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        if (!are_sayable(x, &m->turns.v[i].blocks))
            return true;
    return false;
}

/* A turn of the user of which nothing is left, or part of a request that must not lose any. */
static void
check_turn(struct xd *x, const struct ir_turn *was, const struct ir_turn *is, unsigned at,
           enum xd_parts_rule rule)
{
    struct str culprit = { NULL, 0 };
    char place[32];
    bool hollow = is->blocks.n == 0 && is->role == IR_ROLE_USER;
    for (unsigned i = 0; i < was->blocks.n && !culprit.p; i++)
        if (was->blocks.v[i].kind == IR_BLOCK_FOREIGN && !is_sayable(x, &was->blocks.v[i]))
            culprit = was->blocks.v[i].foreign.body;
    snprintf(place, sizeof place, "turns[%u]", at);
    if (rule == PARTS_ALL || (rule == PARTS_SOME && hollow))
        xd_refuse(x, culprit, place, "%s cannot take blocks.foreign", x->dialect->name);
}

void
prepare_foreign(struct xd *x, struct ir_request *m, enum xd_parts_rule rule)
{
    struct ir_turns own = { 0 };
    if (!are_sayable(x, &m->instructions))
        m->instructions = sayable(x, &m->instructions);
    if (!is_needed(x, m))
        return;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn t = m->turns.v[i];
        if (!are_sayable(x, &t.blocks)) {
            t.blocks = sayable(x, &t.blocks);
            check_turn(x, &m->turns.v[i], &t, i, rule);
            if (t.blocks.n == 0)
                continue;
        }
        struct ir_turn *to = XD_PUSH(x, &own);
        if (to)
            *to = t;
    }
    if (own.n == 0 && rule == PARTS_SOME)
        xd_refuse(x, (struct str){ NULL, 0 }, "turns", "nothing of them can be said to %s",
                  x->dialect->name);
    m->turns = own;
}

/* A model that has lost its tools does something else than one that never had any. */
void
prepare_foreign_tools(struct xd *x, const struct ir_request *m, enum xd_parts_rule rule)
{
    unsigned lost = 0;
    struct str culprit = { NULL, 0 };
    for (unsigned i = 0; i < m->tools.n; i++) {
        const struct ir_tool *t = &m->tools.v[i];
        if (t->kind != IR_TOOL_FOREIGN || is_of(t->foreign.dialect, x->dialect->family))
            continue;
        if (lost++ == 0)
            culprit = t->foreign.body;
    }
    if (lost && (rule == PARTS_ALL || (rule == PARTS_SOME && lost == m->tools.n)))
        xd_refuse(x, culprit, "tools", "%s does not have %s", x->dialect->name,
                  lost < m->tools.n ? "all of them" : "any of them");
}
