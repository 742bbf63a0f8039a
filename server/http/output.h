/* Reply bytes on their way to a socket: one contiguous buffer, whose tail may be an open chunk.
 *
 *   buf.p            sent                  chunk       chunk + gap           buf.n
 *   |-- written -----|-- framed, waiting ---|-- gap -----|-- chunk's data -----|
 *
 * The size of a chunk is known when it is closed, just before a write.  Its size line then goes
 * into the end of the gap, and what waits before the gap, which is nothing or a short head as a
 * rule, moves up to it. */
#ifndef LLMUX_HTTP_OUTPUT_H
#define LLMUX_HTTP_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"

struct http_output {
    struct buf buf;
    size_t sent;  /* sent <= chunk <= buf.n when a chunk is open */
    size_t chunk; /* HTTP_OUTPUT_NO_CHUNK: none is open */
};

#define HTTP_OUTPUT_NO_CHUNK SIZE_MAX

/* Never holds more than cap bytes; reaching it sets buf.err, which is sticky. */
void http_output_init(struct http_output *o, size_t cap);
void http_output_fini(struct http_output *o);
/* Room for n bytes outside of chunks, or NULL when buf.err is set.  The caller adds what it wrote
 * to o->buf.n. */
char *http_output_room(struct http_output *o, size_t n);
/* Append outside of chunks. */
void http_output_put(struct http_output *o, struct str s);
/* Append to the open chunk; opens one. */
void http_output_put_chunk(struct http_output *o, struct str s);
/* What can be written now.  Closes the open chunk.  Valid until the next call. */
struct str http_output_ready(struct http_output *o);
/* n bytes of http_output_ready were written. */
void http_output_written(struct http_output *o, size_t n);

/* Bytes that wait to be written, the gap included. */
static inline size_t
http_output_pending(const struct http_output *o)
{
    return o->buf.n - o->sent;
}

#endif
