/* See doc_scan.h.  While a container is open, its `next` holds the index of its parent, so no stack
 * is needed. */
#include "runtime/json/doc_scan.h"

#include "runtime/base/utf8.h"
#include "runtime/json/quoted.h"

/* What may come next. */
enum want {
    VALUE,
    FIRST_VALUE, /* or the array's end */
    KEY,
    FIRST_KEY, /* or the object's end */
    NEXT,      /* a comma, or the container's end */
    NOTHING,   /* the root is closed */
    FAULT,
};

struct scan {
    struct json_doc *doc;
    const char *p, *end; /* what is left */
    uint32_t parent;     /* the innermost open container, or 0 */
    size_t depth;
};

static inline void
skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A node of the n bytes from `from` on; NULL when there is no room. */
static struct json_node *
add(struct scan *s, enum json_kind kind, const char *from, size_t n)
{
    struct json_doc *d = s->doc;
    if (d->count == d->room && json_doc_grow(d) != ERR_OK)
        return NULL;
    uint32_t i = d->count++;
    d->nodes[i] = (struct json_node){
        .at = (uint32_t)(from - d->src),
        .n = (uint32_t)n,
        .next = i + 1,
        .kind = (uint8_t)kind,
    };
    return &d->nodes[i];
}

static enum want
behind_value(const struct scan *s)
{
    return s->parent ? NEXT : NOTHING;
}

/* --- values, each from its first byte on --- */

static bool
scan_string(struct scan *s)
{
    unsigned has;
    const char *from = s->p + 1;
    struct str rest = str_make(from, (size_t)(s->end - from));
    size_t n = quoted_length(rest, &has);
    if (n == rest.n || (has & QUOTED_HIGH && utf8_valid(from, n) < n))
        return false;
    struct json_node *node = add(s, JSON_STRING, from, n);
    s->p = from + n + 1;
    if (node)
        node->escaped = has & QUOTED_HALVES    ? JSON_HALVES
                        : has & QUOTED_ESCAPES ? JSON_ESCAPED
                                               : JSON_PLAIN;
    return node;
}

/* At least one digit. */
static bool
skip_digits(struct scan *s)
{
    const char *from = s->p;
    while (s->p < s->end && is_digit(*s->p))
        s->p++;
    return s->p > from;
}

static bool
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

static bool
scan_word(struct scan *s, enum json_kind kind, struct str word)
{
    if (!str_starts(str_make(s->p, (size_t)(s->end - s->p)), word))
        return false;
    s->p += word.n;
    return add(s, kind, s->p - word.n, word.n);
}

static bool
open_container(struct scan *s, enum json_kind kind)
{
    if (s->depth >= s->doc->depth_max)
        return false;
    struct json_node *node = add(s, kind, s->p, 0);
    if (!node)
        return false;
    node->next = s->parent;
    s->parent = s->doc->count - 1;
    s->depth++;
    s->p++;
    return true;
}

static enum want
close_container(struct scan *s)
{
    struct json_doc *d = s->doc;
    struct json_node *node = &d->nodes[s->parent];
    s->parent = node->next;
    s->depth--;
    s->p++;
    node->n = (uint32_t)(s->p - d->src) - node->at;
    node->next = d->count;
    return behind_value(s);
}

static enum want
scan_value(struct scan *s)
{
    bool ok;
    switch (*s->p) {
    case '{':
        return open_container(s, JSON_OBJECT) ? FIRST_KEY : FAULT;
    case '[':
        return open_container(s, JSON_ARRAY) ? FIRST_VALUE : FAULT;
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
    return ok ? behind_value(s) : FAULT;
}

/* --- what is between them --- */

static enum want
scan_key(struct scan *s)
{
    if (*s->p != '"' || !scan_string(s))
        return FAULT;
    skip_space(s);
    return skip_char(s, ':') ? VALUE : FAULT;
}

static enum want
scan_next(struct scan *s)
{
    bool object = s->doc->nodes[s->parent].kind == JSON_OBJECT;
    if (skip_char(s, ','))
        return object ? KEY : VALUE;
    return *s->p == (object ? '}' : ']') ? close_container(s) : FAULT;
}

static enum want
scan_some(struct scan *s, enum want want)
{
    switch (want) {
    case FIRST_VALUE:
        return *s->p == ']' ? close_container(s) : scan_value(s);
    case VALUE:
        return scan_value(s);
    case FIRST_KEY:
        return *s->p == '}' ? close_container(s) : scan_key(s);
    case KEY:
        return scan_key(s);
    case NEXT:
        return scan_next(s);
    case NOTHING:
    case FAULT:
        break;
    }
    return FAULT;
}

bool
json_doc_scan(struct json_doc *d)
{
    struct scan s = { .doc = d, .p = d->src, .end = d->src + d->n };
    enum want want = VALUE;
    d->count = JSON_ROOT;
    while (want != NOTHING && want != FAULT) {
        skip_space(&s);
        want = s.p < s.end ? scan_some(&s, want) : FAULT;
    }
    skip_space(&s);
    return want == NOTHING && s.p == s.end;
}
