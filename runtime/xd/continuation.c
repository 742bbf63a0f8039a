/* Requests for the rest of a reply. */
#include "runtime/xd/continuation.h"

#include "runtime/base/arena.h"
#include "runtime/ir/sequel.h"

static const struct str wish = STR_INIT(
    "Your last message was cut off on its way. Go on exactly where it ends, in the middle of the sentence or "
    "the word if need be: the two will be put together. Repeat nothing of it, and do not comment on this.");

enum xd_continuation
xd_continuation_of(struct str policy)
{
    if (str_is(policy, "prefill"))
        return XD_CONTINUATION_PREFILL;
    return str_is(policy, "none") ? XD_CONTINUATION_NONE : XD_CONTINUATION_ASK;
}

bool
xd_continuation_fits(const struct ir_request *m)
{
    bool words = m->outputs.n == 0 || (m->outputs.n == 1 && str_is(m->outputs.v[0], "text"));
    bool free = !m->format.set || m->format.mode == IR_FORMAT_MODE_UNSET
                || m->format.mode == IR_FORMAT_MODE_TEXT;
    return words && free && m->logprobs != IR_TRUE && (!m->candidates.set || m->candidates.v <= 1);
}

static struct ir_turn *
push_turn(struct ir_request *m, struct arena *a, enum ir_role role)
{
    struct ir_turn *t = arena_push(a, (void **)&m->turns.v, &m->turns.n, &m->turns.cap, sizeof *t);
    if (t)
        *t = (struct ir_turn){ .set = true, .role = role };
    return t;
}

static struct ir_block *
push_block(struct ir_turn *t, struct arena *a)
{
    return t ? arena_push(a, (void **)&t->blocks.v, &t->blocks.n, &t->blocks.cap,
                          sizeof(struct ir_block))
             : NULL;
}

/* The turns of m and their blocks, in vectors of our own. */
static void
own_turns(struct ir_request *m, struct arena *a)
{
    const struct ir_turns all = m->turns;
    m->turns = (struct ir_turns){ 0 };
    for (unsigned i = 0; i < all.n; i++) {
        struct ir_turn *t = push_turn(m, a, all.v[i].role);
        if (t)
            *t = all.v[i];
    }
}

/* The turn of the assistant that is being said: one that the client began, or a new one. */
static struct ir_turn *
last_turn(struct ir_request *m, struct arena *a)
{
    struct ir_turn *last = m->turns.n ? &m->turns.v[m->turns.n - 1] : NULL;
    if (!last || last->role != IR_ROLE_ASSISTANT)
        return push_turn(m, a, IR_ROLE_ASSISTANT);
    const struct ir_blocks blocks = last->blocks;
    last->blocks = (struct ir_blocks){ 0 };
    for (unsigned i = 0; i < blocks.n; i++) {
        struct ir_block *b = push_block(last, a);
        if (b)
            *b = blocks.v[i];
    }
    return last;
}

static void
put_text(struct ir_turn *t, struct arena *a, struct str text)
{
    struct ir_block *b = push_block(t, a);
    if (b)
        *b = (struct ir_block){ .kind = IR_BLOCK_TEXT, .text.text = text };
}

static void
spend_output(struct ir_request *m, size_t bytes)
{
    int64_t used = (int64_t)(bytes / IR_BYTES_A_TOKEN);
    if (m->max_output.set)
        m->max_output.v = m->max_output.v > used + 1 ? m->max_output.v - used : 1;
}

enum err
xd_continue(enum xd_continuation how, const struct ir_request *m, const struct ir_reply *said,
            struct arena *a, struct ir_request *out)
{
    struct str text = ir_said(said, a);
    *out = *m;
    if (text.n == 0)
        return a->full ? ERR_LIMIT : ERR_OK;
    own_turns(out, a);
    put_text(last_turn(out, a), a, text);
    spend_output(out, text.n);
    if (how == XD_CONTINUATION_ASK)
        put_text(push_turn(out, a, IR_ROLE_USER), a, wish);
    else
        out->reasoning = (struct ir_reasoning){ 0 };
    return a->full ? ERR_LIMIT : ERR_OK;
}
