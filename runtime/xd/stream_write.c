/* Streams out: events to frames. */
#include "runtime/xd/fault.h"
#include "runtime/xd/translate.h"

#define EACH_MAX (64u << 10) /* of what every chunk repeats */

void
xd_writer_init(struct xd_writer *w, const struct xd_dialect *d, enum xd_op_kind op,
               struct arena *keep, struct buf *out, enum xd_usage usage)
{
    w->patch = (struct xd_patch){ .want_usage = usage == XD_USAGE_WRITE };
    w->skips = false;
    w->skipped = 0;
    buf_init(&w->patch.each, EACH_MAX);
    xd_init(&w->x, d, op, keep, out);
    w->x.stream = true;
    if (w->x.op && !w->x.op->order && !w->x.op->items)
        w->x.patch = &w->patch;
    xd_template_init(&w->template);
    arena_init(&w->collected, XD_COLLECTED_MAX);
    ir_collector_init(&w->collector, &w->collected);
}

void
xd_writer_fini(struct xd_writer *w)
{
    xd_fini(&w->x);
    buf_fini(&w->patch.each);
    xd_template_fini(&w->template);
    arena_fini(&w->collected);
}

/* The event with what it closes: the block, the reply. */
static struct ir_event
collect(struct xd_writer *w, const struct ir_event *e)
{
    struct ir_event out = *e;
    struct ir_collector *c = &w->collector;
    ir_collector_event(c, e);
    if (c->err) {
        xd_fault(&w->x, c->err, 0, "the reply is larger than %u bytes", XD_COLLECTED_MAX);
        return out;
    }
    const struct ir_block *b = c->reply.choices.n && e->index < c->reply.choices.v[0].blocks.n
                                   ? &c->reply.choices.v[0].blocks.v[e->index]
                                   : NULL;
    w->x.made_of = c->reply.id;
    if (e->kind == IR_EVENT_OPEN)
        w->x.piece = 0;
    if (e->kind == IR_EVENT_CLOSE)
        out.block = b;
    if (e->kind == IR_EVENT_END || e->kind == IR_EVENT_FAIL)
        out.reply = &c->reply;
    return out;
}

/* What another family said beside the model: not every event has an object of its own that would name it. */
static void
lose_strange_rest(struct xd *x, const struct ir_event *e)
{
    const struct ir_rest *rest = e->kind == IR_EVENT_BEGIN  ? &e->reply->rest
                                 : e->kind == IR_EVENT_OPEN ? &e->block->rest
                                                            : NULL;
    if (rest && rest->n && strcmp(rest->v[0].shape->family, x->dialect->family) != 0)
        xd_lose_rest(x, rest);
}

/* Of typed events: those of a block that the dialect has no form for are left out, and the blocks
 * behind it move up. */
static void
write_typed(struct xd_writer *w, const struct ir_event *e)
{
    struct ir_event moved = *e;
    bool piece = e->kind == IR_EVENT_GROW || e->kind == IR_EVENT_CLOSE;
    if (w->skips && piece) {
        w->skips = e->kind != IR_EVENT_CLOSE;
        return;
    }
    if (piece || e->kind == IR_EVENT_OPEN)
        moved.index -= w->skipped;
    w->x.optional = e->kind == IR_EVENT_OPEN || e->kind == IR_EVENT_GROW;
    w->x.left_out = false;
    w->x.op->write_event(&w->x, &moved);
    w->x.optional = false;
    if (e->kind == IR_EVENT_OPEN && w->x.left_out) {
        w->skips = true;
        w->skipped++;
    }
}

/* Without a look at what it leads to. */
static void
render(void *ctx, const struct ir_event *e)
{
    struct xd_writer *w = ctx;
    if (w->x.op->order)
        write_typed(w, e);
    else
        w->x.op->write_event(&w->x, e);
}

/* A block grows by a text: copied where a template knows how. */
static void
write_text(struct xd_writer *w, const struct ir_event *e, struct str text)
{
    struct xd *x = &w->x;
    struct xd_template *t = &w->template;
    if (xd_template_fits(t, e)) {
        xd_template_write(t, x, text);
        return;
    }
    bool learns = xd_template_awaits(t, e);
    size_t at = x->out->n;
    render(w, e);
    if (learns && x->out->n > at) {
        struct str frame = str_make(x->out->p + at, x->out->n - at);
        xd_template_learn(t, x, e, frame, render, w);
    }
}

static void
write_other(struct xd_writer *w, const struct ir_event *e)
{
    struct xd *x = &w->x;
    xd_template_drop(&w->template);
    if (e->kind == IR_EVENT_OPEN) {
        x->opened[e->block->kind % (sizeof x->opened / sizeof *x->opened)]++;
        x->open_kind = (int)e->block->kind;
    }
    lose_strange_rest(x, e);
    if (x->err)
        return;
    render(w, e);
    if (e->kind == IR_EVENT_END || e->kind == IR_EVENT_FAIL)
        xd_frame_last(x);
}

void
xd_writer_event(void *ctx, const struct ir_event *e)
{
    struct xd_writer *w = ctx;
    struct xd *x = &w->x;
    bool whole = e->kind == IR_EVENT_BEGIN || e->kind == IR_EVENT_END || e->kind == IR_EVENT_BEAT
                 || e->kind == IR_EVENT_FAIL;
    if (x->err)
        return;
    if (!x->patch && !whole && e->choice > 0) {
        xd_lose(x, "candidates"); /* events of typed streams have no place for a second choice */
        return;
    }
    struct ir_event told = x->op->items ? collect(w, e) : *e;
    if (x->err)
        return;
    struct str text = xd_template_text(&told);
    if (text.n)
        write_text(w, &told, text);
    else
        write_other(w, &told);
    xd_check_out(x);
}

bool
xd_writer_run(struct xd_writer *w, const struct ir_event *e, const struct xd_piece *texts,
              unsigned n)
{
    struct xd *x = &w->x;
    if (x->err || x->op->items || !xd_template_fits(&w->template, e))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!texts[i].alike)
            return false;
    xd_template_copy(&w->template, x, texts, n);
    xd_check_out(x);
    return true;
}
