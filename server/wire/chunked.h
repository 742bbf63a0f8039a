/* The chunked transfer coding (RFC 9112 7.1), strictly.
 *
 *   "5;ext=1\r\n" "hello\r\n" "0\r\n" "Trailer: x\r\n" "\r\n"
 *    size line     data        last    discarded        end
 *
 * Extensions and trailers are legal, bounded and discarded.  Refused: signs, prefixes and white
 * space around a size, sizes that overflow, bare CR and bare LF, control characters, data that does
 * not end in CRLF. */
#ifndef LLMUX_WIRE_CHUNKED_H
#define LLMUX_WIRE_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define HTTP_CHUNKED_EXTENSIONS (16 * 1024) /* bytes of all extensions in one body */
#define HTTP_CHUNKED_TRAILERS   (16 * 1024) /* bytes of the trailer section */

struct http_chunked {
    int state;                   /* 0 at first; else private */
    unsigned digits;             /* of the size being read */
    uint64_t left;               /* of the chunk's data */
    size_t extensions, trailers; /* bytes seen */
};

enum http_chunked_result {
    HTTP_CHUNKED_MORE, /* *in is used up */
    HTTP_CHUNKED_DATA, /* *data is some of the body; call again */
    HTTP_CHUNKED_DONE, /* the body is complete; *in is what follows it */
    HTTP_CHUNKED_BAD,  /* for ever after */
};

/* Take bytes from the front of *in.  c is all zeros for a new body.  *data points into *in, and is
 * never empty on HTTP_CHUNKED_DATA.  The data and the last result are the same for every way of
 * splitting the input. */
enum http_chunked_result
http_chunked_next(struct http_chunked *c, struct str *in, struct str *data);

/* Room that http_chunked_size_line needs. */
#define HTTP_CHUNKED_SIZE_LINE 18

/* Write the size line of a chunk of n bytes; returns its length.  The chunk's data and a CRLF
 * follow. */
size_t http_chunked_size_line(char *out, size_t n);

/* The end of a body. */
#define HTTP_CHUNKED_LAST STR("0\r\n\r\n")

#endif
