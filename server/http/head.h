/* The head of an HTTP/1.x request, parsed strictly.
 *
 *   "POST /v1/messages?beta=true HTTP/1.1\r\n"     method, target = path [ "?" query ], minor
 *   "Host: api.example\r\n"                        headers[0]
 *   "Content-Length: 12\r\n"                       headers[1]
 *   "\r\n"
 *
 * Refused, because two parsers in a row that read them differently make a smuggled request: bare
 * LF, obs-fold, white space around a header's name, repeated or signed or overflowing lengths, a
 * length beside a transfer coding, any transfer coding but one "chunked", transfer codings in
 * HTTP/1.0, control characters anywhere, no Host in HTTP/1.1, two Hosts. */
#ifndef LLMUX_HTTP_HEAD_H
#define LLMUX_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define HTTP_HEADERS_MAX 100         /* header lines in one head */
#define HTTP_HEAD_MAX    (64 * 1024) /* bytes of one head, when nothing else is configured */

struct http_header {
    struct str name;  /* as the client wrote it */
    struct str value; /* without the white space around it; present even when empty */
};

/* Every str points into the parsed bytes, except that path may be a literal. */
struct http_head {
    struct str method;
    struct str target;           /* as on the request line */
    struct str path;             /* "/v1/messages"; not decoded; "*" for OPTIONS * */
    struct str query;            /* behind the '?'; absent without one */
    struct str host;             /* of an absolute target, else of Host; may be empty or absent */
    unsigned minor;              /* HTTP/1.<minor>: 0, or 1 for 1.1 and any later 1.x */
    struct http_header *headers; /* the caller's array of HTTP_HEADERS_MAX, in wire order */
    size_t n_headers;
    /* A bit for each length, modulo 64, that a name has; 0: they were not looked at. */
    uint64_t name_lengths;
    size_t content_length; /* 0 without one */
    bool has_length;
    bool chunked;         /* never together with has_length */
    bool keep_alive;      /* what version and Connection ask for */
    bool expect_continue; /* never in HTTP/1.0 */
    int status;           /* of a refusal: 400, 413, 417, 431, 501 or 505 */
    const char *reason;   /* of a refusal, to be shown to the client: lower case, static */
};

enum http_head_result {
    HTTP_HEAD_MORE, /* call again with the same bytes and more behind them */
    HTTP_HEAD_DONE,
    HTTP_HEAD_BAD, /* status and reason say why; method and path are set if they were sound */
};

/* Parse the n bytes at p, the beginning of a request (one empty line before it is tolerated, RFC
 * 9112 2.2). h->headers must be set; the function sets everything else.  On HTTP_HEAD_DONE *used is
 * the length of the head with its empty line.  Results point into p.
 *
 * *seen is 0 for a new head and belongs to the function until the head is done: it keeps the cost
 * of a head that arrives in small pieces linear.  The result is the same for every way of splitting
 * the input.  A head longer than max bytes is refused with 431. */
enum http_head_result http_head_parse(struct http_head *h, const char *p, size_t n, size_t max,
                                      size_t *seen, size_t *used);

/* The value of the first header of that name in any letter case, or absent. */
struct str http_head_get(const struct http_head *h, struct str name);

#endif
