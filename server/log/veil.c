#include "server/log/veil.h"

static void
look_for_known(struct veil *v)
{
    if (!masker_find(v->known, v->text, v->from, &v->known_at, &v->known_n))
        v->known_at = v->text.n;
}

static void
look_for_pattern(struct veil *v)
{
    if (!redact_next(v->text, v->which, v->from, &v->pattern))
        v->pattern.at = v->text.n;
}

struct veil
veil_over(const struct masker *known, struct str text, redact_kinds which)
{
    struct veil v = { .known = known, .text = text, .which = which };
    look_for_known(&v);
    look_for_pattern(&v);
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
    /* Where one goes on behind the end of the other nothing of either is shown. */
    if (known && v->pattern.at < v->from && v->pattern.at + v->pattern.n > v->from)
        v->from = v->pattern.at + v->pattern.n;
    if (!known && v->known_at < v->from && v->known_at + v->known_n > v->from)
        v->from = v->known_at + v->known_n;
    if (v->known_at < v->from)
        look_for_known(v);
    if (v->pattern.at < v->from)
        look_for_pattern(v);
    return true;
}
