/* The grammar of a reply's events, by hand: an oracle for tests and debug builds. */
#include <stdio.h>

#include "runtime/ir/reply.h"

static void
offend(struct ir_grammar *g, const struct ir_event *e, const char *why)
{
    if (!g->bad)
        snprintf(g->why, sizeof g->why, "%s (choice %u, index %u)", why, e->choice, e->index);
    g->bad = true;
}

static bool
is_over(const struct ir_grammar *g)
{
    return g->state == IR_GRAMMAR_ENDED || g->state == IR_GRAMMAR_FAILED;
}

static void
on_block(struct ir_grammar *g, const struct ir_event *e)
{
    if (g->state != IR_GRAMMAR_BEGUN || e->choice >= IR_CHOICES_MAX) {
        offend(g, e, "a block outside of the reply");
        return;
    }
    bool open = g->choice[e->choice].open != IR_BLOCK_UNSET;
    g->choice[e->choice].seen = true;
    if (g->finished)
        offend(g, e, "a block behind a finish");
    else if (open == (e->kind == IR_EVENT_OPEN))
        offend(g, e, open ? "open while a block is open" : "no block is open");
    else if (e->index != g->choice[e->choice].index)
        offend(g, e, "wrong index");
    else if (e->kind != IR_EVENT_CLOSE && (!e->block || e->block->kind == IR_BLOCK_UNSET))
        offend(g, e, "no block");
    else if (e->kind == IR_EVENT_GROW && e->block->kind != g->choice[e->choice].open)
        offend(g, e, "growth of another kind");
    else if (e->kind == IR_EVENT_OPEN)
        g->choice[e->choice].open = e->block->kind;
    else if (e->kind == IR_EVENT_CLOSE) {
        g->choice[e->choice].open = IR_BLOCK_UNSET;
        g->choice[e->choice].index++;
    }
}

static void
on_finish(struct ir_grammar *g, const struct ir_event *e)
{
    if (g->state != IR_GRAMMAR_BEGUN || e->choice >= IR_CHOICES_MAX)
        offend(g, e, "finish outside of the reply");
    else if (g->choice[e->choice].open || g->choice[e->choice].finished)
        offend(g, e, "finish of an open or finished choice");
    else if (e->stop == IR_STOP_UNSET || !e->usage)
        offend(g, e, "finish without a reason or usage");
    else {
        g->choice[e->choice].seen = g->choice[e->choice].finished = true;
        g->finished++;
    }
}

static void
on_end(struct ir_grammar *g, const struct ir_event *e)
{
    if (g->state != IR_GRAMMAR_BEGUN || !g->finished)
        offend(g, e, "end without begin and finish");
    for (unsigned i = 0; i < IR_CHOICES_MAX; i++)
        if (g->choice[i].seen && !g->choice[i].finished)
            offend(g, e, "end with an unfinished choice");
    g->state = IR_GRAMMAR_ENDED;
}

void
ir_grammar_event(void *ctx, const struct ir_event *e)
{
    struct ir_grammar *g = ctx;
    if (is_over(g)) {
        offend(g, e, "an event behind the end");
        return;
    }
    switch (e->kind) {
    case IR_EVENT_BEGIN:
        if (g->state != IR_GRAMMAR_START || !e->reply || e->reply->choices.n)
            offend(g, e, "begin in the middle, or with choices");
        g->state = IR_GRAMMAR_BEGUN;
        break;
    case IR_EVENT_OPEN:
    case IR_EVENT_GROW:
    case IR_EVENT_CLOSE:
        on_block(g, e);
        break;
    case IR_EVENT_FINISH:
        on_finish(g, e);
        break;
    case IR_EVENT_END:
        on_end(g, e);
        break;
    case IR_EVENT_BEAT:
        break;
    case IR_EVENT_FAIL:
        if (!e->error)
            offend(g, e, "fail without an error");
        g->state = IR_GRAMMAR_FAILED;
        break;
    }
}

bool
ir_grammar_ok(const struct ir_grammar *g)
{
    return is_over(g) && !g->bad;
}
