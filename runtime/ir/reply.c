/* Whole replies to events and back. */
#include "runtime/ir/reply.h"

static void
speak_block(const struct ir_block *b, unsigned choice, unsigned index, ir_sink *sink, void *ctx)
{
    struct ir_block head = ir_block_head(b), tail;
    bool grows = ir_block_tail(b, &tail);
    if (!grows && b->kind == IR_BLOCK_CALL) {
        tail.call.arguments = STR("{}");
        grows = true;
    }
    struct ir_event e = { .kind = IR_EVENT_OPEN, .choice = choice, .index = index, .block = &head };
    sink(ctx, &e);
    if (grows) {
        e.kind = IR_EVENT_GROW;
        e.block = &tail;
        sink(ctx, &e);
    }
    e.kind = IR_EVENT_CLOSE;
    e.block = NULL;
    sink(ctx, &e);
}

static void
speak_finish(const struct ir_reply *r, unsigned choice, ir_sink *sink, void *ctx)
{
    const struct ir_choice *c = choice < r->choices.n ? &r->choices.v[choice] : NULL;
    struct ir_usage usage = r->usage;
    usage.set = true;
    sink(ctx, &(struct ir_event){
                  .kind = IR_EVENT_FINISH,
                  .choice = choice,
                  .stop = ir_stop_settle(c ? c->stop : IR_STOP_UNSET, 0),
                  .stop_text = c ? c->stop_text : (struct str){ NULL, 0 },
                  .usage = &usage,
              });
}

void
ir_reply_speak(const struct ir_reply *r, ir_sink *sink, void *ctx)
{
    struct ir_reply head = *r;
    head.choices = (struct ir_choices){ 0 };
    head.usage.set = true;
    head.set = true;
    sink(ctx, &(struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &head });
    for (unsigned i = 0; i < r->choices.n; i++)
        for (unsigned k = 0; k < r->choices.v[i].blocks.n; k++)
            speak_block(&r->choices.v[i].blocks.v[k], i, k, sink, ctx);
    for (unsigned i = 0; i == 0 || i < r->choices.n; i++)
        speak_finish(r, i, sink, ctx);
    sink(ctx, &(struct ir_event){ .kind = IR_EVENT_END });
}

void
ir_collector_init(struct ir_collector *c, struct arena *a)
{
    *c = (struct ir_collector){ .arena = a, .reply.set = true };
}

static struct ir_choice *
get_choice(struct ir_collector *c, unsigned i)
{
    struct ir_choices *l = &c->reply.choices;
    while (i < IR_CHOICES_MAX && l->n <= i) {
        struct ir_choice *new = arena_push(c->arena, (void **)&l->v, &l->n, &l->cap, sizeof *new);
        if (!new)
            return NULL;
        *new = (struct ir_choice){ .set = true, .index = l->n - 1 };
    }
    return i < l->n ? &l->v[i] : NULL;
}

static void
take_usage(struct ir_collector *c, const struct ir_usage *u)
{
    if (!u)
        return;
    struct ir_usage copy = ir_usage_copy(c->arena, u);
    ir_usage_merge(&c->reply.usage, &copy);
}

static void
on_begin(struct ir_collector *c, const struct ir_reply *r)
{
    c->reply.id = arena_str(c->arena, r->id);
    c->reply.model = arena_str(c->arena, r->model);
    c->reply.tier = arena_str(c->arena, r->tier);
    take_usage(c, &r->usage);
}

static void
on_open(struct ir_collector *c, const struct ir_event *e)
{
    struct ir_choice *choice = get_choice(c, e->choice);
    struct ir_blocks *l = choice ? &choice->blocks : NULL;
    struct ir_block *b = l ? arena_push(c->arena, (void **)&l->v, &l->n, &l->cap, sizeof *b) : NULL;
    if (b)
        *b = ir_block_copy(c->arena, e->block);
}

static void
on_grow(struct ir_collector *c, const struct ir_event *e)
{
    struct ir_choice *choice = get_choice(c, e->choice);
    if (!choice || e->index >= choice->blocks.n)
        return;
    if (!ir_block_extend(c->arena, &choice->blocks.v[e->index], e->block))
        c->err = ERR_LIMIT;
}

static void
on_finish(struct ir_collector *c, const struct ir_event *e)
{
    struct ir_choice *choice = get_choice(c, e->choice);
    if (choice) {
        choice->stop = e->stop;
        choice->stop_text = arena_str(c->arena, e->stop_text);
    }
    take_usage(c, e->usage);
}

void
ir_collector_event(void *ctx, const struct ir_event *e)
{
    struct ir_collector *c = ctx;
    switch (e->kind) {
    case IR_EVENT_BEGIN:
        on_begin(c, e->reply);
        break;
    case IR_EVENT_OPEN:
        on_open(c, e);
        break;
    case IR_EVENT_GROW:
        on_grow(c, e);
        break;
    case IR_EVENT_FINISH:
        on_finish(c, e);
        break;
    case IR_EVENT_END:
        c->ended = true;
        break;
    case IR_EVENT_FAIL:
        c->failed = true;
        c->error = ir_error_copy(c->arena, e->error);
        break;
    case IR_EVENT_CLOSE:
    case IR_EVENT_BEAT:
        break;
    }
    if (c->arena->full)
        c->err = ERR_LIMIT;
}
