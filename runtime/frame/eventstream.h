/* The binary event stream (media type application/vnd.amazon.eventstream), in and out.
 *
 *   total u32 | headers u32 | crc32 of these 8 | headers ... | payload ... | crc32 of all before
 *   header:  name length u8 | name | type u8 | value
 *
 * Numbers are big-endian, the checksums are those of zlib.  A value is as long as its type says: true and
 * false 0 bytes, byte 1, short 2, int 4, long 8, bytes and string a u16 and so many bytes, timestamp 8,
 * uuid 16.  Source: the published description of the encoding and its test vectors, and recorded
 * traffic, of which every message has both checksums right.
 *
 * What a message means stands in headers: ":message-type" is event, exception or error;
 * ":event-type", ":exception-type" or ":error-code" says which; ":error-message" is an error's text.
 *
 * The lengths of a message are believed only after their checksum was right.  A message may be as
 * large as the limit; one that says it is larger is ERR_LIMIT before any of it is kept.  What is
 * wrong otherwise is ERR_SYNTAX.  What is delivered, offsets included, depends on the bytes alone, not on how
 * they are cut into feeds. */
#ifndef LLMUX_FRAME_EVENTSTREAM_H
#define LLMUX_FRAME_EVENTSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

#define EVENTSTREAM_MAX         (16u << 20)  /* a message: the published limit of a payload */
#define EVENTSTREAM_HEADERS_MAX (128u << 10) /* all headers of a message: the published limit */

enum eventstream_type {
    EVENTSTREAM_TRUE,
    EVENTSTREAM_FALSE,
    EVENTSTREAM_BYTE,
    EVENTSTREAM_SHORT,
    EVENTSTREAM_INT,
    EVENTSTREAM_LONG,
    EVENTSTREAM_BYTES,
    EVENTSTREAM_STRING,
    EVENTSTREAM_TIMESTAMP,
    EVENTSTREAM_UUID,
};

struct eventstream_header {
    struct str name;
    enum eventstream_type type;
    /* as on the wire, numbers big-endian; of bytes and strings without the length */
    struct str value;
};

struct eventstream_message {
    struct str headers; /* for eventstream_header_next; they are well formed */
    struct str payload;
    size_t start, end; /* where it lies in the stream */
};

/* Called for each message; spans are valid only during the call.  A result other than ERR_OK stops
 * the decoder, which then returns it for ever.  Must not call the decoder. */
typedef enum err eventstream_fn(void *ctx, const struct eventstream_message *m);

struct eventstream {
    eventstream_fn *message;
    void *ctx; /* borrowed */
    enum err err;
    const char *why; /* with ERR_SYNTAX, ERR_LIMIT and ERR_TRUNCATED: "a checksum is wrong" */
    size_t limit;
    size_t offset;   /* bytes consumed; after an error where the message begins */
    struct buf held; /* the beginning of a message, carried over to the next feed */
    size_t total;    /* of the message in `held`, 0: its lengths were not looked at */
    size_t headers;  /* bytes */
};

/* Messages may be limit bytes long.  Allocates nothing yet. */
void eventstream_init(struct eventstream *s, size_t limit, eventstream_fn *message, void *ctx);
void eventstream_fini(struct eventstream *s);
/* Ready for a new stream; keeps memory. */
void eventstream_reset(struct eventstream *s);
/* Feed n bytes.  Calls s->message zero or more times before returning.  Returns ERR_OK, or the first
 * error for ever after.  Messages that lie whole within one feed are delivered without copying. */
MUST_CHECK enum err eventstream_feed(struct eventstream *s, const char *p, size_t n);
/* The stream is over.  ERR_TRUNCATED when a message was under way. */
MUST_CHECK enum err eventstream_end(struct eventstream *s);

/* Take the next header off *headers; false when there is none, or (in bytes that did not come from the
 * decoder) when what stands there is none. */
bool eventstream_header_next(struct str *headers, struct eventstream_header *h);
/* The value of the header of this name when it is a string, else absent. */
struct str eventstream_string(const struct eventstream_message *m, const char *name);

/* A message being written to the end of `out`.  Nothing else may be appended to it or taken off in
 * between but the payload. */
struct eventstream_writer {
    struct buf *out; /* borrowed */
    size_t start;    /* where the message begins in out */
    size_t payload;  /* where its payload does */
};
void eventstream_open(struct eventstream_writer *w, struct buf *out);
/* A header that is a string.  name is 1 to 255 bytes long, value at most 65535. */
void eventstream_put(struct eventstream_writer *w, struct str name, struct str value);
/* All that was appended to out behind the last header is the payload.  Fill in lengths and checksums; an error
 * stays in out. */
void eventstream_close(struct eventstream_writer *w);

#endif
