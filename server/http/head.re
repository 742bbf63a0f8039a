/* The lexer of request heads.
 *
 * It runs line by line and only over complete lines.  No rule matches across an LF, so the LF that
 * is known to lie ahead is the sentinel: no other bound is checked, and nothing behind that LF is
 * read.
 *
 *   p            cur                 end              searched         limit
 *   |-- lexed ----|-- whole lines ----|-- no LF --------|-- unknown ----| */
#include "server/http/head.h"

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* re2c wants unsigned characters. */
typedef unsigned char byte;

/* How far to look ahead for line ends at a time: about one head, so that a body behind it is not
 * searched. */
#define WINDOW 2048

/*!re2c
    re2c:yyfill:enable = 0;
    re2c:define:YYCTYPE = byte;
    re2c:define:YYCURSOR = p;
    re2c:define:YYMARKER = mark;

    crlf   = "\r\n";
    tchar  = [-!#$%&'*+.^_`|~0-9A-Za-z];       // RFC 9110 5.6.2
    uchar  = [\x21-\x7e] \ "#";                // wider than RFC 3986: so are some clients
    vchar  = [\t\x20-\x7e\x80-\xff];           // RFC 9110 5.5
    hchar  = [-0-9A-Za-z._~!$&'()*+,;=%:[\]];  // RFC 3986 3.2.2, with the port, without user info
*/

struct lines {
    const char *end;
    const char *searched;
    const char *limit;
};

enum line {
    LINE_BAD,
    LINE_END,
    LINE_HOST,
    LINE_LENGTH,
    LINE_CODING,
    LINE_CONNECTION,
    LINE_EXPECT,
    LINE_OTHER,
};

/* Find more complete lines.  False when there are none. */
static bool
lines_more(struct lines *l)
{
    while (l->searched < l->limit) {
        size_t left = (size_t)(l->limit - l->searched);
        size_t n = left < WINDOW ? left : WINDOW;
        const char *lf = memrchr(l->searched, '\n', n);
        l->searched += n;
        if (lf) {
            l->end = lf + 1;
            return true;
        }
    }
    return false;
}

static bool
refuse(struct http_head *h, int status, const char *reason)
{
    h->status = status;
    h->reason = reason;
    return false;
}

static struct str
span(const byte *from, const byte *to)
{
    return str_make((const char *)from, (size_t)(to - from));
}

static bool
begins_token(const char *s)
{
    const byte *p = (const byte *)s;
    /*!re2c
        tchar { return true; }
        *     { return false; }
    */
}

/* The next two run ahead of a lexer over bytes that every one of its rules accepts, sixteen at a
 * time.  They may stop anywhere before the first other byte: the rules alone say what is valid. */

static const byte *
skip_name(const byte *p, const char *limit)
{
#ifdef __SSE2__
    const __m128i bit5 = _mm_set1_epi8(0x20);
    const __m128i dash = _mm_set1_epi8('-');
    const __m128i a = _mm_set1_epi8('a'), letters = _mm_set1_epi8('z' - 'a');
    while ((const byte *)limit - p >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        __m128i from_a = _mm_sub_epi8(_mm_or_si128(x, bit5), a);
        __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(from_a, letters), from_a);
        __m128i good = _mm_or_si128(letter, _mm_cmpeq_epi8(x, dash));
        unsigned bad = ~(unsigned)_mm_movemask_epi8(good) & 0xffff;
        if (bad)
            return p + __builtin_ctz(bad);
        p += 16;
    }
#endif
    (void)limit;
    return p;
}

static const byte *
skip_value(const byte *p, const char *limit)
{
#ifdef __SSE2__
    const __m128i control = _mm_set1_epi8(0x1f);
    const __m128i del = _mm_set1_epi8(0x7f);
    while ((const byte *)limit - p >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        __m128i below_space = _mm_cmpeq_epi8(_mm_min_epu8(x, control), x);
        __m128i wrong = _mm_or_si128(below_space, _mm_cmpeq_epi8(x, del));
        unsigned bad = (unsigned)_mm_movemask_epi8(wrong);
        if (bad)
            return p + __builtin_ctz(bad);
        p += 16;
    }
#endif
    (void)limit;
    return p;
}

/* Which of the names that mean something here is this? */
static enum line
name_kind(struct str name)
{
    switch (name.n) {
    case 4:
        return str_eq_nocase(name, STR("host")) ? LINE_HOST : LINE_OTHER;
    case 6:
        return str_eq_nocase(name, STR("expect")) ? LINE_EXPECT : LINE_OTHER;
    case 10:
        return str_eq_nocase(name, STR("connection")) ? LINE_CONNECTION : LINE_OTHER;
    case 14:
        return str_eq_nocase(name, STR("content-length")) ? LINE_LENGTH : LINE_OTHER;
    case 17:
        return str_eq_nocase(name, STR("transfer-encoding")) ? LINE_CODING : LINE_OTHER;
    }
    return LINE_OTHER;
}

/* Each lexer below moves *at behind what it took and returns false on anything else. */

static bool
lex_method(const char **at, struct str *method)
{
    const byte *p = (const byte *)*at, *begin = p, *mark;
    /*!re2c
        tchar+ " " {
            *method = span(begin, p - 1);
            *at = (const char *)p;
            return true;
        }
        * { return false; }
    */
}

static bool
lex_target(const char **at, struct str *target)
{
    const byte *p = (const byte *)*at, *begin = p, *mark;
    /*!re2c
        uchar+ " " {
            *target = span(begin, p - 1);
            *at = (const char *)p;
            return true;
        }
        * { return false; }
    */
}

static bool
lex_version(const char **at, struct http_head *h)
{
    const byte *p = (const byte *)*at, *mark;
    /*!re2c
        "HTTP/1.0" crlf {
            h->minor = 0;
            *at = (const char *)p;
            return true;
        }
        "HTTP/1." [1-9] crlf {
            h->minor = 1;
            *at = (const char *)p;
            return true;
        }
        "HTTP/" [0-9] "." [0-9] crlf {
            return refuse(h, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
        }
        "HTTP/" [0-9] "." [0-9] "\n" {
            return refuse(h, 400, "line feed without carriage return in the request line");
        }
        * { return refuse(h, 400, "the request line does not end in an HTTP version"); }
    */
}

static enum line
bad_line(struct http_head *h, const char *reason)
{
    refuse(h, 400, reason);
    return LINE_BAD;
}

static enum line
lex_name(const char **at, const char *limit, struct http_head *h, struct str *name)
{
    const byte *begin = (const byte *)*at, *p = skip_name(begin, limit), *mark;
    /*!re2c
        tchar* ":"    { goto named; }
        tchar* crlf   { goto line_end; }
        tchar* [ \t]  { return bad_line(h, "white space where a header's name belongs"); }
        tchar* "\n"   { return bad_line(h, "line feed without carriage return"); }
        *             { return bad_line(h, "invalid character in a header's name"); }
    */
named:
    *name = span(begin, p - 1);
    *at = (const char *)p;
    return name->n ? name_kind(*name) : bad_line(h, "header without a name");
line_end:
    *at = (const char *)p;
    return p - 2 == begin ? LINE_END : bad_line(h, "header line without a colon");
}

static bool
lex_value(const char **at, const char *limit, struct http_head *h, struct str *value)
{
    const byte *p = (const byte *)*at, *begin, *mark;
    while (*p == ' ' || *p == '\t')
        p++;
    begin = p;
    p = skip_value(p, limit);
    /*!re2c
        vchar* crlf { goto ended; }
        vchar* "\n" { return refuse(h, 400, "line feed without carriage return in a header"); }
        *           { return refuse(h, 400, "control character in a header value"); }
    */
ended:
    *at = (const char *)p;
    p -= 2;
    while (p > begin && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    *value = span(begin, p);
    return true;
}

/* Is s, which lies in a line, a host with an optional port? */
static bool
is_authority(struct str s)
{
    const byte *p = (const byte *)s.p;
    if (s.n == 0)
        return true;
    /*!re2c
        hchar+ { return (size_t)(p - (const byte *)s.p) >= s.n; }
        *      { return false; }
    */
}

static bool
take_absolute_target(struct http_head *h, size_t scheme)
{
    struct str rest = str_skip(h->target, scheme);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    struct str authority = str_make(rest.p, n);
    if (n == 0 || !is_authority(authority))
        return refuse(h, 400, "invalid host in the request target");
    h->host = authority;
    h->path = str_skip(rest, n);
    return true;
}

/* Set path, query and, for the absolute form, host (RFC 9112 3.2). */
static bool
take_target(struct http_head *h)
{
    struct str t = h->target;
    if (str_is(h->method, "CONNECT"))
        return refuse(h, 501, "CONNECT is not served here");
    if (str_is(t, "*") && str_is(h->method, "OPTIONS"))
        return true;
    if (t.n > 7 && str_eq_nocase(str_make(t.p, 7), STR("http://"))) {
        if (!take_absolute_target(h, 7))
            return false;
    } else if (t.n > 8 && str_eq_nocase(str_make(t.p, 8), STR("https://"))) {
        if (!take_absolute_target(h, 8))
            return false;
    } else if (t.p[0] != '/') {
        return refuse(h, 400, "invalid request target");
    }
    const char *mark = h->path.n ? memchr(h->path.p, '?', h->path.n) : NULL;
    if (mark) {
        h->query = str_skip(h->path, (size_t)(mark - h->path.p) + 1);
        h->path.n = (size_t)(mark - h->path.p);
    }
    if (h->path.n == 0)
        h->path = STR("/");
    return true;
}

static bool
take_length(struct http_head *h, struct str v)
{
    if (h->has_length)
        return refuse(h, 400, "more than one content-length");
    if (v.n == 0)
        return refuse(h, 400, "empty content-length");
    size_t length = 0;
    for (size_t i = 0; i < v.n; i++) {
        unsigned digit = (unsigned)(byte)v.p[i] - '0';
        if (digit > 9)
            return refuse(h, 400, "content-length is not a decimal number");
        if (length > (SIZE_MAX / 2 - digit) / 10)
            return refuse(h, 413, "content-length is too large");
        length = length * 10 + digit;
    }
    h->content_length = length;
    h->has_length = true;
    return true;
}

static bool
take_coding(struct http_head *h, struct str v)
{
    if (h->minor == 0)
        return refuse(h, 400, "transfer-encoding in an HTTP/1.0 request");
    if (h->chunked)
        return refuse(h, 400, "more than one transfer-encoding");
    if (!str_eq_nocase(v, STR("chunked")))
        return refuse(h, 501, "the only transfer coding understood is a single chunked");
    h->chunked = true;
    return true;
}

static bool
take_host(struct http_head *h, struct str v, bool *seen)
{
    if (*seen)
        return refuse(h, 400, "more than one host header");
    *seen = true;
    if (!is_authority(v))
        return refuse(h, 400, "invalid host header");
    if (!h->host.p) /* the authority of an absolute target goes before Host (RFC 9112 3.2.2) */
        h->host = v;
    return true;
}

struct wishes {
    bool host, close, keep_alive;
};

static void
take_connection(struct str v, struct wishes *w)
{
    while (v.n) {
        const char *comma = memchr(v.p, ',', v.n);
        size_t n = comma ? (size_t)(comma - v.p) : v.n;
        struct str token = str_trim(str_make(v.p, n));
        if (str_eq_nocase(token, STR("close")))
            w->close = true;
        else if (str_eq_nocase(token, STR("keep-alive")))
            w->keep_alive = true;
        v = str_skip(v, n + (comma != NULL));
    }
}

static bool
take_expect(struct http_head *h, struct str v)
{
    if (h->minor == 0)
        return true; /* to be ignored there (RFC 9110 10.1.1) */
    if (!str_eq_nocase(v, STR("100-continue")))
        return refuse(h, 417, "unknown expectation");
    h->expect_continue = true;
    return true;
}

static bool
take_header(struct http_head *h, enum line kind, struct str v, struct wishes *w)
{
    switch (kind) {
    case LINE_HOST:
        return take_host(h, v, &w->host);
    case LINE_LENGTH:
        return take_length(h, v);
    case LINE_CODING:
        return take_coding(h, v);
    case LINE_CONNECTION:
        take_connection(v, w);
        return true;
    case LINE_EXPECT:
        return take_expect(h, v);
    case LINE_OTHER:
    case LINE_END:
    case LINE_BAD:
        break;
    }
    return true;
}

/* What can only be said when all lines are known. */
static bool
take_end(struct http_head *h, const struct wishes *w)
{
    if (h->minor >= 1 && !w->host)
        return refuse(h, 400, "no host header");
    if (h->chunked && h->has_length)
        return refuse(h, 400, "both content-length and transfer-encoding");
    h->keep_alive = !w->close && (h->minor >= 1 || w->keep_alive);
    return true;
}

static bool
parse_request_line(struct http_head *h, const char **at)
{
    if (!lex_method(at, &h->method))
        return refuse(h, 400, "invalid method in the request line");
    if (!lex_target(at, &h->target))
        return refuse(h, 400, "invalid target in the request line");
    h->path = h->target; /* in case of an error */
    return lex_version(at, h) && take_target(h);
}

/* Parse the header lines.  DONE when the empty line was taken. */
static enum http_head_result
parse_headers(struct http_head *h, const char **at, struct lines *l)
{
    struct wishes w = { false, false, false };
    for (;;) {
        if (*at == l->end && !lines_more(l))
            return HTTP_HEAD_MORE;
        struct http_header line;
        enum line kind = lex_name(at, l->limit, h, &line.name);
        if (kind == LINE_BAD)
            return HTTP_HEAD_BAD;
        if (kind == LINE_END)
            return take_end(h, &w) ? HTTP_HEAD_DONE : HTTP_HEAD_BAD;
        if (!lex_value(at, l->limit, h, &line.value) || !take_header(h, kind, line.value, &w))
            return HTTP_HEAD_BAD;
        if (h->n_headers == HTTP_HEADERS_MAX) {
            refuse(h, 431, "too many headers");
            return HTTP_HEAD_BAD;
        }
        h->headers[h->n_headers++] = line;
        h->name_lengths |= UINT64_C(1) << line.name.n % 64;
    }
}

static enum http_head_result
parse_lines(struct http_head *h, const char **at, struct lines *l)
{
    const char *begin = *at;
    if (begin[0] != '\r' && !begins_token(begin)) {
        refuse(h, 400, "this is not an HTTP request");
        return HTTP_HEAD_BAD;
    }
    if (!lines_more(l))
        return HTTP_HEAD_MORE;
    if (begin[0] == '\r' && begin[1] == '\n') {
        *at += 2;
        if (*at == l->end && !lines_more(l))
            return HTTP_HEAD_MORE;
    }
    if (!parse_request_line(h, at))
        return HTTP_HEAD_BAD;
    return parse_headers(h, at, l);
}

enum http_head_result
http_head_parse(struct http_head *h, const char *p, size_t n, size_t max, size_t *seen,
                size_t *used)
{
    struct http_header *headers = h->headers;
    memset(h, 0, sizeof *h);
    h->headers = headers;
    bool full = n >= max;
    if (full)
        n = max;
    if (n == 0)
        return HTTP_HEAD_MORE;
    if (*seen && !full && (*seen >= n || !memchr(p + *seen, '\n', n - *seen))) {
        *seen = n;
        return HTTP_HEAD_MORE;
    }
    const char *at = p;
    struct lines l = { .end = p, .searched = p, .limit = p + n };
    enum http_head_result r = parse_lines(h, &at, &l);
    *used = (size_t)(at - p);
    if (r != HTTP_HEAD_MORE)
        return r;
    *seen = n;
    if (!full)
        return HTTP_HEAD_MORE;
    if (h->method.p)
        refuse(h, 431, "the request's head is too large");
    else
        refuse(h, 414, "the request line is too long");
    return HTTP_HEAD_BAD;
}

struct str
http_head_get(const struct http_head *h, struct str name)
{
    /* Most of what is asked for is not there, and no other name is as long. */
    if (h->name_lengths && !(h->name_lengths >> name.n % 64 & 1))
        return (struct str){ NULL, 0 };
    for (size_t i = 0; i < h->n_headers; i++)
        if (str_eq_nocase(h->headers[i].name, name))
            return h->headers[i].value;
    return (struct str){ NULL, 0 };
}
