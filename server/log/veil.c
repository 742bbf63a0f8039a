#include "server/log/veil.h"

#include "server/log/clean.h"

static const struct str known_mask = STR_INIT("***");

static struct veil_find
find_known(const struct veil *v, struct str text, size_t from)
{
    struct veil_find f = { .at = text.n, .instead = known_mask };
    if (!masker_find(v->known, text, from, &f.at, &f.n))
        f.at = text.n;
    return f;
}

static struct veil_find
find_like(const struct veil *v, struct str text, size_t from)
{
    struct redact_match m;
    if (!redact_next(text, v->which, from, &m))
        return (struct veil_find){ .at = text.n };
    return (struct veil_find){ m.at, m.n, redact_kind_mask(m.kind) };
}

/* The next one in the text without its escapes, told as a place of the text itself. */
static struct veil_find
find_folded(struct veil *v)
{
    struct str plain = buf_str(&v->unfold.plain);
    struct veil_find one = find_known(v, plain, v->unfolded);
    struct veil_find like = find_like(v, plain, v->unfolded);
    struct veil_find f = one.at <= like.at ? one : like;
    v->unfolded = f.at + f.n;
    f.at = redact_unfold_place(&v->unfold, f.at);
    f.n = redact_unfold_place(&v->unfold, v->unfolded) - f.at;
    return f;
}

/* If it begins before v->from: hide it to its end, and say that the next one is to be found. */
static bool
pass(struct veil *v, const struct veil_find *f)
{
    size_t end = f->at + f->n;
    if (f->at >= v->from)
        return false;
    v->from = end > v->from ? end : v->from;
    return true;
}

/* The next ones of all sorts behind v->from.  Of what begins before that and goes on behind it nothing is shown. */
static void
settle(struct veil *v)
{
    for (bool more = true; more;) {
        more = false;
        if (pass(v, &v->one)) {
            v->one = find_known(v, v->text, v->one.at + v->one.n);
            more = true;
        }
        if (pass(v, &v->like)) {
            v->like = find_like(v, v->text, v->like.at + v->like.n);
            more = true;
        }
        if (pass(v, &v->folded)) {
            v->folded = find_folded(v);
            more = true;
        }
    }
}

struct veil
veil_over(const struct masker *known, struct str text, redact_kinds which)
{
    const struct veil_find none = { .at = text.n };
    struct veil v = { .known = known, .text = text, .which = which, .folded = none };
    if (clean_knows(known, text)) {
        v.one = v.like = none;
        return v;
    }
    v.one = find_known(&v, text, 0);
    v.like = find_like(&v, text, 0);
    v.has_escapes = redact_unfold_begin(&v.unfold, text);
    if (v.has_escapes && v.unfold.plain.err) /* nobody knows */
        v.folded = (struct veil_find){ 0, text.n, known_mask };
    else if (v.has_escapes)
        v.folded = find_folded(&v);
    if (v.has_escapes && v.folded.at == text.n) {
        redact_unfold_end(&v.unfold);
        v.has_escapes = false;
    }
    if (which == REDACT_ALL && veil_is_clean(&v))
        clean_remember(known, text);
    return v;
}

bool
veil_next(struct veil *v, struct veil_piece *piece)
{
    if (v->from == v->text.n)
        return false;
    const struct veil_find *f = v->one.at <= v->like.at ? &v->one : &v->like;
    f = v->folded.at < f->at ? &v->folded : f;
    piece->shown = str_make(v->text.p + v->from, f->at - v->from);
    piece->instead = f->at < v->text.n ? f->instead : (struct str){ NULL, 0 };
    v->from = f->at + f->n;
    settle(v);
    return true;
}

void
veil_end(struct veil *v)
{
    if (v->has_escapes)
        redact_unfold_end(&v->unfold);
}
