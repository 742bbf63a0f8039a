/* Any dialect's stream becomes a word of the model's grammar: the head once, each choice's
 * blocks one behind the other, why they stopped and the usage at the end. */
#include "runtime/xd/flow.h"

#include <stdio.h>

#include "runtime/base/utf8.h"
#include "runtime/ir/reply.h"
#include "runtime/xd/error.h"
#include "runtime/xd/fault.h"

void
xd_flow_init(struct xd_flow *f, xd_sink *sink, void *ctx)
{
    *f = (struct xd_flow){ .sink = sink, .ctx = ctx };
    arena_init(&f->park, 4 * FLOW_PARKED_BYTES); /* texts grow by doubling */
}

void
xd_flow_fini(struct xd_flow *f)
{
    arena_fini(&f->park);
}

struct str
xd_flow_keep(struct xd *x, struct str s)
{
    struct str kept = s.n ? arena_str(x->keep, utf8_cut(s, FLOW_STRING_BYTES)) : s;
    if (s.n == 0)
        return (struct str){ NULL, 0 };
    if (!kept.p)
        xd_full(x);
    return kept;
}

/* --- head and events --- */

static void
give(struct xd_flow *f, const struct ir_event *e)
{
    bool opened = f->given == 1 && f->grown.kind == IR_EVENT_OPEN && e->kind == IR_EVENT_GROW
                  && e->choice == f->grown.choice && e->index == f->grown.index;
    f->given += !opened;
    if (f->given == 1) {
        f->grown = *e;
        if (e->block)
            f->grown_block = *e->block;
    }
    xd_flow_repeat(f, e);
}

void
xd_flow_repeat(struct xd_flow *f, const struct ir_event *e)
{
    f->said = true;
    const struct str *spoken = e->kind == IR_EVENT_GROW ? ir_block_spoken(e->block) : NULL;
    f->text_bytes += spoken ? spoken->n : 0;
    f->sink(f->ctx, e);
}

static void
give_begin(struct xd_flow *f, const struct ir_rest *rest)
{
    struct ir_reply head = f->head;
    head.set = true;
    head.usage.set = true;
    ir_usage_clamp(&head.usage);
    if (rest)
        head.rest = *rest;
    f->state = FLOW_BEGUN;
    give(f, &(struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &head });
}

void
xd_flow_emit(struct xd *x, const struct ir_event *e)
{
    struct xd_flow *f = x->flow;
    if (f->state == FLOW_SILENT)
        give_begin(f, NULL);
    give(f, e);
}

/* The first that says something counts: some peers send an empty head before the real one. */
static void
keep_first(struct xd *x, struct str *to, struct str s)
{
    if (to->n == 0 && s.n)
        *to = xd_flow_keep(x, s);
}

/* What of the reply itself already stands in its head. */
static void
take_choices(struct xd *x, const struct ir_choices *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_choice *c = &l->v[i];
        for (unsigned k = 0; k < c->blocks.n; k++) {
            if (ir_block_is_empty(&c->blocks.v[k]))
                continue;
            xd_flow_open(x, i, k, &c->blocks.v[k]);
            xd_flow_close(x, i, k);
        }
        xd_flow_stop(x, i, c->stop, c->stop_text);
    }
}

void
xd_flow_begin(struct xd *x, const struct ir_reply *r)
{
    struct xd_flow *f = x->flow;
    if (x->err || xd_flow_over(f))
        return;
    if (r->usage.set)
        xd_flow_usage(x, &r->usage);
    if (f->state != FLOW_SILENT) {
        if (r->tier.n && !str_eq(r->tier, f->head.tier))
            xd_lose(x, "reply.tier"); /* the head is said */
        return;
    }
    keep_first(x, &f->head.id, r->id);
    keep_first(x, &f->head.model, r->model);
    keep_first(x, &f->head.tier, r->tier);
    if (!x->err && f->head.id.n && f->head.model.n)
        give_begin(f, &r->rest);
    take_choices(x, &r->choices);
}

void
xd_flow_usage(struct xd *x, const struct ir_usage *u)
{
    struct xd_flow *f = x->flow;
    if (x->err || xd_flow_over(f))
        return;
    f->counted = true;
    ir_usage_merge(&f->head.usage, u);
    xd_lose_rest(x, &u->rest);
    f->head.usage.rest = (struct ir_rest){ 0 }; /* it points into the frame */
}

void
xd_flow_beat(struct xd *x)
{
    if (!x->err && !xd_flow_over(x->flow))
        give(x->flow, &(struct ir_event){ .kind = IR_EVENT_BEAT });
}

/* --- choices --- */

struct flow_track *
xd_flow_track(struct xd *x, unsigned choice)
{
    struct xd_flow *f = x->flow;
    if (x->err || xd_flow_over(f))
        return NULL;
    if (choice >= XD_CHOICES_MAX) {
        xd_fault(x, ERR_LIMIT, 0, "choice %u: there may be at most %u", choice, XD_CHOICES_MAX);
        return NULL;
    }
    while (f->ntracks <= choice)
        if (!arena_push(x->keep, (void **)&f->tracks, &f->ntracks, &f->tracks_cap,
                        sizeof *f->tracks))
            goto full;
    if (!f->tracks[choice]) {
        struct flow_track *t = arena_alloc(x->keep, sizeof *t);
        if (!t)
            goto full;
        t->choice = choice;
        f->tracks[choice] = t;
    }
    return f->tracks[choice];
full:
    xd_full(x);
    return NULL;
}

/* A reason that says something wins over one that says little; of two that do, the first. */
static bool
is_better(enum ir_stop new, enum ir_stop old)
{
    if (new == IR_STOP_UNSET || new == old)
        return false;
    if (old == IR_STOP_UNSET)
        return true;
    bool old_vague = old == IR_STOP_END || old == IR_STOP_OTHER;
    bool new_vague = new == IR_STOP_END || new == IR_STOP_OTHER;
    return old_vague && !new_vague;
}

void
xd_flow_stop(struct xd *x, unsigned choice, enum ir_stop stop, struct str stop_text)
{
    struct flow_track *t = stop == IR_STOP_UNSET ? NULL : xd_flow_track(x, choice);
    if (!t)
        return;
    if (is_better(stop, t->stop)) {
        t->stop = stop;
        x->flow->said = true;
    }
    keep_first(x, &t->stop_text, stop_text);
    if (x->op->slot_bytes && t->stop_text.n > x->op->slot_bytes)
        xd_fault(x, ERR_LIMIT, 0, "more than %u bytes are to be kept until the end",
                 x->op->slot_bytes);
}

/* --- blocks with boundaries --- */

void
xd_flow_open(struct xd *x, unsigned choice, unsigned key, const struct ir_block *b)
{
    struct flow_track *t = b->kind == IR_BLOCK_UNSET ? NULL : xd_flow_track(x, choice);
    if (!t)
        return;
    struct flow_lane *old = flow_lane_find(t, key);
    if (old)
        flow_lane_close(x, t, old);
    xd_flow_open_key(x, t, key, b);
}

void
xd_flow_open_key(struct xd *x, struct flow_track *t, int64_t key, const struct ir_block *b)
{
    struct flow_lane *l = flow_lane_make(x, key, FLOW_BOUNDED, b);
    if (l)
        flow_lane_start(x, t, l, b);
}

static bool
says_nothing(const struct ir_block *frag)
{
    return frag->kind != IR_BLOCK_CALL && ir_block_is_empty(frag);
}

void
xd_flow_grow(struct xd *x, unsigned choice, unsigned key, const struct ir_block *frag)
{
    struct flow_track *t = frag->kind == IR_BLOCK_UNSET ? NULL : xd_flow_track(x, choice);
    if (!t)
        return;
    struct flow_lane *l = flow_lane_find(t, key);
    if (l && l->block.kind == frag->kind)
        flow_lane_grow(x, t, l, frag);
    else if (!l && says_nothing(frag))
        return; /* nobody opened it, and there is nothing to open it for */
    else if (frag->kind == IR_BLOCK_FOREIGN || (l && l->block.kind == IR_BLOCK_FOREIGN))
        xd_lose(x, "blocks.foreign");
    else
        xd_flow_open(x, choice, key, frag);
}

void
xd_flow_close(struct xd *x, unsigned choice, unsigned key)
{
    struct flow_track *t = xd_flow_track(x, choice);
    struct flow_lane *l = t ? flow_lane_find(t, key) : NULL;
    if (l)
        flow_lane_close(x, t, l);
}

enum ir_block_kind
xd_flow_open_kind(struct xd *x, unsigned choice, unsigned key)
{
    const struct flow_track *t = xd_flow_track(x, choice);
    const struct flow_lane *l = t ? flow_lane_find(t, key) : NULL;
    return l ? l->block.kind : IR_BLOCK_UNSET;
}

/* --- the end --- */

static void
give_finish(struct xd *x, struct flow_track *t)
{
    struct ir_usage *u = &x->flow->head.usage;
    xd_flow_emit(x, &(struct ir_event){
                        .kind = IR_EVENT_FINISH,
                        .choice = t->choice,
                        .stop = ir_stop_settle(t->stop, t->kinds),
                        .stop_text = t->stop_text,
                        .usage = u,
                    });
}

static void
finish_all(struct xd *x)
{
    struct xd_flow *f = x->flow;
    ir_usage_clamp(&f->head.usage);
    f->head.usage.set = true;
    for (unsigned i = 0; i < f->ntracks; i++)
        if (f->tracks[i])
            flow_drain(x, f->tracks[i]);
    for (unsigned i = 0; i < f->ntracks && !x->err; i++)
        if (f->tracks[i])
            give_finish(x, f->tracks[i]);
    if (x->err)
        return;
    f->state = FLOW_ENDED;
    give(f, &(struct ir_event){ .kind = IR_EVENT_END });
}

/* Has any choice said something, or why it stopped? */
static bool
has_substance(const struct xd_flow *f)
{
    for (unsigned i = 0; i < f->ntracks; i++) {
        const struct flow_track *t = f->tracks[i];
        if (t && (t->stop != IR_STOP_UNSET || t->index || t->waiting.first))
            return true;
    }
    return false;
}

bool
xd_flow_stopped(const struct xd_flow *f)
{
    for (unsigned i = 0; i < f->ntracks; i++)
        if (f->tracks[i] && f->tracks[i]->stop == IR_STOP_UNSET)
            return false;
    return f->ntracks > 0;
}

void
xd_flow_end(struct xd *x)
{
    if (x->err || xd_flow_over(x->flow))
        return;
    if (has_substance(x->flow))
        finish_all(x);
    else
        xd_fault(x, ERR_TRUNCATED, 0, "the stream ended without content and without a reason");
}

/* Peers that said why they stopped have said all; judged strictly, the last event must have
 * come. */
static bool
may_end(const struct xd *x)
{
    const struct xd_order *o = x->op->order;
    return x->mode == XD_LENIENT || !o || o->accept[x->flow->order];
}

void
xd_flow_eof(struct xd *x)
{
    if (x->err || xd_flow_over(x->flow))
        return;
    if (xd_flow_stopped(x->flow) && may_end(x))
        finish_all(x);
    else
        xd_fault(x, ERR_TRUNCATED, 0, "the stream was cut off before its end");
}

static void
give_fail(struct xd_flow *f, const struct ir_error *e)
{
    f->state = FLOW_FAILED;
    give(f, &(struct ir_event){ .kind = IR_EVENT_FAIL, .error = e });
}

void
xd_flow_fail(struct xd *x, const struct ir_error *e)
{
    struct ir_error whole = *e;
    bool mute = e->kind == IR_FAULT_UNSET && e->message.n == 0 && e->code.n == 0;
    if (x->err || xd_flow_over(x->flow) || (mute && !xd_error_is_in(x)))
        return; /* mute: "error": {} beside a reply */
    xd_error_settle(x, XD_BODY_JSON, 0, &whole);
    xd_flow_fail_whole(x, &whole, ERR_REMOTE);
}

void
xd_flow_fail_whole(struct xd *x, const struct ir_error *e, enum err err)
{
    if (xd_flow_over(x->flow))
        return;
    give_fail(x->flow, e);
    xd_fault(x, err, 0, "%.*s", STR_ARG(e->message));
}

void
xd_flow_fault(struct xd *x, enum ir_fault kind)
{
    struct ir_error e;
    if (xd_flow_over(x->flow))
        return;
    xd_error_of_fault(&x->fault, kind, x->arena, &e);
    give_fail(x->flow, &e);
}

/* --- the order of a typed stream --- */

static void
fault_order(struct xd *x, const struct xd_order *o, unsigned event)
{
    char want[FAULT_TEXT / 2] = "";
    size_t n = 0;
    for (unsigned i = 0; i < o->events; i++) {
        if (o->next[x->flow->order * o->events + i] == XD_ORDER_BAD)
            continue;
        size_t room = sizeof want - n;
        int more = snprintf(want + n, room, "%s\"%s\"", n ? ", " : "", o->event_names[i]);
        if (more < 0 || (size_t)more >= room)
            break;
        n += (size_t)more;
    }
    xd_fault(x, ERR_PROTOCOL, 0, "event \"%s\" is out of order, expected one of %s",
             o->event_names[event], want);
}

bool
xd_flow_order(struct xd *x, unsigned event)
{
    const struct xd_order *o = x->op->order;
    if (x->err || xd_flow_over(x->flow))
        return false;
    if (!o || event >= o->events)
        return true;
    unsigned next = o->next[x->flow->order * o->events + event];
    if (next == XD_ORDER_BAD)
        fault_order(x, o, event);
    if (next == XD_ORDER_BAD || next == XD_ORDER_SKIP)
        return false;
    x->flow->order = next;
    return true;
}
