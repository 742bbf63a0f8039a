/* Cutting stencils and trying them. */
#include "runtime/xd/stencil.h"

#include "runtime/base/utf8.h"
#include "runtime/json/quoted.h"
#include "runtime/json/text.h"
#include "runtime/ir/reply.h"
#include "runtime/xd/flow.h"
#include "runtime/xd/wtf8.h"

void
xd_stencil_init(struct xd_stencil *s)
{
    *s = (struct xd_stencil){ .n = 0 };
    buf_init(&s->bytes, 2 * (size_t)XD_STENCIL_BYTES);
}

void
xd_stencil_fini(struct xd_stencil *s)
{
    buf_fini(&s->bytes);
}

/* --- learning ------------------------------------------------------------------------------ */

struct cut {
    enum xd_hole hole;
    size_t at, n; /* in the frame's data */
};

struct cuts {
    struct cut v[XD_STENCIL_HOLES];
    unsigned n;
};

/* In the order of the frame. */
static void
add_cut(struct cuts *c, struct cut cut)
{
    unsigned i = c->n++;
    for (; i > 0 && c->v[i - 1].at > cut.at; i--)
        c->v[i] = c->v[i - 1];
    c->v[i] = cut;
}

/* Does the text stand in the frame as the inside of a string? */
static bool
find_text(struct str data, struct str text, struct cuts *c)
{
    uintptr_t at = (uintptr_t)text.p - (uintptr_t)data.p;
    if (text.n == 0 || at == 0 || at >= data.n || text.n >= data.n - at)
        return false;
    if (data.p[at - 1] != '"' || data.p[at + text.n] != '"')
        return false;
    add_cut(c, (struct cut){ XD_HOLE_TEXT, at, text.n });
    return true;
}

/* The length of the number at the start of s that has digits only; 0: it is none. */
static size_t
count_digits(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n > 1 && s.p[0] == '0' ? 0 : n;
}

static void
find_noise(const struct xd *x, struct cuts *c)
{
    for (unsigned i = 0; i < x->n_noise; i++) {
        const struct json_node *node = &x->doc.nodes[x->noise[i]];
        struct str value = json_inner(&x->doc, x->noise[i]);
        if (json_text_is(&x->doc, x->noise[i] - 1, x->op->error_member))
            continue; /* this one is looked at */
        if (node->kind == JSON_STRING)
            add_cut(c, (struct cut){ XD_HOLE_STRING, node->at, node->n });
        else if (node->kind == JSON_NUMBER && count_digits(value) == value.n)
            add_cut(c, (struct cut){ XD_HOLE_NUMBER, node->at, node->n });
    }
}

/* Append s to the bytes; the result stays where it is, for there is room. */
static struct str
put(struct xd_stencil *s, struct str bytes)
{
    size_t at = s->bytes.n;
    buf_puts(&s->bytes, bytes);
    return str_make(s->bytes.p + at, bytes.n);
}

/* Two that stand one behind the other, as one. */
static struct str
put_both(struct xd_stencil *s, struct str first, struct str second)
{
    struct str all = put(s, first);
    return str_make(all.p, first.n + put(s, second).n);
}

/* The frame, cut at its holes: in front of the first, between them, behind the last. */
static void
put_literals(struct xd_stencil *s, struct str before, struct str data, struct str after,
             const struct cuts *c)
{
    size_t at = c->v[0].at + c->v[0].n;
    s->front = put_both(s, before, str_make(data.p, c->v[0].at));
    s->holes[0] = c->v[0].hole;
    for (unsigned i = 1; i < c->n; i++) {
        s->holes[i] = c->v[i].hole;
        s->literals[i] = put(s, str_make(data.p + at, c->v[i].at - at));
        at = c->v[i].at + c->v[i].n;
    }
    s->back = put_both(s, str_skip(data, at), after);
}

static void
keep(struct xd_stencil *s, const struct frame *frame, struct str data, const struct cuts *c)
{
    struct str raw = frame->raw, before = { NULL, 0 }, after = { NULL, 0 };
    uintptr_t at = (uintptr_t)data.p - (uintptr_t)raw.p;
    s->in_stream = raw.p && at < raw.n && data.n <= raw.n - at;
    if (s->in_stream) {
        before = str_make(raw.p, at);
        after = str_skip(raw, at + data.n);
    }
    s->before = before.n;
    s->after = after.n;
    buf_clear(&s->bytes);
    if (!buf_room(&s->bytes, frame->name.n + before.n + data.n + after.n))
        return;
    s->name = put(s, frame->name);
    put_literals(s, before, data, after, c);
    s->n = c->n;
}

void
xd_stencil_learn(struct xd_stencil *s, const struct xd *x, const struct frame *frame,
                 struct str data)
{
    const struct xd_flow *f = x->flow;
    struct cuts cuts = { .n = 0 };
    s->n = 0;
    if (f->given != 1 || f->grown.kind != IR_EVENT_GROW || f->counted || f->waiting)
        return;
    if (x->doc.src != data.p || frame->name.n + data.n + frame->raw.n > XD_STENCIL_BYTES)
        return;
    s->event = f->grown;
    s->block = f->grown_block;
    s->event.block = &s->block;
    const struct str *text = ir_block_text(&s->block);
    if (!text || !find_text(data, *text, &cuts))
        return;
    if (s->noisy)
        find_noise(x, &cuts);
    keep(s, frame, data, &cuts);
}

/* --- trying -------------------------------------------------------------------------------- */

/* Does json_escape write the escapes of inner as they stand there?  inner may be cut off anywhere. */
static bool
is_spelled_alike(struct str inner)
{
    const char *p = inner.p, *end = p + inner.n;
    while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        if (end - p < 2 || p[1] == 'u' || p[1] == '/')
            return false;
        p += 2;
    }
    return true;
}

/* May an event have the text that is written so, with something odd in it? */
static bool
take_odd(struct arena *a, struct str inner, unsigned has, struct xd_piece *piece)
{
    piece->escaped = has & QUOTED_ESCAPES;
    piece->alike = is_spelled_alike(inner);
    if (has & QUOTED_HIGH && utf8_valid(inner.p, inner.n) < inner.n)
        return false;
    if (!(has & QUOTED_HALVES))
        return true;
    struct str text = wtf8_unescape(a, inner);
    return text.n && wtf8_is_clean(text, 0);
}

/* What stands in the text's hole is taken from rest. */
static inline bool
take_text(struct arena *a, struct str *rest, struct xd_piece *piece)
{
    unsigned has;
    size_t n = quoted_length(*rest, &has);
    *piece = (struct xd_piece){ str_make(rest->p, n), false, true };
    *rest = str_make(rest->p + n, rest->n - n);
    return n > 0 && (!has || take_odd(a, piece->inner, has, piece));
}

static bool
take_noise(enum xd_hole hole, struct str *rest)
{
    unsigned has = 0;
    size_t n = hole == XD_HOLE_NUMBER ? count_digits(*rest) : quoted_length(*rest, &has);
    struct str s = str_make(rest->p, n);
    *rest = str_skip(*rest, n);
    if (hole == XD_HOLE_NUMBER)
        return n > 0;
    return !(has & QUOTED_HIGH) || utf8_valid(s.p, n) == n;
}

static inline bool
take(struct str *s, struct str prefix)
{
    if (!str_starts(*s, prefix))
        return false;
    *s = str_make(s->p + prefix.n, s->n - prefix.n);
    return true;
}

static inline bool
take_hole(struct arena *a, enum xd_hole hole, struct str *rest, struct xd_piece *piece)
{
    return hole == XD_HOLE_TEXT ? take_text(a, rest, piece) : take_noise(hole, rest);
}

/* The length of what fits at the start of rest, between these two; else 0. */
static inline size_t
match(const struct xd_stencil *s, struct arena *a, struct str rest, struct str front,
      struct str back, struct xd_piece *piece)
{
    const char *from = rest.p;
    if (!take(&rest, front) || !take_hole(a, s->holes[0], &rest, piece))
        return 0;
    for (unsigned i = 1; i < s->n; i++)
        if (!take(&rest, s->literals[i]) || !take_hole(a, s->holes[i], &rest, piece))
            return 0;
    return take(&rest, back) ? (size_t)(rest.p - from) : 0;
}

bool
xd_stencil_fits(const struct xd_stencil *s, struct arena *a, struct str name, struct str data,
                struct xd_piece *piece)
{
    if (s->n == 0 || data.n == 0 || !str_eq(name, s->name))
        return false;
    struct str front = str_skip(s->front, s->before);
    struct str back = str_make(s->back.p, s->back.n - s->after);
    return match(s, a, data, front, back, piece) == data.n;
}

size_t
xd_stencil_run(const struct xd_stencil *s, struct arena *a, struct str stream, struct xd_run *run)
{
    struct xd_piece piece;
    size_t end = 0;
    run->n = 0;
    run->bytes = 0;
    if (s->n == 0 || !s->in_stream)
        return 0;
    while (!run->v || run->n < run->room) {
        struct str rest = str_skip(stream, end);
        size_t feed = end && stream.p[end - 1] == '\r' && rest.n && *rest.p == '\n';
        size_t n = match(s, a, str_skip(rest, feed), s->front, s->back, &piece);
        if (n == 0)
            break;
        end += feed + n;
        if (run->v)
            run->v[run->n] = piece;
        run->n++;
        run->bytes += piece.escaped ? json_unescaped_length(piece.inner) : piece.inner.n;
    }
    return end;
}

const struct ir_event *
xd_stencil_event(struct xd_stencil *s, struct arena *a, const struct xd_piece *piece)
{
    *ir_block_text(&s->block) = piece->escaped ? wtf8_unescape(a, piece->inner) : piece->inner;
    return &s->event;
}
