/* See seal.h. */
#include "runtime/xd/seal.h"

#include "runtime/xd/fault.h"

#define PREFIX STR("llmux:")

struct str
xd_seal_mark(struct arena *a, const char *family, struct str account)
{
    uint32_t hash =
        2166136261u; /* FNV-1a: an account is told from others, and not told to anybody */
    for (size_t i = 0; i < account.n; i++)
        hash = (hash ^ (unsigned char)account.p[i]) * 16777619u;
    return arena_printf(a, "llmux:%s:%08x:", family, hash);
}

bool
seal_is_marked(struct str s)
{
    return str_starts(s, PREFIX);
}

struct str
seal_mark(struct str s)
{
    size_t end = PREFIX.n;
    if (!seal_is_marked(s))
        return (struct str){ NULL, 0 };
    for (unsigned colons = 0; colons < 2 && end < s.n; end++)
        colons += s.p[end] == ':';
    return str_make(s.p, end);
}

struct str
seal_put(struct xd *x, enum seal_place place, unsigned ordinal, struct str data)
{
    struct str s = arena_printf(x->arena, "%.*s%c%u:%.*s", STR_ARG(x->seal), (char)place, ordinal,
                                STR_ARG(data));
    if (!s.p)
        xd_full(x);
    return s;
}

struct str
seal_stamp(struct xd *x, struct str data)
{
    struct str *note = XD_PUSH(x, &x->sealed);
    if (note)
        *note = data;
    return seal_put(x, SEAL_THINKING, 0, data);
}

/* --- replies --- */

/* What of a block only its maker reads; NULL when there is none. */
static struct str *
seal_of(struct ir_block *b)
{
    struct str *s = b->kind == IR_BLOCK_THINKING ? &b->thinking.signature
                    : b->kind == IR_BLOCK_SEALED ? &b->sealed.data
                    : b->kind == IR_BLOCK_TEXT   ? &b->text.signature
                    : b->kind == IR_BLOCK_CALL   ? &b->call.signature
                                                 : NULL;
    return s && s->n ? s : NULL;
}

static void
stamp_blocks(struct xd *x, struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct str *s = seal_of(&l->v[i]);
        if (s)
            *s = seal_stamp(x, *s);
    }
}

static struct ir_block *
push(struct xd *x, struct ir_blocks *l, const struct ir_block *b)
{
    struct ir_block *to = XD_PUSH(x, l);
    if (to)
        *to = *b;
    return to;
}

static void
push_seal(struct xd *x, struct ir_blocks *l, struct str seal)
{
    push(x, l, &(struct ir_block){ .kind = IR_BLOCK_THINKING, .thinking = { STR(""), seal } });
}

static struct ir_blocks
seal_blocks(struct xd *x, const struct ir_blocks *l)
{
    struct ir_blocks own = { 0 };
    unsigned texts = 0, calls = 0;
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_block *b = &l->v[i];
        if (b->kind == IR_BLOCK_CALL && b->call.signature.n)
            push_seal(x, &own, seal_put(x, SEAL_CALL, calls, b->call.signature));
        bool bare = b->kind == IR_BLOCK_TEXT && b->text.text.n == 0 && b->text.signature.n;
        if (bare) { /* no text but a seal */
            push_seal(x, &own, seal_put(x, SEAL_TEXT, texts, b->text.signature));
            continue;
        }
        struct ir_block *to = push(x, &own, b);
        if (!to)
            return *l;
        if (b->kind == IR_BLOCK_THINKING && b->thinking.signature.n)
            to->thinking.signature = seal_put(x, SEAL_THINKING, 0, b->thinking.signature);
        if (b->kind == IR_BLOCK_SEALED)
            to->sealed.data = seal_put(x, SEAL_THINKING, 0, b->sealed.data);
        if (b->kind == IR_BLOCK_TEXT && b->text.signature.n)
            push_seal(x, &own, seal_put(x, SEAL_TEXT, texts, b->text.signature));
        calls += b->kind == IR_BLOCK_CALL;
        texts += b->kind == IR_BLOCK_TEXT;
    }
    return own;
}

void
seal_reply(struct xd *x, struct ir_reply *m)
{
    for (unsigned i = 0; x->seal.p && i < m->choices.n; i++)
        if (x->seal_in_place)
            stamp_blocks(x, &m->choices.v[i].blocks);
        else
            m->choices.v[i].blocks = seal_blocks(x, &m->choices.v[i].blocks);
}

/* --- requests --- */

/* A seal as it comes from a client. */
struct seal {
    bool marked, ours;
    enum seal_place place;
    unsigned ordinal;
    struct str data;
};
struct seals {
    struct seal *v;
    unsigned n, cap;
};

/* What one turn's blocks are put together with. */
struct opener {
    struct xd *x;
    bool kindred; /* the client speaks the target's language: what has no mark is the target's */
    struct ir_blocks own;
    struct seals apart; /* of texts and calls */
};

static struct seal
split(const struct xd *x, struct str s)
{
    struct seal seal = { .data = s };
    seal.marked = str_starts(s, PREFIX);
    seal.ours = seal.marked && str_starts(s, x->seal);
    if (!seal.ours)
        return seal;
    s = str_skip(s, x->seal.n);
    const char *colon = s.n > 1 ? memchr(s.p, ':', s.n) : NULL;
    struct ir_int ordinal = { 0, false };
    if (colon)
        xd_seconds(str_make(s.p + 1, (size_t)(colon - s.p) - 1), &ordinal);
    seal.ours = ordinal.set && ordinal.v < UINT16_MAX;
    if (!seal.ours)
        return seal;
    seal.place = (enum seal_place) * s.p;
    seal.ordinal = (unsigned)ordinal.v;
    seal.data = str_skip(s, (size_t)(colon - s.p) + 1);
    return seal;
}

/* May the target have it?  The marks that go are noted, as that may be all that changes. */
static bool
keeps(struct opener *o, struct str whole, const struct seal *s)
{
    bool kept = s->marked ? s->ours : o->kindred;
    struct str *mark = kept && s->marked && o->kindred ? XD_PUSH(o->x, &o->x->sealed) : NULL;
    if (mark)
        *mark = str_make(whole.p, whole.n - s->data.n);
    return kept;
}

static void
open_thinking(struct opener *o, const struct ir_block *b)
{
    struct seal s = split(o->x, b->thinking.signature);
    bool kept = keeps(o, b->thinking.signature, &s);
    bool apart = kept && s.ours && s.place != SEAL_THINKING;
    if (apart) {
        struct seal *to = XD_PUSH(o->x, &o->apart);
        if (to)
            *to = s;
    }
    if (!kept)
        xd_lose(o->x, "thinking.signature");
    if (b->thinking.text.n == 0 && (apart || !kept))
        return;
    struct ir_block *to = push(o->x, &o->own, b);
    if (to)
        to->thinking.signature = kept && !apart ? s.data : (struct str){ NULL, 0 };
    if (to && !kept)
        to->rest = (struct ir_rest){ 0 }; /* such as an id that its maker finds it by */
}

/* What stands at a text or a call is the target's only if the client speaks its language. */
static void
open_at(struct opener *o, struct str *signature)
{
    if (!signature->n)
        return;
    struct seal s = split(o->x, *signature);
    bool kept = o->kindred && keeps(o, *signature, &s);
    if (o->kindred && !kept)
        xd_lose(o->x, "thinking.signature");
    *signature = kept ? s.data : (struct str){ NULL, 0 };
}

static void
open_block(struct opener *o, const struct ir_block *b)
{
    struct ir_block own = *b;
    if (b->kind == IR_BLOCK_THINKING && b->thinking.signature.n) {
        open_thinking(o, b);
        return;
    }
    if (b->kind == IR_BLOCK_SEALED) {
        struct seal s = split(o->x, b->sealed.data);
        own.sealed.data = s.data;
        if (!keeps(o, b->sealed.data, &s)) {
            xd_lose(o->x, "blocks.sealed");
            return;
        }
    }
    if (b->kind == IR_BLOCK_CALL)
        open_at(o, &own.call.signature);
    if (b->kind == IR_BLOCK_TEXT)
        open_at(o, &own.text.signature);
    push(o->x, &o->own, &own);
}

/* The text or call that a seal is of; where texts were joined, the last one. */
static void
put_in_place(struct opener *o, const struct seal *s)
{
    enum ir_block_kind kind = s->place == SEAL_CALL ? IR_BLOCK_CALL : IR_BLOCK_TEXT;
    struct ir_block *last = NULL;
    unsigned n = 0;
    for (unsigned i = 0; i < o->own.n && n <= s->ordinal; i++)
        if (o->own.v[i].kind == kind) {
            last = &o->own.v[i];
            n++;
        }
    if (last && kind == IR_BLOCK_TEXT)
        last->text.signature = s->data;
    else if (last && n == s->ordinal + 1)
        last->call.signature = s->data;
    else if (kind == IR_BLOCK_TEXT)
        push(o->x, &o->own,
             &(struct ir_block){ .kind = kind, .text = { .text = STR(""), .signature = s->data } });
    else
        xd_lose(o->x, "thinking.signature");
}

static bool
has_seals(const struct ir_turn *t)
{
    for (unsigned i = 0; i < t->blocks.n; i++)
        if (seal_of(&t->blocks.v[i]))
            return true;
    return false;
}

/* Is there anything to do?  A client of the target's own family may have nothing that is marked. */
static bool
is_needed(const struct ir_request *m, bool kindred)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++) {
            const struct str *s = seal_of(&m->turns.v[i].blocks.v[k]);
            if (s && (!kindred || seal_is_marked(*s)))
                return true;
        }
    return false;
}

void
prepare_seals(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    bool kindred = x->seal.p && str_is(m->family, x->dialect->family);
    if (!x->seal.p || !is_needed(m, kindred))
        return;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct opener o = { .x = x, .kindred = kindred };
        struct ir_turn t = m->turns.v[i];
        if (has_seals(&t)) {
            for (unsigned k = 0; k < t.blocks.n; k++)
                open_block(&o, &t.blocks.v[k]);
            for (unsigned k = 0; k < o.apart.n; k++)
                put_in_place(&o, &o.apart.v[k]);
            t.blocks = o.own;
            if (o.own.n == 0)
                continue; /* it said nothing else */
        }
        struct ir_turn *to = XD_PUSH(x, &own);
        if (to)
            *to = t;
    }
    m->turns = own;
}
