/* A provider's stream on its way to the client.
 *
 *                                 ┌─ COPY: the bytes, frame by frame, as they came
 *   bytes ─► xd_reader ─► events ─┼─ TRANSLATE: xd_writer in the client's dialect
 *                           │     └─ COLLECT: the whole reply, for a client that wants no stream
 *                           └─► tally, taps
 *
 * A frame that was not understood is never copied: a stream that breaks ends at the border of a
 * frame, so that the error behind it can be read. */
#ifndef LLMUX_GATEWAY_STREAM_H
#define LLMUX_GATEWAY_STREAM_H

#include "runtime/ir/reply.h"
#include "runtime/xd/seal_ids.h"
#include "runtime/xd/translate.h"

struct exchange;
struct restoring;

enum stream_mode {
    STREAM_COPY,
    STREAM_TRANSLATE,
    STREAM_COLLECT,
};

struct stream {
    bool open;   /* the rest is valid */
    bool writes; /* ... writer is, too */
    enum stream_mode mode;
    struct xd_reader reader;
    struct restoring
        *restoring;      /* owned, TRANSLATE: puts back what the request had hidden; or NULL */
    struct seal_ids ids; /* TRANSLATE: without an arena, nothing is to be put in ids */
    union {
        struct xd_writer writer;       /* TRANSLATE */
        struct ir_collector collector; /* COLLECT */
        struct {                       /* COPY; offsets count from the stream's first byte */
            struct buf held;           /* bytes that were fed, but not sent yet ... */
            size_t held_at;            /* ... from here */
            struct str piece;          /* being fed ... */
            size_t piece_at;           /* ... from here: held_at + held.n */
            size_t from, to;           /* understood and to be sent; held_at <= from <= to */
            bool said_error;           /* the provider's own error event is among the copied */
            struct xd_seals seals;     /* of all frames, as some streams say everything twice */
        } copy;
    };
};

/* The first bytes of a stream are there, `head` without blanks before them.  False when memory is
 * short. */
MUST_CHECK bool stream_open(struct exchange *x, struct str head);
/* n more bytes; n > 0.  False when that finished the attempt, and the exchange with it, perhaps. */
bool stream_feed(struct exchange *x, const char *p, size_t n);
/* The provider closed properly, or e says how it did not. */
void stream_end(struct exchange *x, const struct ir_error *e);
/* Let go of what one stream needs, if it is open. */
void stream_close(struct stream *s);
/* Free s, which may be NULL. */
void stream_destroy(struct stream *s);

/* A whole reply to a client that wants a stream. */
void stream_speak(struct exchange *x, const struct ir_reply *reply);

#endif
