/* The grammar once more, but only for the step that failed. */
#include "runtime/json/doc_error.h"

static size_t
skip_space(struct str s, size_t at)
{
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t' || s.p[at] == '\n' || s.p[at] == '\r'))
        at++;
    return at;
}

/* The byte at `at`, NUL behind the end: nothing in the grammar wants a NUL. */
static char
byte_at(struct str s, size_t at)
{
    return at < s.n ? s.p[at] : '\0';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static enum err
unexpected(struct str s, size_t at, struct fault *f)
{
    if (at >= s.n)
        return fault_set(f, ERR_SYNTAX, s.n, "json: unexpected end at byte %zu", s.n);
    unsigned char c = (unsigned char)s.p[at];
    if (c > 0x20 && c < 0x7f)
        return fault_set(f, ERR_SYNTAX, at, "json: unexpected '%c' at byte %zu", c, at);
    return fault_set(f, ERR_SYNTAX, at, "json: unexpected byte 0x%02x at byte %zu", c, at);
}

/* The offset of the first byte that breaks the escape at `at`, or of the byte behind a good one. */
static size_t
scan_escape(struct str s, size_t at, bool *good)
{
    char c = byte_at(s, at + 1);
    *good = c && strchr("\"\\/bfnrt", c);
    if (*good)
        return at + 2;
    if (c != 'u')
        return at + 1;
    size_t i = at + 2;
    while (i < at + 6 && is_hex(byte_at(s, i)))
        i++;
    *good = i == at + 6;
    return i;
}

static enum err
bad_string(struct str s, size_t quote, struct fault *f)
{
    size_t at = quote + 1;
    while (at < s.n && s.p[at] != '"') {
        if ((unsigned char)s.p[at] < 0x20)
            return fault_set(f, ERR_SYNTAX, at, "json: control byte 0x%02x in a string at byte %zu",
                             (unsigned char)s.p[at], at);
        bool good = true;
        size_t next = s.p[at] == '\\' ? scan_escape(s, at, &good) : at + 1;
        if (!good && next < s.n)
            return fault_set(f, ERR_SYNTAX, at, "json: bad escape in a string at byte %zu", at);
        at = next;
    }
    if (at >= s.n)
        return fault_set(f, ERR_SYNTAX, s.n, "json: unexpected end in a string at byte %zu", s.n);
    return unexpected(s, at + 1, f);
}

static enum err
bad_number(struct str s, size_t at, struct fault *f)
{
    at += s.p[at] == '-';
    if (!is_digit(byte_at(s, at)))
        return unexpected(s, at, f);
    while (is_digit(byte_at(s, at)))
        at++;
    if (byte_at(s, at) == '.') {
        if (!is_digit(byte_at(s, ++at)))
            return unexpected(s, at, f);
        while (is_digit(byte_at(s, at)))
            at++;
    }
    if (byte_at(s, at) == 'e' || byte_at(s, at) == 'E') {
        at++;
        at += byte_at(s, at) == '+' || byte_at(s, at) == '-';
        while (is_digit(byte_at(s, at)))
            at++;
    }
    return unexpected(s, at, f);
}

static enum err
bad_literal(struct str s, size_t at, const char *word, struct fault *f)
{
    while (*word && byte_at(s, at) == *word) {
        word++;
        at++;
    }
    return unexpected(s, at, f);
}

static enum err
bad_token(struct str s, size_t at, struct fault *f)
{
    switch (byte_at(s, at)) {
    case '"':
        return bad_string(s, at, f);
    case 't':
        return bad_literal(s, at, "true", f);
    case 'f':
        return bad_literal(s, at, "false", f);
    case 'n':
        return bad_literal(s, at, "null", f);
    case '-':
        return bad_number(s, at, f);
    }
    return is_digit(byte_at(s, at)) ? bad_number(s, at, f) : unexpected(s, at, f);
}

const char *
json_doc_odd_space(struct str accepted)
{
    const char *tab = memchr(accepted.p, '\v', accepted.n);
    const char *feed = memchr(accepted.p, '\f', tab ? (size_t)(tab - accepted.p) : accepted.n);
    return feed ? feed : tab;
}

enum err
json_doc_explain(const struct json_doc *d, size_t end, uint32_t parent, struct fault *f)
{
    struct str s = { d->src, d->n };
    const char *odd = json_doc_odd_space(str_make(s.p, end));
    if (odd)
        return unexpected(s, (size_t)(odd - s.p), f);
    size_t at = skip_space(s, end);
    if (!parent && d->count > JSON_ROOT)
        return fault_set(f, ERR_SYNTAX, at, "json: trailing bytes after the document at byte %zu",
                         at);
    if (!parent && at == s.n)
        return fault_set(f, ERR_SYNTAX, at, "json: empty document");
    if (!parent)
        return bad_token(s, at, f);

    bool object = json_kind(d, parent) == JSON_OBJECT;
    uint32_t children = 0;
    for (uint32_t i = parent + 1; i < d->count; i = d->nodes[i].next)
        children++;
    bool after_key = object && children % 2;
    if (children) {
        if (byte_at(s, at) != (after_key ? ':' : ','))
            return unexpected(s, at, f);
        at = skip_space(s, at + 1);
    }
    if (object && !after_key && byte_at(s, at) != '"')
        return unexpected(s, at, f);
    return bad_token(s, at, f);
}
