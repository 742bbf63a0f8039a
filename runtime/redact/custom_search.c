/* From stretch to stretch. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "runtime/redact/custom_search.h"

#include <pcre2.h>
#include <stdlib.h>

/* A match may take so much: calls of the matcher, nested ones, KiB of its heap, bytes of the JIT's stack. */
#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT  1024
#define STACK_FIRST ((size_t)32 << 10)
#define STACK_MOST  ((size_t)1 << 20)

#define STARTS_FIRST ((size_t)256)      /* places in a stretch where a match may begin: at first, */
#define STARTS_MOST  ((size_t)2 << 10)  /* and as long as nothing is found */
#define REACH        ((size_t)1 << 10)  /* bytes that follow them */
#define WORK         ((size_t)16 << 20) /* of a stretch: its places times its bytes */

#define WORK_LEAST   ((size_t)64 << 10) /* of any stretch: it may go back and forth */
#define WORK_UNASKED ((size_t)4 << 20)  /* until time is asked for */

/* What is known of one pattern: its next match, or that none follows. */
struct redact_custom_place {
    size_t at, n;
    bool over, known;
};

void
redact_custom_begin(struct redact_custom_search *s, const struct redact_custom *c, struct str text,
                    struct redact_time time)
{
    *s = (struct redact_custom_search){ .custom = c, .text = text, .time = time };
    size_t n = c && text.n ? redact_custom_count(c) : 0;
    if (n == 0)
        return;
    s->places = calloc(n, sizeof *s->places);
    s->data = pcre2_match_data_create(1, NULL);
    s->limits = pcre2_match_context_create(NULL);
    if (!s->places || !s->data || !s->limits) {
        s->err = ERR_MEMORY;
        return;
    }
    pcre2_set_match_limit(s->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(s->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(s->limits, HEAP_LIMIT);
}

void
redact_custom_end(struct redact_custom_search *s)
{
    free(s->places);
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->limits);
    pcre2_jit_stack_free(s->stack);
    *s = (struct redact_custom_search){ .err = s->err };
}

/* The first byte of a character at or behind i. */
static size_t
whole(struct str text, size_t i)
{
    while (i < text.n && ((unsigned char)text.p[i] & 0xc0) == 0x80)
        i++;
    return i < text.n ? i : text.n;
}

/* A bit of the machine's stack is enough for nearly all; else it gets one of its own. */
static int
match(struct redact_custom_search *s, const pcre2_code *code, size_t n, size_t from, uint32_t how)
{
    PCRE2_SPTR text = (PCRE2_SPTR)s->text.p;
    int r = pcre2_match(code, text, n, from, how, s->data, s->limits);
    s->calls++;
    if (r != PCRE2_ERROR_JIT_STACKLIMIT || s->stack)
        return r;
    s->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
    if (!s->stack)
        return PCRE2_ERROR_NOMEMORY;
    pcre2_jit_stack_assign(s->limits, NULL, s->stack);
    return pcre2_match(code, text, n, from, how, s->data, s->limits);
}

/* Before a stretch that may take so much work. */
static bool
is_late(struct redact_custom_search *s, size_t work)
{
    if (!s->time.now)
        return false;
    if (s->time.unasked) { /* to ask is dear */
        *s->time.unasked += work > WORK_LEAST ? work : WORK_LEAST;
        if (*s->time.unasked < WORK_UNASKED)
            return false;
        *s->time.unasked = 0;
    }
    bool late = s->time.now() > s->time.until;
    if (late)
        s->err = ERR_LIMIT;
    return late;
}

static void
fail(struct redact_custom_search *s, int code)
{
    s->err = code == PCRE2_ERROR_NOMEMORY ? ERR_MEMORY : ERR_LIMIT;
}

/* The next match of a pattern that begins at or behind `from`. */
static void
find(struct redact_custom_search *s, const pcre2_code *code, size_t from,
     struct redact_custom_place *p)
{
    const size_t *at = pcre2_get_ovector_pointer(s->data);
    size_t starts = STARTS_FIRST, reach = REACH, all = s->text.n;
    from = whole(s->text, from);
    while (from < all) {
        size_t most = WORK / reach ? WORK / reach : 1;
        size_t last = from + (starts < most ? starts : most);
        size_t end = last < all && reach < all - last ? whole(s->text, last + reach) : all;
        if (is_late(s, (last - from) * (end - from)))
            break;
        pcre2_set_offset_limit(s->limits, last);
        int r = match(s, code, end, from,
                      PCRE2_NOTEMPTY | (end < all ? (uint32_t)PCRE2_PARTIAL_HARD : 0));
        if (r == PCRE2_ERROR_PARTIAL) {
            from = at[0] > from ? at[0] : from; /* before that nothing begins */
            reach *= 4;
            continue;
        }
        if (r == PCRE2_ERROR_NOMATCH) {
            from = whole(s->text, last + 1);
            starts = starts < STARTS_MOST ? 2 * starts : starts;
            reach = REACH;
            continue;
        }
        if (r < 0 || at[0] < from || at[1] <= at[0]) { /* \K may turn them around */
            fail(s, r);
            return;
        }
        p->at = at[0];
        p->n = at[1] - at[0];
        return;
    }
    p->over = true;
}

bool
redact_custom_next(struct redact_custom_search *s, size_t from, struct redact_match *m)
{
    bool found = false;
    for (unsigned i = 0; s->places && !s->err && i < redact_custom_count(s->custom); i++) {
        struct redact_custom_place *p = &s->places[i];
        if (!p->over && (!p->known || p->at < from)) {
            find(s, redact_custom_code(s->custom, i), from, p);
            p->known = true;
        }
        if (p->over || (found && (p->at > m->at || (p->at == m->at && p->n <= m->n))))
            continue;
        *m = (struct redact_match){ p->at, p->n, REDACT_CUSTOM, i };
        found = true;
    }
    return found && !s->err;
}

/* The next match of this pattern that does not begin before `end`, and how far those reach that do. */
static size_t
pass(struct redact_custom_search *s, unsigned i, size_t end)
{
    struct redact_custom_place *p = &s->places[i];
    while (!s->err && p->known && !p->over && p->at < end) {
        size_t own = p->at + p->n;
        end = own > end ? own : end;
        find(s, redact_custom_code(s->custom, i), own, p);
    }
    return end;
}

size_t
redact_custom_pass(struct redact_custom_search *s, size_t end)
{
    size_t before = end + 1;
    while (s->places && end != before) {
        before = end;
        for (unsigned i = 0; i < redact_custom_count(s->custom); i++)
            end = pass(s, i, end);
    }
    return end;
}
