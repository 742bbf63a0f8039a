/* Two searches side by side. */
#include "runtime/redact/search.h"

#include "runtime/redact/custom.h"

void
redact_search_begin(struct redact_search *s, const struct redact_rules *rules, struct str text)
{
    *s = (struct redact_search){ .rules = rules, .text = text };
    s->has_own = rules->custom && (rules->which & REDACT_BIT(REDACT_CUSTOM));
    s->found = redact_next(text, rules->which, 0, &s->next);
    s->own_found = s->has_own && redact_custom_next(rules->custom, text, 0, &s->own);
}

bool
redact_search_next(struct redact_search *s, size_t from, struct redact_match *m)
{
    if (s->found && s->next.at < from)
        s->found = redact_next(s->text, s->rules->which, from, &s->next);
    if (s->own_found && s->own.at < from)
        s->own_found = redact_custom_next(s->rules->custom, s->text, from, &s->own);
    if (!s->found && !s->own_found)
        return false;
    bool own = !s->found
               || (s->own_found
                   && (s->own.at < s->next.at
                       || (s->own.at == s->next.at && s->own.n > s->next.n)));
    *m = own ? s->own : s->next;
    return true;
}
