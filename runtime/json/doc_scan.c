/* See doc_scan.h.  While a container is open, its `next` holds the index of its parent, so no stack
 * is needed. */
#include "runtime/json/doc_scan.h"

#include "runtime/base/utf8.h"
#include "runtime/json/odd.h"
#include "runtime/json/quoted.h"

/* What may come next. */
enum want {
    ROOT,  /* the value that is all */
    FIRST, /* the container's first member or element, or its end */
    NEXT,  /* a comma and another one, or the container's end */
    NOTHING,
    FAULT,
};

/* All of it becomes one function, whose state then is in registers. */
#define INLINE static inline __attribute__((always_inline))

struct scan {
    struct json_doc *doc;
    const char *p, *end; /* what is left */
    uint32_t count;      /* becomes doc->count */
    uint32_t parent;     /* the innermost open container, or 0 */
    bool in_object;      /* is that an object? then its members have keys */
    size_t depth;
};

INLINE void
skip_space(struct scan *s)
{
    while (s->p < s->end && (unsigned char)*s->p <= ' '
           && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A node of the n bytes from `from` on; NULL when there is no room. */
INLINE struct json_node *
add(struct scan *s, enum json_kind kind, const char *from, size_t n)
{
    struct json_doc *d = s->doc;
    uint32_t i = s->count;
    d->count = i;
    if (i == d->room && json_doc_grow(d) != ERR_OK)
        return NULL;
    s->count = i + 1;
    d->nodes[i] = (struct json_node){
        .at = (uint32_t)(from - d->src),
        .n = (uint32_t)n,
        .next = i + 1,
        .kind = (uint8_t)kind,
    };
    return &d->nodes[i];
}

/* --- values, each from its first byte on --- */

/* Any string: its length and enum json_escaped. */
static bool
take_string(struct str rest, size_t *n, uint8_t *escaped)
{
    unsigned has;
    *n = quoted_length(rest, &has);
    *escaped = has & QUOTED_HALVES ? JSON_HALVES : has & QUOTED_ESCAPES ? JSON_ESCAPED : JSON_PLAIN;
    return *n < rest.n && !(has & QUOTED_HIGH && utf8_valid(rest.p, *n) < *n);
}

INLINE bool
scan_string(struct scan *s)
{
    const char *from = s->p + 1;
    struct str rest = str_make(from, (size_t)(s->end - from));
    uint8_t escaped = JSON_PLAIN;
    size_t n = rest.n < ODD_BLOCK ? ODD_BLOCK
                                  : odd_plain_front(from); /* most are short and plain */
    if ((n == ODD_BLOCK || from[n] != '"') && !take_string(rest, &n, &escaped))
        return false;
    struct json_node *node = add(s, JSON_STRING, from, n);
    s->p = from + n + 1;
    if (node)
        node->escaped = escaped;
    return node;
}

/* At least one digit. */
INLINE bool
skip_digits(struct scan *s)
{
    const char *from = s->p;
    while (s->p < s->end && is_digit(*s->p))
        s->p++;
    return s->p > from;
}

INLINE bool
skip_char(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* RFC 8259, section 6. */
static bool
scan_number(struct scan *s)
{
    const char *from = s->p;
    skip_char(s, '-');
    if (!skip_char(s, '0') && !skip_digits(s))
        return false;
    if (skip_char(s, '.') && !skip_digits(s))
        return false;
    if (skip_char(s, 'e') || skip_char(s, 'E')) {
        if (!skip_char(s, '+'))
            skip_char(s, '-');
        if (!skip_digits(s))
            return false;
    }
    return add(s, JSON_NUMBER, from, (size_t)(s->p - from));
}

INLINE bool
scan_word(struct scan *s, enum json_kind kind, struct str word)
{
    if (!str_starts(str_make(s->p, (size_t)(s->end - s->p)), word))
        return false;
    s->p += word.n;
    return add(s, kind, s->p - word.n, word.n);
}

INLINE bool
open_container(struct scan *s, enum json_kind kind)
{
    if (s->depth >= s->doc->depth_max)
        return false;
    struct json_node *node = add(s, kind, s->p, 0);
    if (!node)
        return false;
    node->next = s->parent;
    s->parent = s->count - 1;
    s->in_object = kind == JSON_OBJECT;
    s->depth++;
    s->p++;
    return true;
}

INLINE enum want
close_container(struct scan *s)
{
    struct json_doc *d = s->doc;
    struct json_node *node = &d->nodes[s->parent];
    s->parent = node->next;
    s->in_object = s->parent && d->nodes[s->parent].kind == JSON_OBJECT;
    s->depth--;
    s->p++;
    node->n = (uint32_t)(s->p - d->src) - node->at;
    node->next = s->count;
    return s->parent ? NEXT : NOTHING;
}

INLINE enum want
scan_value(struct scan *s)
{
    bool ok;
    switch (*s->p) {
    case '{':
        return open_container(s, JSON_OBJECT) ? FIRST : FAULT;
    case '[':
        return open_container(s, JSON_ARRAY) ? FIRST : FAULT;
    case '"':
        ok = scan_string(s);
        break;
    case 't':
        ok = scan_word(s, JSON_TRUE, STR("true"));
        break;
    case 'f':
        ok = scan_word(s, JSON_FALSE, STR("false"));
        break;
    case 'n':
        ok = scan_word(s, JSON_NULL, STR("null"));
        break;
    default:
        ok = scan_number(s);
        break;
    }
    if (!ok)
        return FAULT;
    return s->parent ? NEXT : NOTHING;
}

/* --- what is between them --- */

INLINE bool
is_at_end(struct scan *s)
{
    skip_space(s);
    return s->p == s->end;
}

INLINE bool
scan_key(struct scan *s)
{
    return *s->p == '"' && scan_string(s) && !is_at_end(s) && skip_char(s, ':') && !is_at_end(s);
}

/* To behind the next value, or into the container that it opens; or behind the one that ends here. */
INLINE enum want
scan_some(struct scan *s, enum want want)
{
    if (is_at_end(s))
        return FAULT;
    if (want != ROOT && *s->p == (s->in_object ? '}' : ']'))
        return close_container(s);
    if (want == NEXT && (!skip_char(s, ',') || is_at_end(s)))
        return FAULT;
    if (s->in_object && !scan_key(s))
        return FAULT;
    return scan_value(s);
}

bool
json_doc_scan(struct json_doc *d)
{
    struct scan s = { .doc = d, .p = d->src, .end = d->src + d->n, .count = JSON_ROOT };
    enum want want = ROOT;
    while (want < NOTHING)
        want = scan_some(&s, want);
    d->count = s.count;
    return want == NOTHING && is_at_end(&s);
}
