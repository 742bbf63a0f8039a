/* A slow and plain JSON parser. */
#include "tests/lib/json_oracle.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/utf8.h"

static size_t parse_value(struct json_oracle *o, size_t at, size_t depth);

/* Note the first error only; the result makes every caller give up. */
#define FAILED SIZE_MAX

static size_t
fail(struct json_oracle *o, enum err err, size_t at)
{
    if (!o->err) {
        o->err = err;
        o->offset = at;
    }
    return FAILED;
}

static int
byte_at(const struct json_oracle *o, size_t at)
{
    return at < o->s.n ? (unsigned char)o->s.p[at] : -1;
}

static size_t
skip_space(const struct json_oracle *o, size_t at)
{
    while (byte_at(o, at) == ' ' || byte_at(o, at) == '\n' || byte_at(o, at) == '\r'
           || byte_at(o, at) == '\t')
        at++;
    return at;
}

static uint32_t
add_node(struct json_oracle *o, enum json_kind kind, size_t at)
{
    if (o->count == o->room) {
        o->room = o->room ? o->room * 2 : 16;
        o->nodes = realloc(o->nodes, o->room * sizeof *o->nodes);
    }
    o->nodes[o->count] = (struct json_node){ .at = (uint32_t)at, .kind = (uint8_t)kind };
    return o->count++;
}

static void
end_node(struct json_oracle *o, uint32_t node, size_t end)
{
    o->nodes[node].n = (uint32_t)end - o->nodes[node].at;
    o->nodes[node].next = o->count;
}

static size_t
parse_escape(struct json_oracle *o, size_t at)
{
    int c = byte_at(o, at + 1);
    if (c == -1)
        return fail(o, ERR_SYNTAX, o->s.n);
    if (c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r'
        || c == 't')
        return at + 2;
    if (c != 'u')
        return fail(o, ERR_SYNTAX, at);
    for (size_t i = at + 2; i < at + 6; i++) {
        c = byte_at(o, i);
        if (c == -1)
            return fail(o, ERR_SYNTAX, o->s.n);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return fail(o, ERR_SYNTAX, at);
    }
    return at + 6;
}

static size_t
parse_string(struct json_oracle *o, size_t at)
{
    uint32_t node = add_node(o, JSON_STRING, ++at);
    while (byte_at(o, at) != '"') {
        if (byte_at(o, at) == -1 || byte_at(o, at) < 0x20)
            return fail(o, ERR_SYNTAX, at);
        if (byte_at(o, at) == '\\') {
            o->nodes[node].escaped = 1;
            at = parse_escape(o, at);
            if (at == FAILED)
                return FAILED;
        } else {
            at++;
        }
    }
    end_node(o, node, at);
    return at + 1;
}

static size_t
parse_digits(struct json_oracle *o, size_t at)
{
    if (byte_at(o, at) < '0' || byte_at(o, at) > '9')
        return fail(o, ERR_SYNTAX, at);
    while (byte_at(o, at) >= '0' && byte_at(o, at) <= '9')
        at++;
    return at;
}

static size_t
parse_number(struct json_oracle *o, size_t at)
{
    uint32_t node = add_node(o, JSON_NUMBER, at);
    if (byte_at(o, at) == '-')
        at++;
    at = byte_at(o, at) == '0' ? at + 1 : parse_digits(o, at);
    if (at != FAILED && byte_at(o, at) == '.')
        at = parse_digits(o, at + 1);
    if (at != FAILED && (byte_at(o, at) == 'e' || byte_at(o, at) == 'E')) {
        at++;
        if (byte_at(o, at) == '+' || byte_at(o, at) == '-')
            at++;
        at = parse_digits(o, at);
    }
    if (at != FAILED)
        end_node(o, node, at);
    return at;
}

static size_t
parse_word(struct json_oracle *o, size_t at, const char *word, enum json_kind kind)
{
    uint32_t node = add_node(o, kind, at);
    for (; *word; word++, at++)
        if (byte_at(o, at) != *word)
            return fail(o, ERR_SYNTAX, at);
    end_node(o, node, at);
    return at;
}

static size_t
parse_pair(struct json_oracle *o, size_t at, size_t depth)
{
    if (byte_at(o, at) != '"')
        return fail(o, ERR_SYNTAX, at);
    at = parse_string(o, at);
    if (at == FAILED)
        return FAILED;
    at = skip_space(o, at);
    if (byte_at(o, at) != ':')
        return fail(o, ERR_SYNTAX, at);
    return parse_value(o, skip_space(o, at + 1), depth);
}

static size_t
parse_container(struct json_oracle *o, size_t at, size_t depth)
{
    bool object = byte_at(o, at) == '{';
    int close = object ? '}' : ']';
    if (depth == o->depth_max)
        return fail(o, ERR_LIMIT, at);
    uint32_t node = add_node(o, object ? JSON_OBJECT : JSON_ARRAY, at);
    at = skip_space(o, at + 1);
    if (byte_at(o, at) != close)
        for (;;) {
            at = object ? parse_pair(o, at, depth + 1) : parse_value(o, at, depth + 1);
            if (at == FAILED)
                return FAILED;
            at = skip_space(o, at);
            if (byte_at(o, at) == close)
                break;
            if (byte_at(o, at) != ',')
                return fail(o, ERR_SYNTAX, at);
            at = skip_space(o, at + 1);
        }
    end_node(o, node, at + 1);
    return at + 1;
}

static size_t
parse_value(struct json_oracle *o, size_t at, size_t depth)
{
    switch (byte_at(o, at)) {
    case '{':
    case '[':
        return parse_container(o, at, depth);
    case '"':
        return parse_string(o, at);
    case 't':
        return parse_word(o, at, "true", JSON_TRUE);
    case 'f':
        return parse_word(o, at, "false", JSON_FALSE);
    case 'n':
        return parse_word(o, at, "null", JSON_NULL);
    case '-':
        return parse_number(o, at);
    }
    if (byte_at(o, at) >= '0' && byte_at(o, at) <= '9')
        return parse_number(o, at);
    return fail(o, ERR_SYNTAX, at);
}

void
json_oracle_run(struct json_oracle *o, struct str s, size_t depth_max)
{
    o->s = s;
    o->err = ERR_OK;
    o->offset = 0;
    o->depth_max = depth_max;
    o->count = 0;
    add_node(o, JSON_NONE, 0);
    size_t valid = utf8_valid(s.p, s.n);
    if (valid < s.n) {
        fail(o, ERR_SYNTAX, valid);
        return;
    }
    size_t at = parse_value(o, skip_space(o, 0), 0);
    if (at != FAILED && skip_space(o, at) < s.n)
        fail(o, ERR_SYNTAX, skip_space(o, at));
}

void
json_oracle_fini(struct json_oracle *o)
{
    free(o->nodes);
    *o = (struct json_oracle){ 0 };
}

static bool
same_node(const struct json_node *a, const struct json_node *b)
{
    return a->at == b->at && a->n == b->n && a->next == b->next && a->kind == b->kind
           && !a->escaped == !b->escaped;
}

bool
json_oracle_agrees(const struct json_oracle *o, const struct json_doc *d, enum err err,
                   const struct fault *f, char *why, size_t room)
{
    if (err != o->err || (err && (f->err != err || f->offset != o->offset))) {
        snprintf(why, room, "%s at %zu (%s) instead of %s at %zu", err_name(err),
                 err ? f->offset : 0, err ? f->text : "", err_name(o->err), o->offset);
        return false;
    }
    if (err)
        return true;
    if (d->count != o->count) {
        snprintf(why, room, "%u nodes instead of %u", d->count, o->count);
        return false;
    }
    for (uint32_t i = 1; i < o->count; i++)
        if (!same_node(&d->nodes[i], &o->nodes[i])) {
            snprintf(why, room, "node %u (%s at %u)", i,
                     json_kind_name((enum json_kind)o->nodes[i].kind), o->nodes[i].at);
            return false;
        }
    return true;
}
