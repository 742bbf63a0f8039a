/* Reading the nodes of a parsed document. */
#include "runtime/json/doc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/base/utf8.h"
#include "runtime/json/text.h"

struct str
json_raw(const struct json_doc *d, uint32_t at)
{
    const struct json_node *node = &d->nodes[at];
    if (node->kind == JSON_STRING)
        return str_make(d->src + node->at - 1, (size_t)node->n + 2);
    return str_make(d->src + node->at, node->n);
}

struct str
json_text(const struct json_doc *d, uint32_t at, struct arena *a)
{
    assert(json_kind(d, at) == JSON_STRING);
    struct str inner = json_inner(d, at);
    return d->nodes[at].escaped ? json_unescape(a, inner) : inner;
}

bool
json_escaped_text_is(const struct json_doc *d, uint32_t at, struct str s)
{
    return json_unescape_is(json_inner(d, at), s);
}

uint32_t
json_node_of(const struct json_doc *d, const char *p)
{
    if (!p || p < d->src || p >= d->src + d->n)
        return 0;
    size_t at = (size_t)(p - d->src);
    uint32_t low = 0, high = d->count; /* nodes[low] begins at or before it */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (d->nodes[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t
json_member(const struct json_doc *d, uint32_t at, struct str key)
{
    assert(json_kind(d, at) == JSON_OBJECT);
    uint32_t found = 0;
    for (uint32_t i = at + 1; i < d->nodes[at].next; i = d->nodes[i + 1].next)
        if (json_text_is(d, i, key))
            found = i + 1;
    return found;
}

uint32_t
json_count(const struct json_doc *d, uint32_t at)
{
    assert(json_kind(d, at) == JSON_OBJECT || json_kind(d, at) == JSON_ARRAY);
    uint32_t n = 0;
    for (uint32_t i = at + 1; i < d->nodes[at].next; i = d->nodes[i].next)
        n++;
    return json_kind(d, at) == JSON_OBJECT ? n / 2 : n;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Put digit behind *v, which is negative or 0 so that INT64_MIN has a place; false when it does
 * not fit. */
static bool
push_digit(int64_t *v, int digit)
{
    return !__builtin_mul_overflow(*v, 10, v) && !__builtin_sub_overflow(*v, digit, v);
}

/* The exponent of a number, text beginning at its "e" or being empty.  Cut off far beyond what
 * matters. */
static int64_t
read_exponent(struct str text)
{
    const int64_t limit = INT64_C(1) << 40; /* far above 2^32, the longest run of digits */
    text = str_skip(text, 1);
    bool minus = str_starts(text, STR("-"));
    if (minus || str_starts(text, STR("+")))
        text = str_skip(text, 1);
    int64_t v = 0;
    for (size_t i = 0; i < text.n && v < limit; i++)
        v = v * 10 + (text.p[i] - '0');
    return minus ? -v : v;
}

/* An integer written with a point or an exponent.  digits is the text from the first digit to
 * before the exponent; the decimal point is `exponent` places right of where it stands. */
static bool
shifted_int(struct str digits, int64_t exponent, int64_t *v)
{
    const char *dot = memchr(digits.p, '.', digits.n);
    if (dot)
        exponent -= digits.p + digits.n - (dot + 1);
    size_t n = digits.n;
    while (n && (digits.p[n - 1] == '0' || digits.p[n - 1] == '.')) {
        exponent += digits.p[n - 1] == '0';
        n--;
    }
    *v = 0;
    if (n == 0)
        return true; /* zero, whatever the exponent */
    if (exponent < 0)
        return false; /* a digit other than 0 stays behind the point */
    for (size_t i = 0; i < n; i++)
        if (digits.p[i] != '.' && !push_digit(v, digits.p[i] - '0'))
            return false;
    for (int64_t i = 0; i < exponent; i++)
        if (!push_digit(v, 0))
            return false;
    return true;
}

bool
json_int(const struct json_doc *d, uint32_t at, int64_t *v)
{
    if (json_kind(d, at) != JSON_NUMBER)
        return false;
    struct str text = json_raw(d, at);
    bool minus = text.p[0] == '-';
    text = str_skip(text, minus);
    int64_t value = 0; /* negated */
    size_t i = 0;
    while (i < text.n && is_digit(text.p[i]) && push_digit(&value, text.p[i] - '0'))
        i++;
    if (i < text.n) {
        size_t e = 0;
        while (e < text.n && (text.p[e] | 0x20) != 'e')
            e++;
        if (!shifted_int(str_make(text.p, e), read_exponent(str_skip(text, e)), &value))
            return false;
    }
    if (!minus && value == INT64_MIN)
        return false;
    *v = minus ? value : -value;
    return true;
}

/* Where a path is written: at most room - 1 bytes and a NUL; n < room. */
struct sink {
    char *p;
    size_t n, room;
};

static void sink_printf(struct sink *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
sink_printf(struct sink *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s->p + s->n, s->room - s->n, fmt, ap);
    va_end(ap);
    s->n += n > 0 ? (size_t)n : 0;
    if (s->n >= s->room)
        s->n = s->room - 1;
}

/* Write a member's name as it is in the source, never splitting a character. */
static void
sink_name(struct sink *s, struct str name)
{
    if (s->n > 0)
        sink_printf(s, ".");
    struct str fits = utf8_cut(name, s->room - 1 - s->n);
    sink_printf(s, "%.*s", STR_ARG(fits));
    if (fits.n < name.n)
        s->room = s->n + 1; /* nothing may follow half a name */
}

void
json_path(const struct json_doc *d, uint32_t at, char *out, size_t room)
{
    struct sink s = { .p = out, .room = room };
    if (room == 0)
        return;
    out[0] = '\0';
    for (uint32_t here = JSON_ROOT; here != at;) {
        bool object = json_kind(d, here) == JSON_OBJECT;
        uint32_t i = here + 1, position = 0;
        while (d->nodes[i].next <= at) {
            i = d->nodes[i].next;
            position++;
        }
        if (!object) {
            sink_printf(&s, "[%u]", position);
            here = i;
            continue;
        }
        /* A key's path is that of its value. */
        uint32_t key = position % 2 ? i - 1 : i;
        sink_name(&s, json_inner(d, key));
        if (i == key)
            return;
        here = i;
    }
}

const char *
json_kind_name(enum json_kind k)
{
    switch (k) {
    case JSON_NONE:
        return "nothing";
    case JSON_NULL:
        return "null";
    case JSON_FALSE:
        return "false";
    case JSON_TRUE:
        return "true";
    case JSON_NUMBER:
        return "number";
    case JSON_STRING:
        return "string";
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    }
    return "nothing";
}
