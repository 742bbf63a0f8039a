/* Joining replies. */
#include "runtime/ir/sequel.h"

void
ir_sequel_init(struct ir_sequel *q, struct arena *a, ir_sink *sink, void *ctx)
{
    *q = (struct ir_sequel){ .arena = a, .sink = sink, .ctx = ctx };
    ir_collector_init(&q->said, a);
}

static const struct ir_blocks *
blocks_of(const struct ir_sequel *q)
{
    static const struct ir_blocks none;
    return q->said.reply.choices.n ? &q->said.reply.choices.v[0].blocks : &none;
}

size_t
ir_sequel_text_bytes(const struct ir_sequel *q)
{
    const struct ir_blocks *l = blocks_of(q);
    size_t n = 0;
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind == IR_BLOCK_TEXT)
            n += l->v[i].text.text.n;
    return n;
}

bool
ir_sequel_can_go_on(const struct ir_sequel *q)
{
    const struct ir_blocks *l = blocks_of(q);
    if (q->finished || q->said.err || q->said.reply.choices.n > 1)
        return false;
    for (unsigned i = 0; i < l->n; i++) {
        bool is_open = q->open && i + 1 == l->n;
        enum ir_block_kind kind = l->v[i].kind;
        if (kind != IR_BLOCK_TEXT && (kind != IR_BLOCK_THINKING || is_open))
            return false;
    }
    return true;
}

static void
tell(struct ir_sequel *q, const struct ir_event *e)
{
    ir_collector_event(&q->said, e);
    q->begun |= e->kind == IR_EVENT_BEGIN;
    q->open = e->kind == IR_EVENT_OPEN || (q->open && e->kind != IR_EVENT_CLOSE);
    q->finished |= e->kind == IR_EVENT_FINISH;
    q->sink(q->ctx, e);
}

static void
close_last(struct ir_sequel *q)
{
    const struct ir_event e = { .kind = IR_EVENT_CLOSE, .index = blocks_of(q)->n - 1 };
    if (q->open)
        tell(q, &e);
}

/* --- a later one ---------------------------------------------------------------------------- */

static void
begin_again(struct ir_sequel *q)
{
    q->joined = false;
    q->part = IR_SEQUEL_HIDDEN;
}

static void
open_block(struct ir_sequel *q, const struct ir_event *e)
{
    struct ir_event own = *e;
    enum ir_block_kind kind = e->block->kind;
    if (kind == IR_BLOCK_THINKING || kind == IR_BLOCK_SEALED) {
        q->part = IR_SEQUEL_HIDDEN;
        return;
    }
    if (kind == IR_BLOCK_TEXT && q->open && !q->joined) {
        q->part = IR_SEQUEL_JOINS;
        q->joined = true;
        return;
    }
    close_last(q);
    q->part = IR_SEQUEL_OWN;
    own.index = blocks_of(q)->n;
    tell(q, &own);
}

/* What was said, but not shown, is not said again. */
static struct str
skip_tail(struct ir_sequel *q, struct str text)
{
    while (text.n && q->tail.n && *text.p == *q->tail.p) {
        text = str_skip(text, 1);
        q->tail = str_skip(q->tail, 1);
    }
    if (text.n)
        q->tail.n = 0;
    return text;
}

static void
join(struct ir_sequel *q, const struct ir_event *e)
{
    struct ir_block block = *e->block;
    struct ir_event own = *e;
    block.text.text = skip_tail(q, block.text.text);
    own.block = &block;
    own.index = blocks_of(q)->n - 1;
    if (ir_block_grows(&block))
        tell(q, &own);
}

static void
grow_block(struct ir_sequel *q, const struct ir_event *e)
{
    struct ir_event own = *e;
    own.index = blocks_of(q)->n - 1;
    if (q->part == IR_SEQUEL_OWN)
        tell(q, &own);
    else if (q->part == IR_SEQUEL_JOINS)
        join(q, &own);
}

static void
finish(struct ir_sequel *q, const struct ir_event *e)
{
    struct ir_event own = *e;
    struct ir_usage all = *e->usage;
    ir_usage_add(&all, &q->before);
    own.usage = &all;
    close_last(q);
    tell(q, &own);
}

static void
go_on(struct ir_sequel *q, const struct ir_event *e)
{
    if (e->choice > 0)
        return;
    switch (e->kind) {
    case IR_EVENT_BEGIN:
        begin_again(q);
        break;
    case IR_EVENT_OPEN:
        open_block(q, e);
        break;
    case IR_EVENT_GROW:
        grow_block(q, e);
        break;
    case IR_EVENT_CLOSE:
        if (q->part == IR_SEQUEL_OWN)
            close_last(q);
        break;
    case IR_EVENT_FINISH:
        finish(q, e);
        break;
    case IR_EVENT_END:
    case IR_EVENT_BEAT:
    case IR_EVENT_FAIL:
        q->sink(q->ctx, e);
        break;
    }
}

/* -------------------------------------------------------------------------------------------- */

void
ir_sequel_event(void *ctx, const struct ir_event *e)
{
    struct ir_sequel *q = ctx;
    if (q->breaks > 0 && q->begun)
        go_on(q, e);
    else if (e->kind == IR_EVENT_FAIL)
        q->sink(q->ctx, e);
    else
        tell(q, e);
}

static struct str
all_texts(const struct ir_reply *said, struct arena *a)
{
    struct str all = { NULL, 0 };
    for (unsigned i = 0; said->choices.n && i < said->choices.v[0].blocks.n; i++) {
        const struct ir_block *b = &said->choices.v[0].blocks.v[i];
        if (b->kind == IR_BLOCK_TEXT && !arena_append(a, &all, b->text.text))
            return (struct str){ NULL, 0 };
    }
    return all;
}

struct str
ir_said(const struct ir_reply *said, struct arena *a)
{
    return str_trim_end(all_texts(said, a));
}

void
ir_sequel_break(struct ir_sequel *q, const struct ir_usage *used)
{
    q->breaks++;
    begin_again(q);
    ir_usage_add(&q->before, used);
    const struct str all = all_texts(&q->said.reply, q->arena);
    q->tail = str_skip(all, str_trim_end(all).n);
}

void
ir_sequel_retell(const struct ir_sequel *q, ir_sink *sink, void *ctx)
{
    struct ir_reply head = q->said.reply;
    const struct ir_blocks *l = blocks_of(q);
    head.choices = (struct ir_choices){ 0 };
    head.usage.set = true;
    sink(ctx, &(struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &head });
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block first = ir_block_head(&l->v[i]), tail;
        struct ir_event e = { .kind = IR_EVENT_OPEN, .index = i, .block = &first };
        sink(ctx, &e);
        if (ir_block_tail(&l->v[i], &tail)) {
            e.kind = IR_EVENT_GROW;
            e.block = &tail;
            sink(ctx, &e);
        }
        e.kind = IR_EVENT_CLOSE;
        e.block = NULL;
        if (!q->open || i + 1 < l->n)
            sink(ctx, &e);
    }
}
