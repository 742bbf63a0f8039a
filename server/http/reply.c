/* The owner's side of a reply: heads, framing, and bytes into the connection's output. */
#include <assert.h>

#include "runtime/base/digits.h"
#include "server/http/private.h"
#include "server/http/status.h"

/* So much output does not wait for the end of the turn. */
#define EAGER (128 * 1024)

/* Does this module write that header itself?  Framing and hop-by-hop headers (RFC 9110 7.6.1), and
 * Date. */
static bool
is_ours(struct str name)
{
    switch (name.n) {
    case 2:
        return str_eq_nocase(name, STR("te"));
    case 4:
        return str_eq_nocase(name, STR("date"));
    case 7:
        return str_eq_nocase(name, STR("trailer")) || str_eq_nocase(name, STR("upgrade"));
    case 10:
        return str_eq_nocase(name, STR("connection")) || str_eq_nocase(name, STR("keep-alive"));
    case 14:
        return str_eq_nocase(name, STR("content-length"));
    case 16:
        return str_eq_nocase(name, STR("proxy-connection"));
    case 17:
        return str_eq_nocase(name, STR("transfer-encoding"));
    }
    return false;
}

static char *
put(char *to, struct str s)
{
    if (s.n) /* one that is empty may be nowhere */
        memcpy(to, s.p, s.n);
    return to + s.n;
}

static char *
clean(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\r' || p[i] == '\n' || p[i] == 0)
            p[i] = ' ';
    return p + n;
}

/* The lines of those that are not ours.  Bytes in them that would end a line are looked for once they all stand there: then
 * there are more control characters than the line ends, two for each. */
static char *
put_headers(char *to, const struct http_header *headers, size_t n)
{
    char *begin = to;
    size_t controls = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_ours(headers[i].name))
            continue;
        to = put(to, headers[i].name);
        to = put(to, STR(": "));
        to = put(to, headers[i].value);
        to = put(to, STR("\r\n"));
        controls += 2;
    }
    if (str_count_controls(str_make(begin, (size_t)(to - begin))) == controls)
        return to;
    char *p = begin;
    for (size_t i = 0; i < n; i++)
        if (!is_ours(headers[i].name))
            p = clean(clean(p, headers[i].name.n) + 2, headers[i].value.n) + 2;
    return to;
}

static char *
put_number(char *to, size_t n)
{
    char digits[DIGITS_ROOM];
    return put(to, digits_of(digits, n, 1));
}

static void
borrow_output(struct http_conn *c)
{
    if (!c->out.buf.p)
        http_server_lend(c->server, &c->out.buf);
}

/* How the body ends, and what that means for the connection. */
static void
choose_framing(struct http_exchange *x, int status, size_t length)
{
    struct http_conn *c = x->conn;
    x->begun = true;
    x->left = length;
    x->swallow = status == 204 || status == 304 || str_is(x->head.method, "HEAD");
    if (length == HTTP_LENGTH_UNKNOWN) {
        x->is_chunked = x->head.minor >= 1;
        c->until_close = !x->is_chunked && !x->swallow;
    }
    if (c->until_close || !x->head.keep_alive || c->server->draining)
        c->closing = true;
}

static char *
put_framing(char *p, const struct http_exchange *x, int status)
{
    if (status != 204) { /* RFC 9110 8.6, RFC 9112 6.1 */
        if (x->is_chunked) {
            p = put(p, STR("Transfer-Encoding: chunked\r\n"));
        } else if (x->left != HTTP_LENGTH_UNKNOWN && (status != 304 || x->left)) {
            p = put(p, STR("Content-Length: "));
            p = put_number(p, x->left);
            p = put(p, STR("\r\n"));
        }
    }
    if (x->conn->closing)
        p = put(p, STR("Connection: close\r\n"));
    else if (x->head.minor == 0)
        p = put(p, STR("Connection: keep-alive\r\n"));
    return put(p, STR("\r\n"));
}

void
http_reply_begin(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
                 size_t length)
{
    struct http_conn *c = x->conn;
    assert(!x->begun);
    if (status < 200 || status > 999)
        status = 500;
    choose_framing(x, status, length);
    struct str reason = http_status_text(status), date = http_server_date(c->server);
    size_t room = reason.n + date.n + 128;
    for (size_t i = 0; i < n; i++)
        room += headers[i].name.n + headers[i].value.n + 4;
    borrow_output(c);
    char *begin = http_output_room(&c->out, room), *p = begin;
    http_conn_touch(c);
    if (!begin)
        return; /* the flush sees the buffer's error */
    p = put(p, STR("HTTP/1.1 "));
    p = put_number(p, (size_t)status);
    p = put(p, STR(" "));
    p = put(p, reason);
    p = put(p, STR("\r\n"));
    p = put(p, date);
    p = put_headers(p, headers, n);
    p = put_framing(p, x, status);
    assert((size_t)(p - begin) <= room);
    c->out.buf.n += (size_t)(p - begin);
}

/* Bytes were appended: see that they are written, and whether there are too many. */
static enum http_flow
appended(struct http_exchange *x)
{
    struct http_conn *c = x->conn;
    const struct http_limits *limits = &c->server->limits;
    http_conn_touch(c);
    if (http_output_pending(&c->out) >= EAGER)
        http_conn_flush(c);
    size_t pending = http_output_pending(&c->out);
    if (c->out.buf.err || pending > limits->max_pending)
        c->lost = LOST_RESET;
    if (pending <= limits->high_water)
        return HTTP_FLOW_GO;
    x->waits = true;
    return HTTP_FLOW_WAIT;
}

enum http_flow
http_reply_body(struct http_exchange *x, struct str bytes)
{
    struct http_conn *c = x->conn;
    assert(x->begun);
    if (c->lost || x->swallow || bytes.n == 0)
        return HTTP_FLOW_GO;
    borrow_output(c);
    if (x->is_chunked) {
        http_output_put_chunk(&c->out, bytes);
    } else {
        if (x->left != HTTP_LENGTH_UNKNOWN) {
            if (bytes.n > x->left)
                bytes.n = x->left;
            x->left -= bytes.n;
        }
        http_output_put(&c->out, bytes);
    }
    return appended(x);
}

/* The owner is through with x. */
static void
finish(struct http_exchange *x)
{
    struct http_conn *c = x->conn;
    http_exchange_free(c);
    c->state = CONN_FLUSH;
    http_conn_touch(c);
}

void
http_reply_end(struct http_exchange *x)
{
    struct http_conn *c = x->conn;
    bool is_short = x->left != HTTP_LENGTH_UNKNOWN && x->left && !x->swallow;
    if (x->begun ? is_short : !x->raw) {
        http_reply_abort(x, HTTP_ABORT_CLOSE);
        return;
    }
    if (x->is_chunked && !x->swallow && !c->lost)
        http_output_put(&c->out, HTTP_CHUNKED_LAST);
    finish(x);
}

void
http_reply_abort(struct http_exchange *x, enum http_abort how)
{
    struct http_conn *c = x->conn;
    c->closing = c->aborted = true;
    if (!c->lost && how == HTTP_ABORT_RESET)
        c->lost = LOST_RESET;
    finish(x);
}

void
http_reply(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
           struct str body)
{
    http_reply_begin(x, status, headers, n, body.n);
    http_reply_body(x, body);
    http_reply_end(x);
}

bool
http_reply_begun(const struct http_exchange *x)
{
    return x->begun;
}

size_t
http_reply_pending(const struct http_exchange *x)
{
    return http_output_pending(&x->conn->out);
}

void
http_reply_flush(struct http_exchange *x)
{
    http_conn_flush(x->conn);
    http_conn_touch(x->conn);
}

void
http_reply_raw(struct http_exchange *x, struct str bytes)
{
    x->raw = true;
    x->conn->closing = true;
    if (!x->conn->lost)
        http_output_put(&x->conn->out, bytes);
    appended(x);
}
