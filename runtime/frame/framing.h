/* The framings: how documents stand one behind the other in a stream, and what is known of each. */
#ifndef LLMUX_FRAME_FRAMING_H
#define LLMUX_FRAME_FRAMING_H

#include <stdbool.h>

#include "runtime/base/str.h"

enum framing {
    FRAMING_SSE,         /* server-sent events, runtime/sse/ */
    FRAMING_NDJSON,      /* a document a line */
    FRAMING_ARRAY,       /* one JSON array, written in pieces; its elements are the documents */
    FRAMING_EVENTSTREAM, /* binary messages with checksums, eventstream.h */
};
#define FRAMINGS 4

/* A set of framings has the bit 1u << framing for each. */
static inline bool
framing_is_in(unsigned set, enum framing f)
{
    return set >> f & 1;
}

/* As in specs: "sse". */
struct str framing_name(enum framing f);
/* The content type of such a stream. */
struct str framing_type(enum framing f);
/* Bytes that may stand between two frames, or in front of the first, and say nothing: they keep a
 * connection alive.  Empty where there are none that all clients bear. */
struct str framing_beat(enum framing f);

/* Can a stream begin so?  s has at least one byte; it may be the first of more. */
bool framing_fits(enum framing f, struct str s);
/* Of the framings in `set`, which one is it, judged by the first bytes?  `other` when none fits. */
enum framing framing_of(unsigned set, enum framing other, struct str s);

#endif
