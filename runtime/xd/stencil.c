/* Cutting stencils and trying them. */
#include "runtime/xd/stencil.h"

#include "runtime/base/utf8.h"
#include "runtime/json/text.h"
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

/* The one text that a block grows by, NULL when it grows by anything else or depends on what came
 * before, as the arguments of a call do. */
static struct str *
text_of(struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        return b->text.citations.n || b->cache.set ? NULL : &b->text.text;
    case IR_BLOCK_REFUSAL:
        return &b->refusal.text;
    case IR_BLOCK_THINKING:
        return b->thinking.signature.p ? NULL : &b->thinking.text;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_CALL:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return NULL;
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

static void
put_literals(struct xd_stencil *s, struct str data, const struct cuts *c)
{
    size_t at = 0;
    for (unsigned i = 0; i < c->n; i++) {
        s->holes[i] = c->v[i].hole;
        s->literals[i] = c->v[i].at - at;
        put(s, str_make(data.p + at, s->literals[i]));
        at = c->v[i].at + c->v[i].n;
    }
    s->literals[c->n] = data.n - at;
    put(s, str_skip(data, at));
}

static void
keep(struct xd_stencil *s, const struct frame *frame, struct str data, const struct cuts *c)
{
    struct str raw = frame->raw;
    uintptr_t at = (uintptr_t)data.p - (uintptr_t)raw.p;
    bool in_raw = raw.p && at < raw.n && data.n <= raw.n - at;
    buf_clear(&s->bytes);
    if (!buf_room(&s->bytes, frame->name.n + (in_raw ? raw.n : data.n)))
        return;
    s->name = put(s, frame->name);
    put_literals(s, data, c);
    s->before = s->after = (struct str){ NULL, 0 };
    if (in_raw) {
        s->before = put(s, str_make(raw.p, at));
        s->after = put(s, str_skip(raw, at + data.n));
    }
    s->n = c->n;
}

void
xd_stencil_learn(struct xd_stencil *s, const struct xd *x, const struct frame *frame,
                 struct str data)
{
    const struct xd_flow *f = x->flow;
    struct cuts cuts = { .n = 0 };
    s->n = 0;
    if (f->given != 1 || f->first.kind != IR_EVENT_GROW || f->counted || f->waiting)
        return;
    if (x->doc.src != data.p || frame->name.n + data.n + frame->raw.n > XD_STENCIL_BYTES)
        return;
    s->event = f->first;
    s->block = f->first_block;
    const struct str *text = text_of(&s->block);
    if (!text || !find_text(data, *text, &cuts))
        return;
    if (s->noisy)
        find_noise(x, &cuts);
    keep(s, frame, data, &cuts);
}

/* --- trying -------------------------------------------------------------------------------- */

static bool
take_text(struct xd_stencil *s, struct arena *a, struct str inner, bool escaped)
{
    struct str text = escaped ? wtf8_unescape(a, inner) : inner;
    if (text.n == 0 || !wtf8_is_clean(text, 0))
        return false;
    *text_of(&s->block) = text;
    return true;
}

/* What stands in a hole at the start of rest is taken from it. */
static bool
fill(struct xd_stencil *s, struct arena *a, enum xd_hole hole, struct str *rest)
{
    bool escaped = false;
    bool number = hole == XD_HOLE_NUMBER;
    size_t n = number ? count_digits(*rest) : json_string_length(*rest, &escaped);
    struct str inner = str_make(rest->p, n);
    *rest = str_skip(*rest, n);
    if (number)
        return n > 0;
    return utf8_valid(inner.p, n) == n && (hole != XD_HOLE_TEXT || take_text(s, a, inner, escaped));
}

/* The length of the document at the start of rest, if it fits; else 0. */
static size_t
match(struct xd_stencil *s, struct arena *a, struct str rest, struct ir_event *e)
{
    const char *p = s->bytes.p + s->name.n, *from = rest.p;
    for (unsigned i = 0;; i++) {
        size_t n = s->literals[i];
        if (rest.n < n || memcmp(rest.p, p, n) != 0)
            return 0;
        p += n;
        rest = str_skip(rest, n);
        if (i == s->n)
            break;
        if (!fill(s, a, s->holes[i], &rest))
            return 0;
    }
    *e = s->event;
    e->block = &s->block;
    return (size_t)(rest.p - from);
}

bool
xd_stencil_fits(struct xd_stencil *s, struct arena *a, struct str name, struct str data,
                struct ir_event *e)
{
    return s->n && str_eq(name, s->name) && data.n && match(s, a, data, e) == data.n;
}

size_t
xd_stencil_take(struct xd_stencil *s, struct arena *a, struct str stream, struct ir_event *e)
{
    if (s->n == 0 || s->after.n == 0 || !str_starts(stream, s->before))
        return 0;
    struct str rest = str_skip(stream, s->before.n);
    size_t n = match(s, a, rest, e);
    return n && str_starts(str_skip(rest, n), s->after) ? s->before.n + n + s->after.n : 0;
}
