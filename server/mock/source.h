/* Where the bytes of a reply come from, piece by piece: a piece is an event of a stream, or the
 * whole of a whole reply. */
#ifndef LLMUX_MOCK_SOURCE_H
#define LLMUX_MOCK_SOURCE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "server/mock/route.h"

enum mock_piece {
    MOCK_PIECE_END,   /* there is none: the reply was complete */
    MOCK_PIECE_FREE,  /* comes at once */
    MOCK_PIECE_TOKEN, /* counts for the rate of tokens */
};

struct mock_source {
    /* Append the next piece to out; never nothing before MOCK_PIECE_END. */
    enum mock_piece (*next)(struct mock_source *s, struct buf *out);
    /* Append an error in the form of the dialect: an event, or a whole body.  NULL: cannot. */
    void (*fail)(struct mock_source *s, struct buf *out);
    void (*free)(struct mock_source *s);
};

enum mock_form { MOCK_FORM_WHOLE, MOCK_FORM_STREAM };

/* The functions below take over the arena a, in which what they are given may lie, and free it in
 * the end (or at once, when memory ran out and they return NULL).  What lies elsewhere must outlive
 * the source. */

/* Bytes as one piece. */
struct mock_source *mock_source_bytes(struct str bytes, struct arena *a);

/* The frames of a stream. */
struct mock_source *mock_source_events(struct str bytes, enum framing framing, struct arena *a);

/* A reply, written by its dialect.  usage: does the client want it in a stream? */
struct mock_source *
mock_source_reply(const struct mock_route *r, const struct ir_reply *reply, enum mock_form form,
                  enum ir_bool usage, unsigned token_bytes, struct arena *a);

#endif
