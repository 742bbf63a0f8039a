/* Reading the reply to an HTTP/1.1 request, as a client that only counts.
 *
 *   head ─┬─ Content-Length ──┬─► done       in an event stream: events and their bytes
 *         ├─ chunked ─────────┤
 *         └─ until the close ─┘ */
#ifndef LLMUX_BENCH_REPLY_H
#define LLMUX_BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_HEAD_MAX 2048
#define REPLY_TAIL     32

enum reply_state {
    REPLY_HEAD,
    REPLY_LENGTH, /* `left` bytes of body to come */
    REPLY_CLOSE,  /* the body ends with the connection */
    REPLY_CHUNK_SIZE,
    REPLY_CHUNK_DATA, /* `left` bytes of the chunk to come */
    REPLY_CHUNK_END,  /* the line end behind its data */
    REPLY_TRAILER,
    REPLY_DONE,
    REPLY_BAD,
};

/* All zeros for a new reply. */
struct reply {
    enum reply_state state;
    int status;
    bool is_stream; /* text/event-stream */
    bool closes;    /* the server will close the connection */
    uint64_t left;
    uint64_t bytes;  /* of the body */
    uint64_t events; /* with a data line; comments do not count */
    size_t line;     /* bytes of the event's line so far; it may go on in the next chunk */
    char first;      /* of the line */
    bool has_data;   /* in the event so far */
    size_t trailer;  /* bytes of the trailer's line so far */
    size_t head_n;
    char head[REPLY_HEAD_MAX];
    char tail[REPLY_TAIL]; /* the body's last bytes, zeros in front of a shorter one */
};

/* Take bytes from the connection.  Returns how many belong to this reply: all, unless it is DONE. */
size_t reply_feed(struct reply *r, const char *p, size_t n);

/* The connection has ended: is the reply complete? */
bool reply_closed(struct reply *r);

/* Is the text among the body's last REPLY_TAIL bytes? */
bool reply_ends_with(const struct reply *r, const char *text);

#endif
