/* Making templates and filling them in. */
#include "runtime/xd/template.h"

#include "runtime/base/digits.h"
#include "runtime/ir/reply.h"
#include "runtime/json/text.h"

/* What stands for a text, with bytes that are escaped, and for the number of a frame. */
#define MARK       STR("the \"text\"\n\\of the event")
#define COUNT_MARK UINT64_C(8170605040302010)

void
xd_template_init(struct xd_template *t)
{
    *t = (struct xd_template){ .state = XD_TEMPLATE_NONE };
    buf_init(&t->bytes, XD_TEMPLATE_BYTES);
}

void
xd_template_fini(struct xd_template *t)
{
    buf_fini(&t->bytes);
}

struct str
xd_template_text(const struct ir_event *e)
{
    struct str none = { NULL, 0 };
    if (e->kind != IR_EVENT_GROW)
        return none;
    struct ir_block b = *e->block;
    const struct str *text = ir_block_text(&b);
    return text && text->n ? *text : none;
}

static bool
is_alike(const struct xd_template *t, const struct ir_event *e)
{
    return t->kind == e->block->kind && t->choice == e->choice && t->index == e->index;
}

bool
xd_template_fits(const struct xd_template *t, const struct ir_event *e)
{
    return t->state == XD_TEMPLATE_READY && is_alike(t, e);
}

bool
xd_template_awaits(struct xd_template *t, const struct ir_event *e)
{
    if (t->state != XD_TEMPLATE_NONE && is_alike(t, e))
        return t->state == XD_TEMPLATE_BEGUN;
    t->state = XD_TEMPLATE_BEGUN;
    t->kind = e->block->kind;
    t->choice = e->choice;
    t->index = e->index;
    return false;
}

/* --- filling in ---------------------------------------------------------------------------- */

/* Some of the literals, one behind the other, with the next number between two. */
static void
put_side(const struct xd_template *t, struct xd *x, unsigned from, unsigned to)
{
    char room[DIGITS_ROOM];
    for (unsigned i = from; i < to; i++) {
        if (i > from)
            buf_puts(x->out, digits_of(room, x->count++, 1));
        buf_puts(x->out, t->literals[i]);
    }
}

/* The literals in front of the text. */
static unsigned
in_front(const struct xd_template *t)
{
    return t->counts[0] ? 2 : 1;
}

void
xd_template_write(const struct xd_template *t, struct xd *x, struct str text)
{
    put_side(t, x, 0, in_front(t));
    json_escape(x->out, text);
    put_side(t, x, in_front(t), t->n + 1);
}

static char *
copy(char *to, struct str s)
{
    memcpy(to, s.p, s.n);
    return to + s.n;
}

void
xd_template_copy(const struct xd_template *t, struct xd *x, const struct xd_piece *texts,
                 unsigned n)
{
    size_t room = n * (t->bytes.n + DIGITS_ROOM);
    for (unsigned i = 0; i < n; i++)
        room += texts[i].inner.n;
    char *begin = buf_room(x->out, room), *to = begin, digits[DIGITS_ROOM];
    if (!to)
        return;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < t->n; k++) {
            to = copy(to, t->literals[k]);
            if (t->counts[k])
                to = copy(to, digits_of(digits, x->count++, 1));
            else
                to = copy(to, texts[i].inner);
        }
        to = copy(to, t->literals[t->n]);
    }
    x->out->n += (size_t)(to - begin);
}

/* --- learning ------------------------------------------------------------------------------ */

/* Whatever could make the next frame another one than the last. */
struct footing {
    unsigned char patch[sizeof(struct xd_patch)];
    uint64_t more[6];
};

static void
stand(struct footing *f, const struct xd *x)
{
    *f = (struct footing){ .more = { x->made, x->items, x->piece, x->lost.n, x->lost.more,
                                     x->framed } };
    if (x->patch)
        memcpy(f->patch, x->patch, sizeof f->patch);
}

/* Where the mark stands in s, which must be one place; s.n: there is none, or there are several. */
static size_t
find_mark(struct str s, struct str mark)
{
    const char *at = s.n ? memmem(s.p, s.n, mark.p, mark.n) : NULL;
    if (!at)
        return s.n;
    struct str rest = str_skip(s, (size_t)(at - s.p) + 1);
    return memmem(rest.p, rest.n, mark.p, mark.n) ? s.n : (size_t)(at - s.p);
}

struct mark {
    struct str text;
    size_t at;
    bool counts;
};

/* Cut the frame with marks, which are in their order. */
static void
cut(struct xd_template *t, const struct mark *marks, unsigned n)
{
    struct str all = buf_str(&t->bytes);
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        t->literals[i] = str_make(all.p + at, marks[i].at - at);
        t->counts[i] = marks[i].counts;
        at = marks[i].at + marks[i].text.n;
    }
    t->literals[n] = str_skip(all, at);
    t->n = n;
}

/* Find the marks in the frame. */
static bool
find_marks(struct xd_template *t, bool counted)
{
    char digits[DIGITS_ROOM];
    struct buf mark;
    struct str all = buf_str(&t->bytes);
    buf_init(&mark, 2 * MARK.n);
    json_escape(&mark, MARK);
    struct mark marks[XD_TEMPLATE_HOLES] = {
        { buf_str(&mark), 0, false },
        { digits_of(digits, COUNT_MARK, 1), 0, true },
    };
    unsigned n = counted ? 2 : 1;
    bool found = true;
    for (unsigned i = 0; i < n; i++) {
        marks[i].at = find_mark(all, marks[i].text);
        found = found && marks[i].at < all.n;
    }
    if (n == 2 && marks[1].at < marks[0].at) {
        struct mark first = marks[1];
        marks[1] = marks[0];
        marks[0] = first;
    }
    if (found)
        cut(t, marks, n);
    buf_fini(&mark);
    return found;
}

/* Write e with marks into the template's bytes; false when the writer is another one behind it. */
static bool
write_marks(struct xd_template *t, struct xd *x, const struct ir_event *e, bool *counted,
            void (*render)(void *ctx, const struct ir_event *e), void *ctx)
{
    struct footing before, after;
    struct ir_block b = *e->block;
    struct ir_event marked = *e;
    struct buf *out = x->out;
    uint64_t count = x->count;
    *ir_block_text(&b) = MARK;
    marked.block = &b;
    buf_clear(&t->bytes);
    stand(&before, x);
    x->out = &t->bytes;
    x->count = COUNT_MARK;
    render(ctx, &marked);
    uint64_t more = x->count - COUNT_MARK;
    x->count = count;
    x->out = out;
    stand(&after, x);
    *counted = more == 1;
    return more <= 1 && !t->bytes.err && memcmp(&before, &after, sizeof before) == 0;
}

/* Does the template make the frame, behind which it was learnt? */
static bool
makes(const struct xd_template *t, struct xd *x, struct str text, struct str frame, bool counted)
{
    struct buf again, *out = x->out;
    buf_init(&again, 2 * frame.n);
    x->out = &again;
    x->count -= counted;
    xd_template_write(t, x, text);
    x->out = out;
    bool same = !again.err && str_eq(buf_str(&again), frame);
    buf_fini(&again);
    return same;
}

void
xd_template_learn(struct xd_template *t, struct xd *x, const struct ir_event *e, struct str frame,
                  void (*render)(void *ctx, const struct ir_event *e), void *ctx)
{
    struct str text = xd_template_text(e);
    bool counted;
    t->state = XD_TEMPLATE_VAIN;
    if (x->err || x->out->err || x->framing == FRAMING_EVENTSTREAM || x->op->wrap_member.n)
        return; /* what these put around a document depends on all of it */
    if (frame.n == 0 || frame.n > XD_TEMPLATE_BYTES / 2 || str_eq(text, MARK))
        return;
    if (write_marks(t, x, e, &counted, render, ctx) && !x->err && find_marks(t, counted)
        && makes(t, x, text, frame, counted))
        t->state = XD_TEMPLATE_READY;
}
