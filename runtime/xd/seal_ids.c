/* See seal_ids.h. */
#include "runtime/xd/seal_ids.h"

#include "runtime/base/base64.h"
#include "runtime/base/utf8.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/seal.h"

#define SIGN STR(".llmux.")

/* --- replies --- */

static void
add_entry(struct seal_ids *s, char kind, struct str text, struct str data)
{
    struct str head = arena_printf(s->arena, "%c%zu:%zu:", kind, text.n, data.n);
    s->full |= s->entries.n + head.n + text.n + data.n > SEAL_IDS_MAX;
    if (s->full)
        return;
    arena_append(s->arena, &s->entries, head);
    arena_append(s->arena, &s->entries, text);
    arena_append(s->arena, &s->entries, data);
}

static void
lengthen(struct seal_ids *s, struct str *to, struct str by)
{
    s->full |= to->n + by.n > SEAL_IDS_MAX;
    if (!s->full)
        arena_append(s->arena, to, by);
}

static void
end_thought(struct seal_ids *s)
{
    if (s->signature.n)
        add_entry(s, 't', s->text, s->signature);
    s->text = s->signature = (struct str){ NULL, 0 };
}

/* The id with all that was said since the last one. */
static struct str
take(struct seal_ids *s, struct str id)
{
    struct buf b;
    buf_init(&b, 2 * (size_t)SEAL_IDS_MAX);
    if (!s->full)
        base64_encode(&b, s->entries);
    struct str payload = arena_str(s->arena, buf_str(&b));
    buf_fini(&b);
    for (size_t i = 0; i < payload.n; i++) {
        char *c = (char *)(uintptr_t)&payload.p[i];
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    while (payload.n && payload.p[payload.n - 1] == '=')
        payload.n--;
    s->entries = (struct str){ NULL, 0 };
    s->full = false;
    return payload.n ? arena_printf(s->arena, "%.*s%.*s%.*s", STR_ARG(id), STR_ARG(SIGN),
                                    STR_ARG(payload))
                     : id;
}

const struct ir_event *
seal_ids_event(struct seal_ids *s, const struct ir_event *e, struct ir_event *own,
               struct ir_block *block)
{
    const struct ir_block *b = e->block;
    bool opens = e->kind == IR_EVENT_OPEN;
    if (e->choice > 0)
        return e;
    if (e->kind == IR_EVENT_CLOSE)
        end_thought(s);
    if ((opens || e->kind == IR_EVENT_GROW) && b->kind == IR_BLOCK_THINKING) {
        lengthen(s, &s->text, b->thinking.text);
        lengthen(s, &s->signature, b->thinking.signature);
    }
    if (opens && b->kind == IR_BLOCK_SEALED)
        add_entry(s, 's', STR(""), b->sealed.data);
    if (!opens || b->kind != IR_BLOCK_CALL)
        return e;
    *block = *b;
    block->call.id = take(s, b->call.id);
    *own = *e;
    own->block = block;
    return own;
}

void
seal_ids_reply(struct arena *a, struct ir_reply *m)
{
    struct seal_ids s = { .arena = a };
    for (unsigned i = 0; m->choices.n && i < m->choices.v[0].blocks.n; i++) {
        struct ir_block *b = &m->choices.v[0].blocks.v[i];
        if (b->kind == IR_BLOCK_THINKING && b->thinking.signature.n)
            add_entry(&s, 't', b->thinking.text, b->thinking.signature);
        if (b->kind == IR_BLOCK_SEALED)
            add_entry(&s, 's', STR(""), b->sealed.data);
        if (b->kind == IR_BLOCK_CALL)
            b->call.id = take(&s, b->call.id);
    }
}

/* --- requests --- */

/* A number and the colon behind it, taken off s; -1 when there is none. */
static int64_t
take_number(struct str *s)
{
    const char *colon = s->n ? memchr(s->p, ':', s->n) : NULL;
    struct ir_int n = { 0, false };
    if (!colon)
        return -1;
    struct str digits = str_make(s->p, (size_t)(colon - s->p));
    xd_seconds(digits, &n);
    *s = str_skip(*s, digits.n + 1);
    return n.set && n.v >= 0 && (size_t)n.v <= s->n ? n.v : -1;
}

/* An entry taken off s; false when it is none. */
static bool
take_entry(struct str *s, struct ir_block *b)
{
    char kind = s->n ? *s->p : 0;
    *s = str_skip(*s, s->n ? 1 : 0);
    int64_t text = take_number(s), data = take_number(s);
    if (text < 0 || data < 0 || (size_t)(text + data) > s->n)
        return false;
    struct str head = str_make(s->p, (size_t)text);
    *s = str_skip(*s, (size_t)text);
    struct str tail = str_make(s->p, (size_t)data);
    *s = str_skip(*s, (size_t)data);
    if (utf8_valid(head.p, head.n) != head.n || utf8_valid(tail.p, tail.n) != tail.n)
        return false; /* an id is the client's: what it holds need not be text */
    *b = (struct ir_block){ .kind = IR_BLOCK_THINKING, .thinking = { head, tail } };
    if (kind == 's')
        *b = (struct ir_block){ .kind = IR_BLOCK_SEALED, .sealed.data = tail };
    return kind == 's' || kind == 't';
}

static void
read_payload(struct arena *a, struct str payload, struct ir_blocks *thoughts)
{
    struct buf b;
    struct ir_block thought;
    buf_init(&b, 2 * (size_t)SEAL_IDS_MAX);
    struct str entries = base64_decode(&b, payload) ? arena_str(a, buf_str(&b))
                                                    : (struct str){ NULL, 0 };
    buf_fini(&b);
    while (entries.n && take_entry(&entries, &thought)) {
        struct ir_block *to = arena_push(a, (void **)&thoughts->v, &thoughts->n, &thoughts->cap,
                                         sizeof *to);
        if (to)
            *to = thought;
    }
}

struct str
seal_ids_split(struct arena *a, struct str id, struct ir_blocks *thoughts)
{
    const char *at = id.n ? memmem(id.p, id.n, SIGN.p, SIGN.n) : NULL;
    size_t n = at ? (size_t)(at - id.p) : id.n;
    if (at && thoughts)
        read_payload(a, str_skip(id, n + SIGN.n), thoughts);
    return str_make(id.p, n);
}

static struct str *
id_of(struct ir_block *b)
{
    if (b->kind == IR_BLOCK_CALL)
        return &b->call.id;
    return b->kind == IR_BLOCK_RESULT ? &b->result.call : NULL;
}

static bool
carries(const struct ir_turn *t)
{
    for (unsigned i = 0; i < t->blocks.n; i++) {
        const struct str *id = id_of(&t->blocks.v[i]);
        if (id && id->n && memmem(id->p, id->n, SIGN.p, SIGN.n))
            return true;
    }
    return false;
}

static void
push_all(struct xd *x, struct ir_blocks *to, const struct ir_blocks *from)
{
    for (unsigned i = 0; i < from->n; i++) {
        struct ir_block *b = XD_PUSH(x, to);
        if (b)
            *b = from->v[i];
    }
}

/* The turn's blocks with short ids, and behind the first call, what those of others carry in front of them; what the
 * first call carries is to stand in front of all.  Thinking goes if there is a better copy. */
static void
take_apart(struct xd *x, const struct ir_blocks *l, struct ir_blocks *front, struct ir_blocks *own)
{
    bool first = true;
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block b = l->v[i];
        struct str *id = id_of(&b);
        struct ir_blocks carried = { 0 };
        if (id)
            *id = seal_ids_split(x->arena, *id, b.kind == IR_BLOCK_CALL ? &carried : NULL);
        push_all(x, first ? front : own, &carried);
        first = first && b.kind != IR_BLOCK_CALL;
        push_all(x, own, &(struct ir_blocks){ .v = &b, .n = 1 });
    }
}

static bool
is_thought(const struct ir_block *b)
{
    return b->kind == IR_BLOCK_THINKING || b->kind == IR_BLOCK_SEALED;
}

static struct ir_blocks
open_turn(struct xd *x, const struct ir_blocks *l)
{
    struct ir_blocks all = { 0 }, kept = { 0 }, own = { 0 };
    for (unsigned i = 0; i < l->n; i++)
        if (!is_thought(&l->v[i]))
            push_all(x, &kept, &(struct ir_blocks){ .v = &l->v[i], .n = 1 });
    take_apart(x, &kept, &all, &own);
    bool found = all.n || own.n > kept.n;
    for (unsigned i = 0; !found && i < l->n; i++)
        if (is_thought(&l->v[i]))
            push_all(x, &all, &(struct ir_blocks){ .v = &l->v[i], .n = 1 });
    push_all(x, &all, &own);
    return all;
}

void
prepare_seal_ids(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < m->turns.n; i++)
        some |= carries(&m->turns.v[i]);
    for (unsigned i = 0; some && i < m->turns.n; i++) {
        struct ir_turn *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->turns.v[i];
        if (carries(t))
            t->blocks = open_turn(x, &t->blocks);
    }
    if (some)
        m->turns = own;
}
