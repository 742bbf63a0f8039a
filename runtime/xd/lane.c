/* Blocks on their way: one of a choice is open at a time, the others wait until it closes. */
#include "runtime/base/utf8.h"
#include "runtime/ir/reply.h"
#include "runtime/xd/call_id.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/flow.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/wtf8.h"

/* --- lists of lanes --- */

static void
append(struct flow_lanes *list, struct flow_lane *l)
{
    l->next = NULL;
    if (list->last)
        list->last->next = l;
    else
        list->first = l;
    list->last = l;
    list->n++;
}

static void
take_out(struct flow_lanes *list, struct flow_lane *l)
{
    struct flow_lane *before = NULL;
    for (struct flow_lane *i = list->first; i != l; i = i->next)
        before = i;
    if (before)
        before->next = l->next;
    else
        list->first = l->next;
    if (list->last == l)
        list->last = before;
    list->n--;
}

struct flow_lane *
flow_lane_find(const struct flow_track *t, int64_t key)
{
    if (t->live && t->live->key == key)
        return t->live;
    for (struct flow_lane *l = t->waiting.first; l; l = l->next)
        if (l->key == key)
            return l;
    return NULL;
}

struct flow_lane *
flow_lane_make(struct xd *x, int64_t key, enum flow_style style, const struct ir_block *frag)
{
    struct xd_flow *f = x->flow;
    struct flow_lane *l = f->free;
    if (l)
        f->free = l->next;
    else
        l = arena_alloc(x->keep, sizeof *l);
    if (!l) {
        xd_full(x);
        return NULL;
    }
    *l = (struct flow_lane){ .key = key, .style = style, .block.kind = frag->kind };
    if (frag->kind == IR_BLOCK_CALL) {
        l->id = xd_flow_keep(x, frag->call.id);
        l->name = xd_flow_keep(x, frag->call.name);
    }
    return l;
}

static void
release(struct xd_flow *f, struct flow_lane *l)
{
    l->next = f->free;
    f->free = l;
}

/* A closed call is remembered for a while: late fragments must not open it again. */
static void
retire(struct xd_flow *f, struct flow_track *t, struct flow_lane *l)
{
    if (l->style == FLOW_BOUNDED || l->block.kind != IR_BLOCK_CALL) {
        release(f, l);
        return;
    }
    l->place = FLOW_DONE;
    l->closed = true;
    append(&t->done, l);
    if (t->done.n <= FLOW_DONE_LANES)
        return;
    struct flow_lane *oldest = t->done.first;
    take_out(&t->done, oldest);
    if (t->last == oldest)
        t->last = NULL;
    release(f, oldest);
}

/* --- fragments --- */

/* The texts of a block that may be cut inside of a surrogate pair. */
static unsigned
texts_of(struct ir_block *b, struct str *v[2])
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        v[0] = &b->text.text;
        return 1;
    case IR_BLOCK_REFUSAL:
        v[0] = &b->refusal.text;
        return 1;
    case IR_BLOCK_THINKING:
        v[0] = &b->thinking.text;
        v[1] = &b->thinking.signature;
        return 2;
    case IR_BLOCK_SEALED:
        v[0] = &b->sealed.data;
        return 1;
    case IR_BLOCK_AUDIO:
        v[0] = &b->audio.transcript;
        v[1] = &b->audio.source.bytes.data;
        return b->audio.source.kind == IR_SOURCE_BYTES ? 2 : 1;
    case IR_BLOCK_DOCUMENT:
        v[0] = &b->document.context;
        return 1;
    case IR_BLOCK_CALL:
        v[0] = &b->call.arguments;
        return 1;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return 0;
}

static void
join_halves(struct xd *x, struct flow_lane *l, struct ir_block *b)
{
    struct str *v[2];
    unsigned n = texts_of(b, v);
    for (unsigned i = 0; i < n; i++) {
        if (!v[i]->p || wtf8_is_clean(*v[i], l->half[i]))
            continue;
        struct str clean = wtf8_join(x->arena, *v[i], &l->half[i]);
        if (!clean.p)
            xd_full(x);
        *v[i] = clean.n ? clean : (struct str){ NULL, 0 };
    }
}

/* Kinds that lengthen by some of their fields; fragments of the others are taken as they are. */
static bool
grows_by_tail(enum ir_block_kind kind)
{
    return kind == IR_BLOCK_TEXT || kind == IR_BLOCK_REFUSAL || kind == IR_BLOCK_THINKING
           || kind == IR_BLOCK_CALL;
}

static void
emit_block(struct xd *x, const struct flow_track *t, const struct flow_lane *l,
           enum ir_event_kind kind, const struct ir_block *b)
{
    xd_flow_emit(x, &(struct ir_event){
                        .kind = kind,
                        .choice = t->choice,
                        .index = l->index,
                        .block = b,
                    });
}

/* A thinking block that is nothing but a seal. */
static void
say_seal(struct xd *x, struct flow_track *t, struct str text)
{
    const struct flow_lane l = { .index = t->index++ };
    struct ir_block b = { .kind = IR_BLOCK_THINKING, .thinking.text = STR("") };
    emit_block(x, t, &l, IR_EVENT_OPEN, &b);
    b.thinking.text = (struct str){ NULL, 0 };
    b.thinking.signature = text;
    emit_block(x, t, &l, IR_EVENT_GROW, &b);
    emit_block(x, t, &l, IR_EVENT_CLOSE, NULL);
}

/* Mark the seals in what a block grows by: the first piece of a signature; a text's stands behind it. */
static void
seal(struct xd *x, const struct flow_track *t, struct flow_lane *l, struct ir_block *b)
{
    if (b->kind == IR_BLOCK_THINKING && b->thinking.signature.n && !l->has_signature
        && !seal_is_marked(b->thinking.signature))
        b->thinking.signature = x->seal_in_place
                                    ? seal_stamp(x, b->thinking.signature)
                                    : seal_put(x, SEAL_THINKING, 0, b->thinking.signature);
    if (b->kind != IR_BLOCK_TEXT || !b->text.signature.n)
        return;
    if (x->seal_in_place) {
        b->text.signature = seal_stamp(x, b->text.signature);
        return;
    }
    l->seal = arena_str(x->keep, seal_put(x, SEAL_TEXT, t->texts - 1, b->text.signature));
    b->text.signature = (struct str){ NULL, 0 };
}

/* Mark the seal that a block has from the start; that of a call stands before it. */
static void
seal_head(struct xd *x, struct flow_track *t, struct ir_block *head)
{
    struct str *data = head->kind == IR_BLOCK_CALL     ? &head->call.signature
                       : head->kind == IR_BLOCK_SEALED ? &head->sealed.data
                                                       : NULL;
    if (!data || !data->n)
        return;
    if (x->seal_in_place)
        *data = seal_stamp(x, *data);
    else if (head->kind == IR_BLOCK_SEALED)
        *data = seal_put(x, SEAL_THINKING, 0, *data);
    else
        say_seal(x, t, seal_put(x, SEAL_CALL, t->calls, *data));
}

/* Let clean growth of a live lane pass: a tail, if the kind has one. */
static void
say(struct xd *x, const struct flow_track *t, struct flow_lane *l, struct ir_block *b)
{
    if (b->kind == IR_BLOCK_CALL)
        b->call.arguments = xd_arguments_take(&l->arguments, x->arena, b->call.arguments);
    if (x->seal.p)
        seal(x, t, l, b);
    if (b->kind == IR_BLOCK_THINKING && b->thinking.signature.n)
        l->has_signature = true;
    if (!grows_by_tail(b->kind) || ir_block_grows(b))
        emit_block(x, t, l, IR_EVENT_GROW, b);
}

static void
open_live(struct xd *x, struct flow_track *t, struct flow_lane *l, const struct ir_block *b)
{
    char id[XD_CALL_ID_BYTES];
    struct ir_block head = ir_block_head(b), tail;
    bool grows = ir_block_tail(b, &tail);
    if (x->seal.p)
        seal_head(x, t, &head);
    l->place = FLOW_LIVE;
    l->index = t->index++;
    t->live = l;
    t->kinds |= 1u << b->kind;
    t->texts += b->kind == IR_BLOCK_TEXT;
    if (b->kind == IR_BLOCK_CALL) {
        xd_call_id(id, x->flow->head.id, x->now, t->choice, t->calls++);
        head.call.id = l->id.n ? l->id : str_make(id, sizeof id);
        head.call.name = l->name.p ? l->name : STR("");
        grows = grows && !xd_arguments_blank(b->call.arguments);
    }
    emit_block(x, t, l, IR_EVENT_OPEN, &head);
    if (grows)
        say(x, t, l, &tail);
}

/* What is still unsaid when a block closes: halves that stayed alone, arguments that were none. */
static void
say_remains(struct xd *x, const struct flow_track *t, struct flow_lane *l)
{
    struct ir_block b = { .kind = l->block.kind };
    struct str *v[2];
    bool some = false;
    if (b.kind == IR_BLOCK_AUDIO)
        b.audio.source.kind = l->half[1] ? IR_SOURCE_BYTES : IR_SOURCE_UNSET;
    unsigned n = texts_of(&b, v);
    for (unsigned i = 0; i < n; i++) {
        if (!l->half[i])
            continue;
        *v[i] = STR(UTF8_REPLACEMENT);
        l->half[i] = 0;
        some = true;
    }
    if (some)
        say(x, t, l, &b);
    if (b.kind != IR_BLOCK_CALL)
        return;
    b.call.arguments = xd_arguments_end(&l->arguments);
    if (b.call.arguments.n)
        emit_block(x, t, l, IR_EVENT_GROW, &b);
}

static void
close_live(struct xd *x, struct flow_track *t)
{
    struct flow_lane *l = t->live;
    say_remains(x, t, l);
    emit_block(x, t, l, IR_EVENT_CLOSE, NULL);
    if (l->seal.n)
        say_seal(x, t, l->seal);
    t->live = NULL;
    retire(x->flow, t, l);
}

/* --- waiting --- */

static size_t
weigh(struct ir_block *b)
{
    struct str *v[2];
    size_t n = 0;
    for (unsigned i = texts_of(b, v); i > 0; i--)
        n += v[i - 1]->n;
    return n;
}

/* Put clean growth to what waits. */
static void
park(struct xd *x, struct flow_lane *l, struct ir_block *b)
{
    struct xd_flow *f = x->flow;
    bool first = l->place == FLOW_FRESH;
    size_t n = weigh(b) + (first ? sizeof *b : 0);
    l->parked += n;
    f->parked += n;
    if (first)
        l->block = ir_block_copy(&f->park, b);
    else
        (void)ir_block_extend(&f->park, &l->block, b);
    if (!first && b->kind == IR_BLOCK_FOREIGN)
        xd_lose(x, "blocks.foreign");
    if (f->parked > FLOW_PARKED_BYTES || f->waiting > FLOW_PARKED_LANES || f->park.full)
        xd_fault(x, ERR_LIMIT, 0, "more than %u interleaved blocks or %u bytes of them",
                 FLOW_PARKED_LANES, FLOW_PARKED_BYTES);
}

static void
put_off(struct xd *x, struct flow_track *t, struct flow_lane *l, const struct ir_block *frag)
{
    struct ir_block b = *frag;
    if (b.kind == IR_BLOCK_CALL && xd_arguments_blank(b.call.arguments))
        b.call.arguments = STR("");
    x->flow->waiting++;
    join_halves(x, l, &b);
    park(x, l, &b);
    l->place = FLOW_WAITING;
    append(&t->waiting, l);
}

/* A call cannot open before its name is known. */
static bool
is_ready(const struct flow_lane *l)
{
    return l->style == FLOW_BOUNDED || l->block.kind != IR_BLOCK_CALL || l->name.n;
}

static bool
can_yield(const struct flow_lane *l)
{
    if (l->closed)
        return true;
    if (l->style != FLOW_PATCHED || l->block.kind != IR_BLOCK_CALL)
        return l->style == FLOW_PATCHED;
    return l->arguments.begun ? l->arguments.complete : l->no_arguments;
}

/* Open a waiting lane with all that came for it. */
static void
promote(struct xd *x, struct flow_track *t, struct flow_lane *l)
{
    struct xd_flow *f = x->flow;
    take_out(&t->waiting, l);
    f->waiting--;
    f->parked -= l->parked;
    l->parked = 0;
    struct ir_block b = l->block;
    open_live(x, t, l, &b);
    l->block = (struct ir_block){ .kind = b.kind };
    if (f->waiting == 0)
        arena_reset(&f->park);
}

static struct flow_lane *
first_ready(const struct flow_track *t)
{
    struct flow_lane *l = t->waiting.first;
    while (l && !is_ready(l))
        l = l->next;
    return l;
}

void
flow_advance(struct xd *x, struct flow_track *t)
{
    for (struct flow_lane *l; !x->err && (l = first_ready(t)) != NULL;) {
        if (t->live && !can_yield(t->live))
            return;
        if (t->live)
            close_live(x, t);
        promote(x, t, l);
        if (l->closed)
            close_live(x, t);
    }
}

/* A call that never said anything about itself. */
static bool
is_nothing(const struct flow_lane *l)
{
    return !is_ready(l) && l->id.n == 0 && xd_arguments_blank(l->block.call.arguments);
}

void
flow_drain(struct xd *x, struct flow_track *t)
{
    while (!x->err && (t->live || t->waiting.first)) {
        struct flow_lane *l = t->waiting.first;
        if (t->live)
            close_live(x, t);
        else if (is_nothing(l))
            take_out(&t->waiting, l);
        else
            promote(x, t, l);
    }
}

/* Remember which growing fields have said something. */
static void
note_said(struct flow_lane *l, const struct ir_block *frag)
{
    const struct str *spoken = ir_block_spoken(frag);
    bool text = spoken && spoken->n;
    bool more = (frag->kind == IR_BLOCK_TEXT && frag->text.citations.n)
                || (frag->kind == IR_BLOCK_THINKING && frag->thinking.signature.n);
    l->said |= (text ? FLOW_SAID_TEXT : 0) | (more ? FLOW_SAID_MORE : 0);
}

void
flow_lane_start(struct xd *x, struct flow_track *t, struct flow_lane *l,
                const struct ir_block *frag)
{
    note_said(l, frag);
    l->no_arguments = frag->kind == IR_BLOCK_CALL && str_is(str_trim(frag->call.arguments), "{}");
    bool at_once = !t->waiting.first && is_ready(l) && (!t->live || can_yield(t->live));
    if (!at_once) {
        put_off(x, t, l, frag);
        flow_advance(x, t);
        return;
    }
    struct ir_block b = *frag;
    join_halves(x, l, &b);
    if (t->live)
        close_live(x, t);
    if (x->err)
        return;
    open_live(x, t, l, &b);
    if (l->closed)
        close_live(x, t);
}

void
flow_lane_grow(struct xd *x, struct flow_track *t, struct flow_lane *l, const struct ir_block *frag)
{
    struct ir_block b;
    note_said(l, frag);
    if (!grows_by_tail(frag->kind))
        b = *frag;
    else if (!ir_block_tail(frag, &b))
        return;
    join_halves(x, l, &b);
    if (x->err)
        return;
    if (l->place == FLOW_LIVE)
        say(x, t, l, &b);
    else
        park(x, l, &b);
}

void
flow_lane_close(struct xd *x, struct flow_track *t, struct flow_lane *l)
{
    l->closed = true;
    if (l == t->live)
        close_live(x, t);
    flow_advance(x, t);
}
