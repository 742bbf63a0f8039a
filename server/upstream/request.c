/* Requests as they go out; see request.h. */
#include "server/upstream/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/digits.h"

/* An empty value tells curl to leave the header out. */
static const struct str unwanted[] = {
    STR_INIT("Expect:"), /* 1 MB bodies would wait for a 100 that most servers never send */
    STR_INIT("Accept:"), STR_INIT("Content-Type:"), /* curl would claim a form */
};
#define N_UNWANTED (sizeof unwanted / sizeof unwanted[0])

/* Bodies that go out with the head, in one piece: over TLS they share a record, of 16384 bytes, with it; else a copy of
 * so few bytes costs less than to tell the kernel of two pieces. */
#define JOINED_TLS   12288
#define JOINED_PLAIN 1024

/* RFC 9110 5.6.2, as bits of the characters. */
static const uint64_t token_bits[4] = { 0x03ff6cfa00000000, 0x57ffffffc7fffffe };

static bool
is_token_char(unsigned char c)
{
    return token_bits[c / 64] >> c % 64 & 1;
}

static bool
is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool usual = (c >= 'a' && c <= 'z') || c == '-';
        if (!usual && !is_token_char(c))
            return false;
    }
    return s.n > 0;
}

/* RFC 9110 5.5, without the control characters it allows a recipient to keep. */
static bool
is_field_value(struct str s)
{
    for (size_t at; (at = str_control(s)) < s.n; s = str_skip(s, at + 1))
        if (s.p[at] != '\t')
            return false;
    return true;
}

static bool
is_reserved(struct str name)
{
    switch (name.n) {
    case 4:
        return str_eq_nocase(name, STR("Host"));
    case 6:
        return str_eq_nocase(name, STR("Expect"));
    case 10:
        return str_eq_nocase(name, STR("Connection"));
    case 14:
        return str_eq_nocase(name, STR("Content-Length"));
    case 17:
        return str_eq_nocase(name, STR("Transfer-Encoding"));
    }
    return false;
}

static enum err
check_header(const struct upstream_header *h, struct fault *f)
{
    if (!is_token(h->name))
        return fault_set(f, ERR_SYNTAX, 0, "request header: \"%.*s\" is not a name",
                         STR_ARG(h->name));
    if (!is_field_value(h->value))
        return fault_set(f, ERR_SYNTAX, 0, "request header %.*s: control character in the value",
                         STR_ARG(h->name));
    if (is_reserved(h->name))
        return fault_set(f, ERR_SYNTAX, 0, "request header %.*s: is set by llmux itself",
                         STR_ARG(h->name));
    return ERR_OK;
}

static bool
has_header(const struct upstream_request *req, struct str line)
{
    struct str name = { line.p, line.n - 1 };
    for (unsigned i = 0; i < req->n_headers; i++)
        if (str_eq_nocase(req->headers[i].name, name))
            return true;
    return false;
}

/* Appends one line: the text at p, the node at node.  Returns the end of the text. */
static char *
put_line(struct curl_slist *node, char *p, struct str name, struct str value)
{
    node->data = p;
    node->next = node + 1;
    memcpy(p, name.p, name.n);
    p += name.n;
    if (value.p) {
        /* "name;" is curl's notation for a header with an empty value */
        memcpy(p, value.n ? ": " : ";", value.n ? 2 : 1);
        p += value.n ? 2 : 1;
        if (value.n)
            memcpy(p, value.p, value.n);
        p += value.n;
    }
    *p++ = '\0';
    return p;
}

enum err
request_check(const struct upstream_request *req, struct fault *f)
{
    enum err err = ERR_OK;
    for (unsigned i = req->n_sane; i < req->n_headers && !err; i++)
        err = check_header(&req->headers[i], f);
    return err;
}

bool
upstream_headers_are_sane(const struct upstream_header *headers, unsigned n)
{
    return request_check(&(struct upstream_request){ .headers = headers, .n_headers = n }, NULL)
           == ERR_OK;
}

static bool
announces_length(const struct upstream_request *req)
{
    return req->body.p || str_is(req->method, "POST") || str_is(req->method, "PUT");
}

static char *
put(char *to, struct str s)
{
    if (s.n) /* one that is empty may be nowhere */
        memcpy(to, s.p, s.n);
    return to + s.n;
}

static char *
put_header(char *to, const struct upstream_header *h)
{
    to = put(to, h->name);
    to = h->value.n ? put(to, STR(": ")) : put(to, STR(":"));
    to = put(to, h->value);
    return put(to, STR("\r\n"));
}

bool
request_head_make(struct buf *out, const struct upstream_request *req, const struct parsed_url *url)
{
    static const struct str begin = STR_INIT(" HTTP/1.1\r\nHost: "),
                            length = STR_INIT("Content-Length: "), line_end = STR_INIT("\r\n");
    struct str target = str_from(url->target), authority = str_from(url->authority);
    bool join = req->body.n <= (url->tls ? JOINED_TLS : JOINED_PLAIN);
    size_t room = req->method.n + target.n + begin.n + authority.n + length.n + DIGITS_ROOM + 16;
    for (unsigned i = 0; i < req->n_headers; i++)
        room += req->headers[i].name.n + req->headers[i].value.n + sizeof ": \r\n";
    buf_clear(out);
    char *p = buf_room(out, room + (join ? req->body.n : 0));
    if (!p)
        return false;
    p = put(p, req->method);
    p = put(p, STR(" "));
    p = put(p, target);
    p = put(p, begin);
    p = put(p, authority);
    p = put(p, line_end);
    for (unsigned i = 0; i < req->n_headers; i++)
        p = put_header(p, &req->headers[i]);
    if (announces_length(req)) {
        char digits[DIGITS_ROOM];
        p = put(p, length);
        p = put(p, digits_of(digits, req->body.n, 1));
        p = put(p, line_end);
    }
    p = put(p, line_end);
    if (join)
        p = put(p, req->body);
    out->n = (size_t)(p - out->p);
    return join;
}

bool
request_lines_make(struct request_lines *l, const struct upstream_request *req)
{
    size_t nodes = req->n_headers + N_UNWANTED;
    size_t size = nodes * sizeof(struct curl_slist);
    for (unsigned i = 0; i < req->n_headers; i++)
        size += req->headers[i].name.n + req->headers[i].value.n + sizeof ": ";
    for (size_t i = 0; i < N_UNWANTED; i++)
        size += unwanted[i].n + 1;
    if (size > l->room) {
        char *block = realloc(l->block, size);
        if (!block)
            return false;
        l->block = block;
        l->room = size;
    }
    struct curl_slist *node = (struct curl_slist *)(void *)l->block;
    char *p = l->block + nodes * sizeof *node;
    l->first = node;
    for (unsigned i = 0; i < req->n_headers; i++) {
        struct str value = req->headers[i].value;
        p = put_line(node++, p, req->headers[i].name, str_make(value.p ? value.p : "", value.n));
    }
    for (size_t i = 0; i < N_UNWANTED; i++)
        if (!has_header(req, unwanted[i]))
            p = put_line(node++, p, unwanted[i], (struct str){ 0 });
    node[-1].next = NULL; /* Expect is always among them */
    return true;
}

void
request_lines_fini(struct request_lines *l)
{
    free(l->block);
}
