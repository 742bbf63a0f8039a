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

static void
begin_reading(const struct veil *v, struct veil_reading *r, struct str text)
{
    r->text = text;
    r->known = find_known(v, text, 0);
    r->like = find_like(v, text, 0);
}

static size_t
further(size_t end, const struct veil_find *f)
{
    return f->at + f->n > end ? f->at + f->n : end;
}

/* The next one of both sorts, together with all that begin in it. */
static struct veil_find
take(const struct veil *v, struct veil_reading *r)
{
    struct veil_find f = r->known.at <= r->like.at ? r->known : r->like;
    size_t end = f.at + f.n;
    for (size_t before = f.at; end != before;) {
        before = end;
        for (; r->known.at < end; r->known = find_known(v, r->text, r->known.at + r->known.n))
            end = further(end, &r->known);
        for (; r->like.at < end; r->like = find_like(v, r->text, r->like.at + r->like.n))
            end = further(end, &r->like);
    }
    f.n = end - f.at;
    return f;
}

/* The next one in the text without its escapes, told as a place of the text itself. */
static struct veil_find
take_folded(struct veil *v)
{
    struct veil_find f = take(v, &v->unfolded);
    size_t end = redact_unfold_place(&v->unfold, f.at + f.n);
    f.at = redact_unfold_place(&v->unfold, f.at);
    f.n = end - f.at;
    return f;
}

/* If it begins before v->from: hide it to its end, and say that the next one is to be found. */
static bool
pass(struct veil *v, const struct veil_find *f)
{
    if (f->at >= v->from)
        return false;
    v->from = further(v->from, f);
    return true;
}

/* The next ones of both readings behind v->from.  Of what begins before that and goes on behind it nothing is shown. */
static void
settle(struct veil *v)
{
    for (bool more = true; more;) {
        more = false;
        if (pass(v, &v->next)) {
            v->next = take(v, &v->as_it_is);
            more = true;
        }
        if (pass(v, &v->folded)) {
            v->folded = take_folded(v);
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
        v.next = none;
        return v;
    }
    begin_reading(&v, &v.as_it_is, text);
    v.next = take(&v, &v.as_it_is);
    v.has_escapes = redact_unfold_begin(&v.unfold, text);
    if (v.has_escapes && v.unfold.plain.err) { /* nobody knows: all of it is hidden */
        v.as_it_is.known = v.as_it_is.like = none;
        v.next = (struct veil_find){ 0, text.n, known_mask };
    } else if (v.has_escapes) {
        begin_reading(&v, &v.unfolded, buf_str(&v.unfold.plain));
        v.folded = take_folded(&v);
    }
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
    const struct veil_find *f = v->folded.at < v->next.at ? &v->folded : &v->next;
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
