/* Cutting stencils and trying them. */
#include "runtime/xd/stencil.h"

#include "runtime/base/utf8.h"
#include "runtime/json/odd.h"
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

/* The frame, cut at its holes: between them, behind the last, and in front of the first.  What is
 * behind a frame stands before what is in front of the next one, as it does in the stream. */
static void
put_literals(struct xd_stencil *s, struct str before, struct str data, struct str after,
             const struct cuts *c)
{
    size_t at = c->v[0].at + c->v[0].n;
    s->holes[0] = c->v[0].hole;
    for (unsigned i = 1; i < c->n; i++) {
        s->holes[i] = c->v[i].hole;
        s->literals[i] = put(s, str_make(data.p + at, c->v[i].at - at));
        at = c->v[i].at + c->v[i].n;
    }
    s->back = put_both(s, str_skip(data, at), after);
    if (str_ends(after, STR("\r")))
        put(s, STR("\n"));
    s->front = put_both(s, before, str_make(data.p, c->v[0].at));
    s->between = str_make(s->back.p, (size_t)(s->front.p + s->front.n - s->back.p));
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
    if (!buf_room(&s->bytes, frame->name.n + before.n + data.n + after.n + 1))
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

/* --- trying many ----------------------------------------------------------------------------- */

static inline bool
has_room(const struct xd_run *run)
{
    return !run->v || run->n < run->room;
}

static inline void
add(struct xd_run *run, const struct xd_piece *piece, size_t bytes)
{
    if (run->v)
        run->v[run->n] = *piece;
    run->n++;
    run->bytes += bytes;
}

#ifdef __SSE2__
#define WIDE __attribute__((target("avx2")))
#define STEP 64u

WIDE static inline __m256i
load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The bits in which a step differs. */
WIDE static inline __m256i
differ(const char *p, const char *q)
{
    return _mm256_or_si256(_mm256_xor_si256(load(p), load(q)),
                           _mm256_xor_si256(load(p + STEP / 2), load(q + STEP / 2)));
}

/* Does what is known, of STEP bytes and more, begin at p?  The last step goes back to be whole. */
WIDE static inline bool
begins(const char *p, const char *end, struct str known)
{
    if ((size_t)(end - p) < known.n)
        return false;
    __m256i all = differ(p + known.n - STEP, known.p + known.n - STEP);
    for (size_t at = 0; at + STEP < known.n; at += STEP)
        all = _mm256_or_si256(all, differ(p + at, known.p + at));
    return _mm256_testz_si256(all, all);
}

/* Where the inside of a string ends that has nothing odd in it, or the first that is odd; last is
 * the last place for a step, and NULL the answer when no step is left. */
WIDE static inline const char *
pass_plain(const char *p, const char *last)
{
    for (uint32_t odd; p <= last; p += ODD_WIDE)
        if ((odd = odd_wide(p)))
            return p + (unsigned)__builtin_ctz(odd);
    return NULL;
}

/* Where a number ends; NULL: it is none. */
static inline const char *
pass_digits(const char *p, const char *end)
{
    size_t n = count_digits(str_make(p, (size_t)(end - p)));
    return n ? p + n : NULL;
}

/* The same of a text; *text is empty when the answer is NULL. */
WIDE static inline const char *
pass_text(const char *p, const char *last, struct str *text)
{
    const char *end = pass_plain(p, last);
    *text = str_make(p, end ? (size_t)(end - p) : 0);
    return end;
}

WIDE static inline const char *
pass_noise(enum xd_hole hole, const char *p, const char *end)
{
    return hole == XD_HOLE_NUMBER ? pass_digits(p, end) : pass_plain(p, end - ODD_WIDE);
}

/* The same of all holes of a frame, and of what is between them; *text is what stands in the text's. */
WIDE static const char *
pass_holes(const struct xd_stencil *s, const char *p, const char *end, struct str *text)
{
    for (unsigned i = 0;;) {
        bool is_text = s->holes[i] == XD_HOLE_TEXT;
        p = is_text ? pass_text(p, end - ODD_WIDE, text) : pass_noise(s->holes[i], p, end);
        if (!p || ++i == s->n)
            return p;
        struct str rest = str_make(p, (size_t)(end - p));
        if (!take(&rest, s->literals[i]))
            return NULL;
        p = rest.p;
    }
}

/* Frames that fit, as far as there is nothing odd in what stands in their holes; their length. */
WIDE static size_t
match_plain(const struct xd_stencil *s, struct str stream, struct xd_run *run)
{
    const char *p = stream.p, *end = p + stream.n, *done = p;
    struct str text = { NULL, 0 };
    struct xd_run all = *run;
    bool goes_on = stream.n >= STEP && s->between.n >= STEP && str_starts(stream, s->front);
    p += goes_on ? s->front.n : 0;
    while (goes_on && has_room(&all)) {
        p = s->n > 1 ? pass_holes(s, p, end, &text) : pass_text(p, end - ODD_WIDE, &text);
        if (!p || text.n == 0)
            break;
        goes_on = begins(p, end, s->between);
        if (!goes_on && !str_starts(str_make(p, (size_t)(end - p)), s->back))
            break;
        add(&all, &(struct xd_piece){ text, false, true }, text.n);
        done = p + s->back.n;
        p += goes_on ? s->between.n : 0;
    }
    *run = all;
    return (size_t)(done - stream.p);
}
#endif

/* One frame that fits, whatever stands in its holes; its length. */
static size_t
match_one(const struct xd_stencil *s, struct arena *a, struct str stream, struct xd_run *run)
{
    struct xd_piece piece;
    size_t n = match(s, a, stream, s->front, s->back, &piece);
    if (n)
        add(run, &piece, piece.escaped ? json_unescaped_length(piece.inner) : piece.inner.n);
    return n;
}

static inline size_t
match_some(const struct xd_stencil *s, struct arena *a, struct str stream, struct xd_run *run)
{
#ifdef __SSE2__
    size_t n = __builtin_cpu_supports("avx2") ? match_plain(s, stream, run) : 0;
    if (n)
        return n;
#endif
    return match_one(s, a, stream, run);
}

size_t
xd_stencil_run(const struct xd_stencil *s, struct arena *a, struct str stream, struct xd_run *run)
{
    size_t end = 0, n = s->n && s->in_stream;
    run->n = 0;
    run->bytes = 0;
    while (n && has_room(run)) {
        struct str rest = str_skip(stream, end);
        size_t feed = end && stream.p[end - 1] == '\r' && rest.n && *rest.p == '\n';
        n = match_some(s, a, str_skip(rest, feed), run);
        end += n ? feed + n : 0;
    }
    return end;
}

const struct ir_event *
xd_stencil_event(struct xd_stencil *s, struct arena *a, const struct xd_piece *piece)
{
    *ir_block_text(&s->block) = piece->escaped ? wtf8_unescape(a, piece->inner) : piece->inner;
    return &s->event;
}
