/* Two searches side by side. */
#include "runtime/redact/search.h"

struct redact_script
redact_script_named(struct str name, struct str value, struct buf *room)
{
    buf_puts(room, name);
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
    s->err = s->custom.err;
    return found;
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
}

bool
redact_search_next(struct redact_search *s, size_t from, struct redact_match *m)
{
    if (s->found && s->next.at < from)
        s->found = find(s, from, &s->next);
    if (s->own_found && s->own.at < from)
        s->own_found = find_own(s, from, &s->own);
    if (!s->found && !s->own_found)
        return false;
    bool own = !s->found
               || (s->own_found
                   && (s->own.at < s->next.at
                       || (s->own.at == s->next.at && s->own.n > s->next.n)));
    *m = own ? s->own : s->next;
    return true;
}

void
redact_search_end(struct redact_search *s)
{
    redact_custom_end(&s->custom);
}
