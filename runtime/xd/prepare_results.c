/* Results of calls that nobody made, as the target sees it: the conversation was cut, or made by hand.  And what a
 * user says behind results. */
#include <stdio.h>

#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

#define BRIDGE_TEXT "OK." /* of an assistant that has nothing to say */

/* Was the call made in the last turn of the assistant before this one?  No API takes later answers. */
static bool
was_called(const struct ir_request *m, unsigned turn, struct str id)
{
    unsigned i = turn;
    while (i > 0 && m->turns.v[i - 1].role != IR_ROLE_ASSISTANT)
        i--;
    if (i == 0)
        return false;
    const struct ir_blocks *l = &m->turns.v[i - 1].blocks;
    for (unsigned k = 0; k < l->n; k++)
        if (l->v[k].kind == IR_BLOCK_CALL && str_eq(l->v[k].call.id, id))
            return true;
    return false;
}

static bool
is_orphan(const struct ir_request *m, unsigned turn, const struct ir_block *b)
{
    return b->kind == IR_BLOCK_RESULT && !was_called(m, turn, b->result.call);
}

static bool
has_orphan(const struct ir_request *m, unsigned turn)
{
    for (unsigned k = 0; k < m->turns.v[turn].blocks.n; k++)
        if (is_orphan(m, turn, &m->turns.v[turn].blocks.v[k]))
            return true;
    return false;
}

/* What an orphan says may stay, without saying which call it answers. */
static void
take_orphan(struct xd *x, struct ir_blocks *to, const struct ir_block *b, struct str rule,
            unsigned turn)
{
    char place[32];
    snprintf(place, sizeof place, "turns[%u]", turn);
    if (str_is(rule, "error"))
        xd_refuse(x, b->result.call, place, "the result of a call that nobody made: %.*s",
                  STR_ARG(b->result.call));
    xd_lose_block(x, IR_BLOCK_RESULT);
    xd_lose_rest(x, &b->rest);
    for (unsigned i = 0; str_is(rule, "unwrap") && i < b->result.blocks.n; i++) {
        struct ir_block *block = XD_PUSH(x, to);
        if (block)
            *block = b->result.blocks.v[i];
    }
}

/* The blocks of a turn without its orphans. */
static struct ir_blocks
without_orphans(struct xd *x, const struct ir_request *m, unsigned turn, struct str rule)
{
    struct ir_blocks own = { 0 };
    for (unsigned k = 0; k < m->turns.v[turn].blocks.n; k++) {
        const struct ir_block *b = &m->turns.v[turn].blocks.v[k];
        bool orphan = is_orphan(m, turn, b);
        struct ir_block *to = orphan ? NULL : XD_PUSH(x, &own);
        if (orphan)
            take_orphan(x, &own, b, rule, turn);
        else if (to)
            *to = *b;
    }
    return own;
}

void
prepare_orphans(struct xd *x, struct ir_request *m, struct str rule)
{
    struct ir_turns own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn t = m->turns.v[i];
        bool orphans = has_orphan(m, i);
        some |= orphans;
        if (orphans)
            t.blocks = without_orphans(x, m, i, rule);
        struct ir_turn *to = orphans && t.blocks.n == 0 ? NULL : XD_PUSH(x, &own);
        if (to)
            *to = t;
    }
    if (some)
        m->turns = own;
}

/* --- behind results --- */

/* How many blocks of a turn stand up to its last result; 0: there is none, or nothing behind it. */
static unsigned
results_end(const struct ir_turn *t)
{
    unsigned n = t->blocks.n;
    while (n > 0 && t->blocks.v[n - 1].kind != IR_BLOCK_RESULT)
        n--;
    return n < t->blocks.n ? n : 0;
}

static void
push_turn(struct xd *x, struct ir_turns *to, const struct ir_turn *t, const struct ir_block *from,
          unsigned n)
{
    struct ir_turn *own = XD_PUSH(x, to);
    if (!own)
        return;
    *own = *t;
    own->blocks = (struct ir_blocks){ 0 };
    for (unsigned i = 0; i < n; i++) {
        struct ir_block *b = XD_PUSH(x, &own->blocks);
        if (b)
            *b = from[i];
    }
}

void
prepare_bridges(struct xd *x, struct ir_request *m)
{
    static const struct ir_block bridge = { .kind = IR_BLOCK_TEXT,
                                            .text.text = STR_INIT(BRIDGE_TEXT) };
    static const struct ir_turn assistant = { .set = true, .role = IR_ROLE_ASSISTANT };
    struct ir_turns own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < m->turns.n; i++) {
        const struct ir_turn *t = &m->turns.v[i];
        unsigned n = results_end(t);
        if (n) {
            const struct ir_turn user = { .set = true, .role = t->role };
            push_turn(x, &own, t, t->blocks.v, n);
            push_turn(x, &own, &assistant, &bridge, 1);
            push_turn(x, &own, &user, t->blocks.v + n, t->blocks.n - n);
            some = true;
            continue;
        }
        struct ir_turn *to = XD_PUSH(x, &own);
        if (to)
            *to = *t;
    }
    if (some)
        m->turns = own;
}
