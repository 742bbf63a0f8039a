/* Streams of items: parts of items begin, grow and end under two numbers, and what came in pieces is
 * said again as a whole: by the part, by the item, by the reply.  A whole is believed where the pieces
 * were silent. */
#include "runtime/ir/reply.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/flow.h"

#define PARTS_MAX 65536u /* of an item */

static int64_t
key_of(unsigned index, unsigned part)
{
    return (int64_t)index * PARTS_MAX + (part < PARTS_MAX ? part : PARTS_MAX - 1);
}

/* Was the part closed already? */
static bool
is_past(const struct flow_track *t, int64_t key)
{
    for (unsigned i = t->past.n; i > 0; i--)
        if (t->past.v[i - 1].key == key)
            return true;
    return false;
}

static void
close_part(struct xd *x, struct flow_track *t, struct flow_lane *l)
{
    struct flow_past *past = arena_push(x->keep, (void **)&t->past.v, &t->past.n, &t->past.cap,
                                        sizeof *past);
    if (!past) {
        xd_full(x);
        return;
    }
    *past = (struct flow_past){ l->key, l->block.kind };
    flow_lane_close(x, t, l);
}

void
xd_flow_open_item(struct xd *x, unsigned index, unsigned part, const struct ir_blocks *l,
                  uint32_t kinds)
{
    struct flow_track *t = xd_flow_track(x, 0);
    for (unsigned i = 0; t && !x->err && i < l->n; i++) {
        const struct ir_block *b = &l->v[i];
        int64_t key = key_of(index, part + i);
        if (!(kinds >> b->kind & 1) || is_past(t, key) || flow_lane_find(t, key))
            continue;
        xd_flow_open_key(x, t, key, b);
    }
}

/* Texts of several pieces have a blank line between them. */
static void
begin_piece(struct xd *x, struct flow_track *t, struct flow_lane *l, unsigned piece)
{
    if (piece == l->piece)
        return;
    l->piece = piece;
    if (l->block.kind != IR_BLOCK_THINKING || !(l->said & FLOW_SAID_TEXT))
        return;
    struct ir_block gap = { .kind = IR_BLOCK_THINKING, .thinking.text = STR("\n\n") };
    flow_lane_grow(x, t, l, &gap);
}

void
xd_flow_grow_item(struct xd *x, unsigned index, unsigned part, unsigned piece,
                  const struct ir_block *frag)
{
    struct flow_track *t = frag->kind == IR_BLOCK_UNSET ? NULL : xd_flow_track(x, 0);
    int64_t key = key_of(index, part);
    if (!t || is_past(t, key))
        return;
    struct flow_lane *l = flow_lane_find(t, key);
    if (!l) {
        xd_flow_open_key(x, t, key, frag);
        l = flow_lane_find(t, key);
        if (l)
            l->piece = piece;
        return;
    }
    if (l->block.kind != frag->kind) {
        xd_lose_block(x, frag->kind);
        return;
    }
    begin_piece(x, t, l, piece);
    if (!x->err)
        flow_lane_grow(x, t, l, frag);
}

/* Of the whole block, what its pieces have not said. */
static struct ir_block
unsaid(const struct flow_lane *l, const struct ir_block *whole)
{
    struct ir_block b = *whole;
    bool text = l->said & FLOW_SAID_TEXT, more = l->said & FLOW_SAID_MORE;
    struct str none = { NULL, 0 };
    switch (b.kind) {
    case IR_BLOCK_TEXT:
        b.text.text = text ? none : b.text.text;
        b.text.citations.n = more ? 0 : b.text.citations.n;
        break;
    case IR_BLOCK_REFUSAL:
        b.refusal.text = text ? none : b.refusal.text;
        break;
    case IR_BLOCK_THINKING:
        b.thinking.text = text ? none : b.thinking.text;
        b.thinking.signature = more ? none : b.thinking.signature;
        break;
    case IR_BLOCK_CALL:
        b.call.arguments = text ? none : b.call.arguments;
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        b.kind = IR_BLOCK_UNSET; /* they open whole */
        break;
    }
    return b;
}

static void
complete(struct xd *x, struct flow_track *t, int64_t key, const struct ir_block *whole)
{
    struct flow_lane *l = flow_lane_find(t, key);
    if (!l && (is_past(t, key) || whole->kind == IR_BLOCK_UNSET || ir_block_is_empty(whole)))
        return;
    if (!l) {
        xd_flow_open_key(x, t, key, whole);
    } else if (l->block.kind == whole->kind) {
        struct ir_block rest = unsaid(l, whole);
        if (rest.kind != IR_BLOCK_UNSET && ir_block_grows(&rest))
            flow_lane_grow(x, t, l, &rest);
    }
    l = flow_lane_find(t, key);
    if (l && !x->err)
        close_part(x, t, l);
}

void
xd_flow_close_part(struct xd *x, unsigned index, unsigned part, const struct ir_blocks *l)
{
    struct flow_track *t = xd_flow_track(x, 0);
    for (unsigned i = 0; t && !x->err && i < l->n; i++)
        complete(x, t, key_of(index, part + i), &l->v[i]);
}

/* Is it a part of this item and kind, behind the ones that were matched, and before the best so far? */
static void
consider(int64_t key, enum ir_block_kind kind, unsigned index, enum ir_block_kind want,
         int64_t behind, int64_t *best)
{
    if (key / PARTS_MAX == index && kind == want && key > behind && (*best < 0 || key < *best))
        *best = key;
}

/* Peers do not agree on the numbers of parts: a block of the whole is the next part of its kind. */
static int64_t
key_of_whole(const struct flow_track *t, unsigned index, const struct ir_block *b, int64_t behind)
{
    int64_t best = -1;
    for (unsigned i = 0; i < t->past.n; i++)
        consider(t->past.v[i].key, t->past.v[i].kind, index, b->kind, behind, &best);
    if (t->live)
        consider(t->live->key, t->live->block.kind, index, b->kind, behind, &best);
    for (const struct flow_lane *l = t->waiting.first; l; l = l->next)
        consider(l->key, l->block.kind, index, b->kind, behind, &best);
    return best;
}

void
xd_flow_close_item(struct xd *x, unsigned index, const struct ir_blocks *l)
{
    struct flow_track *t = xd_flow_track(x, 0);
    int64_t behind[IR_BLOCK_COUNT];
    for (unsigned i = 0; i < IR_BLOCK_COUNT; i++)
        behind[i] = -1;
    for (unsigned i = 0; t && !x->err && i < l->n; i++) {
        int64_t key = key_of_whole(t, index, &l->v[i], behind[l->v[i].kind]);
        if (key < 0) /* not heard of */
            key = key_of(index, PARTS_MAX / 2 + i);
        behind[l->v[i].kind] = key;
        complete(x, t, key, &l->v[i]);
    }
}

/* Only peers that say nothing but the end say everything there. */
void
xd_flow_end_items(struct xd *x, const struct ir_reply *r)
{
    struct flow_track *t = xd_flow_track(x, 0);
    const struct ir_choice *c = r->choices.n ? &r->choices.v[0] : NULL;
    if (!t)
        return;
    if (c && t->index == 0 && !t->waiting.first)
        for (unsigned i = 0; i < c->blocks.n && !x->err; i++)
            complete(x, t, key_of(i, 0), &c->blocks.v[i]);
    if (c)
        xd_flow_stop(x, 0, c->stop, c->stop_text);
    if (r->usage.set)
        xd_flow_usage(x, &r->usage);
    if (r->tier.n && !str_eq(r->tier, x->flow->head.tier))
        xd_lose(x, "reply.tier"); /* the head is said */
    xd_lose_rest(x, &r->rest);
    xd_flow_end(x);
}
