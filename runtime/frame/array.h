/* One JSON array in, written in pieces: its elements are the frames, whatever the cuts.
 *
 *   [{"a":1}\n,\r\n{"a":2}]\n
 *    └frame┘      └frame┘└ FRAME_LAST; what comes behind it is not looked at
 *
 * Elements are objects: anything else between the brackets is ERR_SYNTAX.  An element is given when
 * its last brace has come.  Blanks, commas and a BOM are skipped.  An element has a size limit;
 * crossing it is ERR_LIMIT.  What is inside of an element is for its reader to judge: here only
 * braces, brackets and strings count.  What is delivered depends on the bytes alone, not on how
 * they are cut into feeds. */
#ifndef LLMUX_FRAME_ARRAY_H
#define LLMUX_FRAME_ARRAY_H

#include "runtime/base/buf.h"
#include "runtime/frame/frame.h"

enum array_state { ARRAY_BEFORE, ARRAY_BETWEEN, ARRAY_INSIDE, ARRAY_BEHIND };

struct array {
    frame_fn *frame;
    void *ctx; /* borrowed */
    enum err err;
    size_t limit;
    size_t offset; /* bytes consumed of the stream; after an error, where it is: the element for
                    * ERR_LIMIT, the byte for ERR_SYNTAX */
    enum array_state state;
    size_t depth;       /* of braces and brackets inside of an element */
    bool text, escaped; /* inside of a string; behind a backslash */
    struct buf element; /* the part of an element that was carried over */
};

/* An element may be limit bytes long.  Allocates nothing yet. */
void array_init(struct array *a, size_t limit, frame_fn *frame, void *ctx);
void array_fini(struct array *a);
/* Calls a->frame zero or more times before returning.  ERR_OK, or the first error for ever after.
 * Elements that lie whole within one feed are delivered without copying. */
MUST_CHECK enum err array_feed(struct array *a, const char *p, size_t n);
/* The stream is over: an unfinished element is delivered as it is. */
MUST_CHECK enum err array_end(struct array *a);

#endif
