/* Streams that are patches to a reply: the boundaries of blocks are found here. */
#include "runtime/ir/reply.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/flow.h"
#include "runtime/xd/seal.h"

/* Blocks that come whole, one in each fragment. */
static bool
is_atomic(enum ir_block_kind kind)
{
    switch (kind) {
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        return true;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_TEXT:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_THINKING:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_CALL:
        break;
    }
    return false;
}

static bool
continues(const struct flow_lane *l, const struct ir_block *frag)
{
    if (!l || l->key != FLOW_NO_KEY || l->closed || l->block.kind != frag->kind)
        return false;
    if (frag->kind == IR_BLOCK_THINKING && l->has_signature)
        return !frag->thinking.text.n && !seal_is_marked(frag->thinking.signature);
    return true;
}

/* A text that is nothing but its seal. */
static bool
is_bare_seal(const struct ir_block *b)
{
    return b->kind == IR_BLOCK_TEXT && b->text.signature.n && !b->text.text.n
           && !b->text.citations.n;
}

void
xd_flow_patch(struct xd *x, unsigned choice, const struct ir_block *frag)
{
    if (frag->kind == IR_BLOCK_CALL) {
        xd_flow_patch_keyed(x, choice, FLOW_NO_KEY, frag);
        return;
    }
    if (frag->kind == IR_BLOCK_UNSET || ir_block_is_empty(frag))
        return;
    struct flow_track *t = xd_flow_track(x, choice);
    if (!t)
        return;
    flow_advance(x, t);
    struct flow_lane *l = t->waiting.last ? t->waiting.last : t->live;
    if (continues(l, frag)) {
        flow_lane_grow(x, t, l, frag);
        return;
    }
    struct ir_block apart = { .kind = IR_BLOCK_THINKING };
    if (x->seal.p && !x->seal_in_place && is_bare_seal(frag)) {
        unsigned ordinal = t->texts ? t->texts - 1 : 0;
        apart.thinking.signature = seal_put(x, SEAL_TEXT, ordinal, frag->text.signature);
        frag = &apart;
    }
    l = flow_lane_make(x, FLOW_NO_KEY, FLOW_PATCHED, frag);
    if (!l)
        return;
    l->closed = is_atomic(frag->kind) || frag == &apart;
    flow_lane_start(x, t, l, frag);
}

/* The call that last had this key, open or not. */
static struct flow_lane *
find_call(const struct flow_track *t, int64_t key)
{
    if (key < 0)
        return t->last;
    struct flow_lane *l = flow_lane_find(t, key);
    if (l && !l->closed)
        return l;
    for (struct flow_lane *d = t->done.first; d; d = d->next)
        if (d->key == key)
            l = d;
    return l;
}

/* Does the fragment begin another call than the one that had its key?  Peers repeat ids and
 * names, say "" for both, give every call the same index or none; a call without a name is none. */
static bool
is_another(const struct flow_lane *l, int64_t key, const struct ir_block *frag)
{
    struct str id = frag->call.id, name = frag->call.name;
    if (id.n && l->id.n)
        return !str_eq(id, l->id) && (name.n || key < 0);
    if (id.n || name.n == 0 || l->name.n == 0)
        return false;
    if (!str_eq(name, l->name))
        return true;
    return (l->arguments.complete || l->place == FLOW_DONE) && frag->call.arguments.n;
}

/* What a call that waits did not know yet. */
static void
learn(struct xd *x, struct flow_lane *l, const struct ir_block *frag)
{
    if (l->id.n == 0)
        l->id = xd_flow_keep(x, frag->call.id);
    if (l->name.n == 0)
        l->name = xd_flow_keep(x, frag->call.name);
}

static void
start_call(struct xd *x, struct flow_track *t, struct flow_lane *old, int64_t key,
           const struct ir_block *frag)
{
    if (old && old->place != FLOW_DONE)
        old->closed = true;
    struct flow_lane *l = flow_lane_make(x, key, FLOW_PATCHED, frag);
    if (!l)
        return;
    t->last = l;
    flow_lane_start(x, t, l, frag);
}

void
xd_flow_whole(struct xd *x, unsigned choice, const struct ir_block *frag)
{
    struct flow_track *t = frag->kind == IR_BLOCK_CALL ? xd_flow_track(x, choice) : NULL;
    if (frag->kind != IR_BLOCK_CALL)
        xd_flow_patch(x, choice, frag);
    if (!t)
        return;
    flow_advance(x, t);
    struct flow_lane *l = flow_lane_make(x, FLOW_NO_KEY, FLOW_PATCHED, frag);
    if (!l)
        return;
    l->closed = true;
    flow_lane_start(x, t, l, frag);
}

void
xd_flow_patch_keyed(struct xd *x, unsigned choice, int64_t key, const struct ir_block *frag)
{
    if (frag->kind != IR_BLOCK_CALL) {
        xd_flow_patch(x, choice, frag);
        return;
    }
    struct flow_track *t = xd_flow_track(x, choice);
    if (!t)
        return;
    struct flow_lane *l = find_call(t, key);
    if (!l || is_another(l, key, frag)) {
        start_call(x, t, l, key, frag);
        return;
    }
    t->last = l;
    if (l->place == FLOW_WAITING)
        learn(x, l, frag);
    if (l->place != FLOW_DONE)
        flow_lane_grow(x, t, l, frag);
    else if (!xd_arguments_blank(frag->call.arguments) && !l->arguments.begun)
        xd_fault(x, ERR_PROTOCOL, 0, "arguments of a call that had {} come after the next call");
    else if (!xd_arguments_blank(frag->call.arguments))
        xd_lose(x, "blocks.call.arguments");
    flow_advance(x, t);
}
