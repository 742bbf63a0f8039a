/* Writing a patch stream: what every chunk repeats, and what counts its calls. */
#include "runtime/ir/reply.h"
#include "runtime/xd/fault.h"

void
xd_patch_begin(struct xd *x, const struct ir_reply *reply,
               void (*each)(struct xd *, const struct ir_reply *))
{
    struct xd_patch *p = x->patch;
    struct buf *out = x->out;

    p->head.id = arena_str(x->arena, reply->id);
    p->head.model = arena_str(x->arena, reply->model);
    p->head.tier = arena_str(x->arena, reply->tier);
    buf_clear(&p->each);
    x->out = &p->each;
    jw_init(&x->w, &p->each);
    jw_object(&x->w);
    each(x, &p->head);
    x->out = out;
    jw_init(&x->w, out);
}

bool
xd_patch_first(struct xd *x, unsigned choice)
{
    struct xd_patch *p = x->patch;
    unsigned c = choice % XD_CHOICES_MAX;
    uint64_t bit = UINT64_C(1) << c % 64;

    if (p->begun[c / 64] & bit)
        return false;
    p->begun[c / 64] |= bit;
    p->last = c > p->last ? c : p->last;
    return true;
}

bool
xd_patch_last(const struct xd *x)
{
    return x->patch->choice % XD_CHOICES_MAX >= x->patch->last;
}

void
xd_patch_open(struct xd *x)
{
    struct str each = str_skip(buf_str(&x->patch->each), 1); /* without the brace */

    xd_frame_open(x, (struct str){ NULL, 0 });
    jw_object(&x->w);
    if (each.n) {
        buf_puts(x->out, each);
        jw_appended(&x->w);
    }
}

void
xd_patch_close(struct xd *x)
{
    jw_close(&x->w);
    xd_frame_close(x);
}

/* Of the event's choice.  Without memory it is the first one's, and the stream is faulty. */
static struct xd_patch_choice *
choice_of(struct xd *x)
{
    struct xd_patch *p = x->patch;
    unsigned choice = p->choice % XD_CHOICES_MAX;

    if (choice == 0)
        return &p->first;
    if (!p->others)
        p->others = arena_alloc(x->arena, (XD_CHOICES_MAX - 1) * sizeof *p->others);
    if (p->others)
        return &p->others[choice - 1];
    xd_full(x);
    return &p->first;
}

void
xd_patch_count(struct xd *x, int kind)
{
    struct xd_patch_choice *c = choice_of(x);

    c->kind = (unsigned char)kind;
    c->calls += kind == IR_BLOCK_CALL;
    c->thoughts += kind == IR_BLOCK_THINKING || kind == IR_BLOCK_SEALED;
}

unsigned
xd_patch_key(struct xd *x)
{
    const struct xd_patch_choice *c = choice_of(x);
    unsigned n = c->kind == IR_BLOCK_CALL ? c->calls : c->thoughts;

    return n ? n - 1 : 0;
}

/* --- calls as a whole --- */

struct xd_patch_call {
    unsigned choice;
    struct ir_block block; /* kind unset: none is open */
    struct xd_patch_call *next;
};

static struct xd_patch_call *
call_of(struct xd *x, unsigned choice)
{
    struct xd_patch_call *c = x->patch->gathered;

    while (c && c->choice != choice)
        c = c->next;
    if (c)
        return c;
    c = arena_alloc(x->arena, sizeof *c);
    if (!c) {
        xd_full(x);
        return NULL;
    }
    *c = (struct xd_patch_call){ .choice = choice, .next = x->patch->gathered };
    x->patch->gathered = c;
    return c;
}

static void
lengthen(struct xd *x, struct ir_block *call, const struct ir_block *frag)
{
    if (call->call.arguments.n + frag->call.arguments.n > XD_PATCH_CALL_BYTES)
        xd_fault(x, ERR_LIMIT, 0, "the arguments of a call have more than %u bytes",
                 XD_PATCH_CALL_BYTES);
    else if (!ir_block_grow(x->arena, call, frag))
        xd_full(x);
}

bool
xd_patch_gather(struct xd *x, const struct ir_event *e, struct ir_block *whole)
{
    struct xd_patch_call *c = call_of(x, e->choice);

    if (!c)
        return true;
    if (e->kind == IR_EVENT_OPEN && e->block->kind == IR_BLOCK_CALL) {
        c->block = ir_block_copy(x->arena, e->block);
        return true;
    }
    if (c->block.kind == IR_BLOCK_UNSET)
        return e->kind == IR_EVENT_CLOSE;
    if (e->kind == IR_EVENT_GROW)
        lengthen(x, &c->block, e->block);
    if (e->kind != IR_EVENT_CLOSE)
        return true;
    *whole = c->block;
    c->block.kind = IR_BLOCK_UNSET;
    return true;
}
