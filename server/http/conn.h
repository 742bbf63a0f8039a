/* The server side of HTTP/1.1: requests in, replies out.
 *
 *   bytes ─► head ─► [admit] ─► body ─► request(x) ──── http_reply_begin, _body ..., _end ──► bytes
 *                                          │
 *                                          └─ the client leaves: gone(x)
 *
 * A struct http_exchange is one request and its reply.  It begins when a handler function first
 * sees it.  It ends, and the pointer dies, in exactly one of these: http_reply_end,
 * http_reply_abort, or when gone() returns.
 *
 * All functions belong to the thread of the server's event loop.  The reply functions never call
 * the handler: what they cause (gone, drained, the next request) is called later, from the loop.
 * They may be called from inside any handler function, and from timers and other callbacks of the
 * same loop.
 *
 * Bytes are collected during a turn of the loop and written once at its end, so http_reply_body may
 * be called as often as is convenient.  In a chunked reply what was collected becomes one chunk.
 *
 * A client that shuts down its sending side while it waits for the reply counts as gone, as with
 * nginx: the kernel shows the same for it as for a client that closed, and a reply nobody reads
 * costs money upstream.  If the FIN comes in the same turn as the request, a handler that answers
 * at once still answers. */
#ifndef LLMUX_HTTP_CONN_H
#define LLMUX_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"
#include "server/http/head.h"

struct http_exchange;

struct http_handler {
    void *ctx; /* handed to every function below */

    /* A head is complete; its body, if any, was not read yet.  Return 0 to go on, or the status to
     * refuse the request with: error() then renders it.  *max_body is the server's limit and may be
     * changed for this request. x may be looked at but not kept or answered.  Optional. */
    int (*admit)(void *ctx, const struct http_exchange *x, size_t *max_body);

    /* A request is complete.  Answer now or later. */
    void (*request)(void *ctx, struct http_exchange *x);

    /* The client is lost (closed, reset, too slow to read, or the server closes).  Called once at
     * most, and only between request() and the end of x.  x dies when the function returns; do not
     * answer it.  Required if request() ever returns before the reply's end. */
    void (*gone)(void *ctx, struct http_exchange *x);

    /* After http_reply_body returned HTTP_FLOW_WAIT: the client has caught up, go on.  Optional. */
    void (*drained)(void *ctx, struct http_exchange *x);

    /* A request that cannot be served: a bad head (then the exchange's head may lack method and
     * path), a body over its limit (413), a bad chunk (400), time out (408), too many bodies at a
     * time (503), or what admit() returned.  Neither request() nor gone() is called for it.  Must
     * answer completely before it returns; the connection closes after that. reason is static text.
     * Without this function the answer is
     * {"error":{"type":"invalid_request_error","message":reason}}. */
    void (*error)(void *ctx, struct http_exchange *x, int status, const char *reason);
};

/* The request.  Valid until x dies.  Header values never contain control characters but TAB. */
const struct http_head *http_exchange_head(const struct http_exchange *x);
/* The whole body, decoded; empty without one.  Valid until x dies or http_exchange_drop_body. */
struct str http_exchange_body(const struct http_exchange *x);
/* Free the body: when it was translated and only the reply is still to come. */
void http_exchange_drop_body(struct http_exchange *x);
/* The client's address without the port ("192.0.2.1", "2001:db8::1"; "unix" for a local socket).
 * Valid until x dies. */
struct str http_exchange_peer(const struct http_exchange *x);
/* Was the request sent over TLS? */
bool http_exchange_is_tls(const struct http_exchange *x);
/* The microsecond, on CLOCK_MONOTONIC, at which the request was complete. */
uint64_t http_exchange_time_us(const struct http_exchange *x);
/* One pointer of the owner's, NULL at first. */
void http_exchange_set_data(struct http_exchange *x, void *data);
void *http_exchange_data(const struct http_exchange *x);

enum http_flow {
    HTTP_FLOW_GO,
    HTTP_FLOW_WAIT, /* more than high_water bytes wait for the client: pause until drained() */
};

enum http_abort {
    HTTP_ABORT_CLOSE, /* send what is pending, then close without the end of the message */
    HTTP_ABORT_RESET, /* drop what is pending and reset the connection */
};

/* For http_reply_begin: the length is not known (chunked; in HTTP/1.0 the connection's end is the
 * body's). */
#define HTTP_LENGTH_UNKNOWN SIZE_MAX

/* Begin the reply.  `length` is the exact number of body bytes to come, or HTTP_LENGTH_UNKNOWN. The
 * headers are copied. Date, Connection, Content-Length, Transfer-Encoding and other hop-by-hop
 * headers are written by this module; the same names in `headers` are skipped, so that an
 * upstream's headers can be passed as they are.  CR, LF and NUL in a name or value become spaces.
 * For HEAD, 204 and 304 the body is swallowed. */
void http_reply_begin(struct http_exchange *x, int status, const struct http_header *headers,
                      size_t n, size_t length);
/* Append to the body.  The bytes are copied.  If the source does not heed HTTP_FLOW_WAIT and the
 * pending bytes reach the server's max_pending, the client is given up: gone() follows. */
enum http_flow http_reply_body(struct http_exchange *x, struct str bytes);
/* Finish the reply; x is dead.  Before http_reply_begin, or with fewer bytes than announced, this
 * is an abort. */
void http_reply_end(struct http_exchange *x);
/* Break the reply off so that the client can tell: x is dead.  Also without http_reply_begin. */
void http_reply_abort(struct http_exchange *x, enum http_abort how);
/* begin, body, end. */
void http_reply(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
                struct str body);

/* Has http_reply_begin been called? */
bool http_reply_begun(const struct http_exchange *x);
/* Reply bytes that the kernel has not yet taken. */
size_t http_reply_pending(const struct http_exchange *x);

/* For emulating servers, good and bad: */

/* Try to write what is pending now; in a chunked reply this ends the chunk. */
void http_reply_flush(struct http_exchange *x);
/* Bytes for the wire as they are, outside of any framing, instead of or between the functions
 * above.  The connection will close after this exchange. */
void http_reply_raw(struct http_exchange *x, struct str bytes);

#endif
