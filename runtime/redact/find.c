#include "runtime/redact/find.h"

#include "runtime/redact/check.h"
#include "runtime/redact/hints.h"
#include "runtime/redact/match.h"

#define LOCAL_MAX    64  /* of an address before its @ (RFC 5321, 4.5.3.1.1) */
#define USERINFO_MAX 120 /* of `user:password` in a URL */
#define RETRY_MAX    32  /* a shorter form is tried up to this length */

/* Kinds that begin in each way. */
#define BY_NUMBER \
    (REDACT_BIT(REDACT_PHONE) | REDACT_BIT(REDACT_CARD) | REDACT_BIT(REDACT_SSN) \
     | REDACT_BIT(REDACT_IP))
#define BY_WORD ((REDACT_SECRETS | REDACT_BIT(REDACT_IBAN) | REDACT_BIT(REDACT_SSN)))
#define BY_AT   (REDACT_BIT(REDACT_EMAIL) | REDACT_BIT(REDACT_PASSWORD))

/* A search: through `v`, for `which`, not before `from`. */
struct search {
    struct redact_view v;
    redact_kinds which;
    size_t from;
    bool open; /* the text may go on */
};

/* A form that begins at `at`, if the rest is right as well; shorter ones, if it is not. */
static bool
try_at(struct search *s, enum redact_start start, size_t at, struct redact_match *m)
{
    size_t most = SIZE_MAX;
    if (at < s->from)
        return false;
    for (;;) {
        struct redact_form form = redact_match_at(&s->v, start, at, most);
        if (form.rule == RULE_NONE)
            return false;
        if (redact_check(&s->v, at, form, m) && s->which & REDACT_BIT(m->kind) && m->at >= s->from)
            return true;
        if (form.n <= 1 || form.rule == RULE_EMAIL)
            return false;
        most = form.n - 1 < RETRY_MAX ? form.n - 1 : RETRY_MAX;
    }
}

/* Where the run of characters of the class ends that stands before `at`, at most `most` of them. */
static size_t
run_before(const struct redact_view *v, size_t at, enum redact_class class, size_t most)
{
    size_t i = at;
    while (i && at - i < most && redact_is(v->p[i - 1], class))
        i--;
    return i;
}

/* What is before the @ of an address; `at` itself when that is nothing, or too long. */
static size_t
local_part(const struct redact_view *v, size_t at)
{
    size_t i = run_before(v, at, CLASS_L, LOCAL_MAX + 1);
    if (at - i > LOCAL_MAX)
        return at;
    /* \njohn and \u000ajohn: an escape is no part of it. */
    if (i && v->p[i - 1] == '\\')
        i += i < at && v->p[i] == 'u' ? 5 : 1;
    while (i + 3 <= at && v->p[i] == '%' && redact_after_escape(v, i + 3))
        i += 3;
    return i < at ? i : at;
}

/* Where `user:password` begins that ends before `at`: behind `://`; `at` when there is none. */
static size_t
userinfo(const struct redact_view *v, size_t at)
{
    size_t i = at;
    while (i && at - i < USERINFO_MAX && v->p[i - 1] > ' ' && !strchr("/\"'<>\\", v->p[i - 1]))
        i--;
    bool url = i > 2 && v->p[i - 1] == '/' && v->p[i - 2] == '/' && v->p[i - 3] == ':';
    return url ? i : at;
}

static bool
try_password(struct search *s, size_t at, struct redact_match *m)
{
    size_t begin = userinfo(&s->v, at);
    const char *colon = begin < at ? memchr(s->v.p + begin, ':', at - begin) : NULL;
    if (!colon)
        return false;
    size_t i = (size_t)(colon - s->v.p) + 1;
    *m = (struct redact_match){ i, at - i, REDACT_PASSWORD, 0 };
    return s->which & REDACT_BIT(REDACT_PASSWORD) && m->n && i >= s->from;
}

/* A place that looks like the begin, or the middle, of a match: where that would begin. */
static size_t
begin_of(const struct search *s, enum redact_start start, size_t at)
{
    size_t i = at;
    if (start == START_WORD)
        while (i > s->from && at - i < 5 && s->v.p[i - 1] == '-')
            i--;
    return i;
}

/* At the place `at`, of that sort. */
static enum redact_found
decide(struct search *s, enum redact_start start, size_t at, struct redact_match *m)
{
    size_t begin = at;
    bool found = false;
    s->v.starved = false;
    if (s->v.p[at] == '@') {
        begin = local_part(&s->v, at);
        found = try_password(s, at, m);
        found = found || (begin < at && try_at(s, START_ADDRESS, begin, m));
    } else if (s->v.p[at] == ':') {
        begin = run_before(&s->v, at, CLASS_H, 4);
        found = try_at(s, START_NUMBER, begin, m);
    } else {
        found = try_at(s, start, at, m);
        begin = begin_of(s, start, at);
    }
    if (s->open && s->v.starved) {
        size_t held = s->v.n - (found ? m->at : begin);
        if (held < REDACT_HELD_MAX) {
            m->at = begin < s->from ? s->from : begin;
            return REDACT_MORE;
        }
    }
    return found ? REDACT_MATCH : REDACT_NOTHING;
}

/* Where what stands at the end of an open text may be the begin of a match that no place tells of yet. */
static size_t
undecided(const struct search *s)
{
    size_t end = s->v.n, i = run_before(&s->v, end, CLASS_L, LOCAL_MAX + 1);
    if (end - i > LOCAL_MAX)
        i = end - 8;
    if (i && s->v.p[i - 1] == '\\')
        i--;
    size_t url = userinfo(&s->v, end);
    i = url < i ? url : i;
    return i < s->from ? s->from : i;
}

static enum redact_found
search(struct search *s, struct redact_match *m)
{
    redact_kinds which = s->which;
    for (size_t at = s->from; at < s->v.n; at += REDACT_BLOCK) {
        struct redact_hints h = redact_hints(str_make(s->v.p, s->v.n), at, s->open);
        h.words = which & BY_WORD ? h.words : 0;
        h.numbers = which & BY_NUMBER ? h.numbers : 0;
        h.ats = which & BY_AT ? h.ats : 0;
        h.colons = which & REDACT_BIT(REDACT_IP) ? h.colons : 0;
        for (uint64_t all = h.words | h.numbers | h.ats | h.colons; all; all &= all - 1) {
            uint64_t bit = all & -all;
            enum redact_start start = h.numbers & bit ? START_NUMBER : START_WORD;
            size_t place = at + (unsigned)__builtin_ctzll(all);
            enum redact_found found = decide(s, start, place, m);
            if (found == REDACT_NOTHING && h.numbers & h.words & bit)
                found = decide(s, START_WORD, place, m);
            if (found == REDACT_MORE) {
                size_t end = undecided(s);
                m->at = end < m->at ? end : m->at;
            }
            if (found != REDACT_NOTHING)
                return found;
        }
    }
    m->at = s->open ? undecided(s) : s->v.n;
    return REDACT_NOTHING;
}

bool
redact_next(struct str text, redact_kinds which, size_t from, struct redact_match *m)
{
    struct search s = { .v = { .p = text.p, .n = text.n }, .which = which, .from = from };
    return search(&s, m) == REDACT_MATCH;
}

bool
redact_next_counted(struct str text, redact_kinds which, size_t from, struct redact_match *m,
                    size_t *steps)
{
    struct search s = { .v = { .p = text.p, .n = text.n }, .which = which, .from = from };
    bool found = search(&s, m) == REDACT_MATCH;
    *steps += s.v.steps;
    return found;
}

enum redact_found
redact_next_open(struct str text, redact_kinds which, size_t from, struct redact_match *m)
{
    struct search s = {
        .v = { .p = text.p, .n = text.n }, .which = which, .from = from, .open = true
    };
    return search(&s, m);
}
