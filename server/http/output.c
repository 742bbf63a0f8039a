/* Keeping chunks open for as long as possible, so that many small pieces of a body share one. */
#include "server/http/output.h"

#include <string.h>

#include "server/wire/chunked.h"

#define GAP 10 /* a size line of up to 8 digits: the buffer's cap keeps chunks below 4 GiB */

/* Written bytes at the front are kept until so many are there, so that each is moved once at
 * most. */
#define SENT_MAX 16384

void
http_output_init(struct http_output *o, size_t cap)
{
    buf_init(&o->buf, cap < UINT32_MAX ? cap : UINT32_MAX);
    o->sent = 0;
    o->chunk = HTTP_OUTPUT_NO_CHUNK;
}

void
http_output_fini(struct http_output *o)
{
    buf_fini(&o->buf);
    o->sent = 0;
    o->chunk = HTTP_OUTPUT_NO_CHUNK;
}

static void
close_chunk(struct http_output *o)
{
    size_t begin = o->chunk, n = o->buf.n - begin - GAP;
    o->chunk = HTTP_OUTPUT_NO_CHUNK;
    char line[HTTP_CHUNKED_SIZE_LINE];
    size_t k = http_chunked_size_line(line, n);
    memmove(o->buf.p + o->sent + GAP - k, o->buf.p + o->sent, begin - o->sent);
    memcpy(o->buf.p + begin + GAP - k, line, k);
    o->sent += GAP - k;
    buf_put(&o->buf, "\r\n", 2);
}

/* Give the room of written bytes to new ones. */
static void
reclaim(struct http_output *o)
{
    if (o->sent < SENT_MAX || o->sent < o->buf.n / 2)
        return;
    buf_consume(&o->buf, o->sent);
    if (o->chunk != HTTP_OUTPUT_NO_CHUNK)
        o->chunk -= o->sent;
    o->sent = 0;
}

char *
http_output_room(struct http_output *o, size_t n)
{
    if (o->chunk != HTTP_OUTPUT_NO_CHUNK)
        close_chunk(o);
    reclaim(o);
    return buf_room(&o->buf, n);
}

void
http_output_put(struct http_output *o, struct str s)
{
    if (s.n && http_output_room(o, s.n))
        buf_puts(&o->buf, s);
}

void
http_output_put_chunk(struct http_output *o, struct str s)
{
    if (s.n == 0)
        return;
    reclaim(o);
    if (o->chunk == HTTP_OUTPUT_NO_CHUNK) {
        if (!buf_room(&o->buf, GAP + s.n + 2))
            return;
        o->chunk = o->buf.n;
        o->buf.n += GAP;
    }
    buf_puts(&o->buf, s);
}

struct str
http_output_ready(struct http_output *o)
{
    if (o->chunk != HTTP_OUTPUT_NO_CHUNK)
        close_chunk(o);
    return str_skip(buf_str(&o->buf), o->sent);
}

void
http_output_written(struct http_output *o, size_t n)
{
    o->sent += n;
    if (o->sent == o->buf.n) {
        o->sent = 0;
        buf_clear(&o->buf);
    }
}
