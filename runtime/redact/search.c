/* Searches side by side. */
#include "runtime/redact/search.h"

/* A name may be long, and one for many values: its end tells enough. */
#define NAME_MOST REDACT_BEHIND_MAX

struct redact_script
redact_script_named(struct str name, struct str value, struct buf *room)
{
    buf_puts(room, str_skip(name, name.n < NAME_MOST ? 0 : name.n - NAME_MOST));
    buf_puts(room, STR("\": \""));
    size_t from = room->n;
    buf_puts(room, value);
    return (struct redact_script){ buf_str(room), from };
}

/* What of a match is of the text itself; false: nothing. */
static bool
clip(const struct redact_script *t, struct redact_match *m)
{
    size_t end = m->at + m->n;
    if (end <= t->from)
        return false;
    m->at = m->at < t->from ? t->from : m->at;
    m->n = end - m->at;
    return true;
}

static bool
find(const struct redact_search *s, size_t from, struct redact_match *m)
{
    bool found = redact_next(s->script.all, s->rules->which, from, m);
    while (found && !clip(&s->script, m))
        found = redact_next(s->script.all, s->rules->which, m->at + m->n, m);
    return found;
}

static bool
find_own(struct redact_search *s, size_t from, struct redact_match *m)
{
    bool found = redact_custom_next(&s->custom, from, m);
    while (found && !clip(&s->script, m))
        found = redact_custom_next(&s->custom, m->at + m->n, m);
    s->err = s->err ? s->err : s->custom.err;
    return found;
}

/* In the text without escapes, of which more is replaced than what is read. */
static bool
find_plain(struct redact_search *s, size_t from, struct redact_match *m)
{
    struct str plain = buf_str(&s->unfold.plain);
    while (s->has_escapes && redact_next(plain, s->rules->which, s->unfolded, m)) {
        s->unfolded = m->at + m->n;
        size_t at = redact_unfold_place(&s->unfold, m->at);
        size_t end = redact_unfold_place(&s->unfold, s->unfolded);
        m->at = at < from ? from : at;
        m->n = end > m->at ? end - m->at : 0;
        if (m->n && clip(&s->script, m))
            return true;
    }
    return false;
}

void
redact_search_begin(struct redact_search *s, const struct redact_rules *rules,
                    struct redact_script script)
{
    *s = (struct redact_search){ .rules = rules, .script = script };
    redact_custom_begin(&s->custom, rules->which & REDACT_BIT(REDACT_CUSTOM) ? rules->custom : NULL,
                        script.all, rules->time);
    s->found = find(s, 0, &s->next);
    s->own_found = find_own(s, 0, &s->own);
    s->has_escapes = rules->unfold && redact_unfold_begin(&s->unfold, script.all);
    if (s->has_escapes)
        s->err = s->err ? s->err : s->unfold.plain.err;
    s->plain_found = find_plain(s, 0, &s->plain);
}

/* The one that begins first, or else is longer. */
static void
prefer(const struct redact_match *m, bool found, struct redact_match *best, bool *any)
{
    if (found && (!*any || m->at < best->at || (m->at == best->at && m->n > best->n)))
        *best = *m;
    *any |= found;
}

static size_t
further(size_t end, const struct redact_match *m)
{
    return m->at + m->n > end ? m->at + m->n : end;
}

/* Of what begins within a match and goes on behind it the rest is hidden with it: it may be most of a secret. */
static void
join(struct redact_search *s, struct redact_match *m)
{
    size_t end = m->at + m->n, before = 0;
    while (end != before) {
        before = end;
        while (s->found && s->next.at < end) {
            end = further(end, &s->next);
            s->found = find(s, s->next.at + s->next.n, &s->next);
        }
        while (s->plain_found && s->plain.at < end) {
            end = further(end, &s->plain);
            s->plain_found = find_plain(s, s->plain.at + s->plain.n, &s->plain);
        }
        end = redact_custom_pass(&s->custom, end);
    }
    s->err = s->err ? s->err : s->custom.err;
    m->n = end - m->at;
}

bool
redact_search_next(struct redact_search *s, size_t from, struct redact_match *m)
{
    if (s->found && s->next.at < from)
        s->found = find(s, from, &s->next);
    if (s->own_found && s->own.at < from)
        s->own_found = find_own(s, from, &s->own);
    if (s->plain_found && s->plain.at < from)
        s->plain_found = find_plain(s, from, &s->plain);
    bool any = false;
    if (s->err) /* there may be one before those that are known */
        return false;
    prefer(&s->next, s->found, m, &any);
    prefer(&s->own, s->own_found, m, &any);
    prefer(&s->plain, s->plain_found, m, &any);
    if (any)
        join(s, m);
    return any;
}

void
redact_search_end(struct redact_search *s)
{
    redact_custom_end(&s->custom);
    if (s->has_escapes)
        redact_unfold_end(&s->unfold);
}

size_t
redact_text(struct buf *out, const struct redact_rules *rules, struct redact_script t, size_t limit)
{
    struct redact_search s;
    struct redact_match m;
    size_t from = t.from, count = 0;
    limit = limit < t.all.n ? limit : t.all.n;
    redact_search_begin(&s, rules, t);
    for (; from < limit && redact_search_next(&s, from, &m) && m.at < limit; count++) {
        buf_put(out, t.all.p + from, m.at - from);
        redact_write(out, rules, &m, str_make(t.all.p + m.at, m.n));
        from = m.at + m.n;
    }
    if (s.err)
        buf_puts(out, redact_kind_mask(REDACT_CUSTOM));
    else if (from < limit)
        buf_put(out, t.all.p + from, limit - from);
    redact_search_end(&s);
    return count;
}
