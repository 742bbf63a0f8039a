#include "server/log/veil.h"

#include "server/log/clean.h"

static void
look_for_known(struct veil *v, size_t from)
{
    if (!masker_find(v->known, v->text, from, &v->known_at, &v->known_n))
        v->known_at = v->text.n;
}

static void
look_for_pattern(struct veil *v, size_t from)
{
    if (!redact_next(v->text, v->which, from, &v->pattern))
        v->pattern.at = v->text.n;
}

/* Both next ones behind v->from.  Of what begins before that and goes on behind it nothing is shown. */
static void
settle(struct veil *v)
{
    while (v->known_at < v->from || v->pattern.at < v->from)
        if (v->known_at < v->from) {
            size_t end = v->known_at + v->known_n;
            v->from = end > v->from ? end : v->from;
            look_for_known(v, end);
        } else {
            size_t end = v->pattern.at + v->pattern.n;
            v->from = end > v->from ? end : v->from;
            look_for_pattern(v, end);
        }
}

struct veil
veil_over(const struct masker *known, struct str text, redact_kinds which)
{
    struct veil v = { .known = known, .text = text, .which = which };
    if (clean_knows(known, text)) {
        v.known_at = v.pattern.at = text.n;
        return v;
    }
    look_for_known(&v, 0);
    look_for_pattern(&v, 0);
    if (which == REDACT_ALL && veil_is_clean(&v))
        clean_remember(known, text);
    return v;
}

bool
veil_next(struct veil *v, struct veil_piece *piece)
{
    if (v->from == v->text.n)
        return false;
    bool known = v->known_at <= v->pattern.at;
    size_t at = known ? v->known_at : v->pattern.at;
    size_t n = known ? v->known_n : v->pattern.n;
    piece->shown = str_make(v->text.p + v->from, at - v->from);
    piece->instead = (struct str){ NULL, 0 };
    v->from = at;
    if (at == v->text.n)
        return true;
    piece->instead = known ? STR("***") : redact_kind_mask(v->pattern.kind);
    v->from = at + n;
    settle(v);
    return true;
}
