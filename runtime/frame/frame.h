/* A frame: what a stream is cut into before anything reads it, whatever the framing. */
#ifndef LLMUX_FRAME_FRAME_H
#define LLMUX_FRAME_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

enum frame_kind {
    FRAME_DATA, /* a document, most often JSON */
    FRAME_BEAT, /* says nothing but that the peer lives; name and data are absent */
    FRAME_LAST, /* by its framing the stream is complete; name and data are absent */
};

struct frame {
    enum frame_kind kind;
    bool failed;       /* the framing itself says that this is an error */
    struct str name;   /* of the event; absent where the framing has no place for one */
    struct str data;   /* the document's bytes */
    size_t start, end; /* where its bytes are in the stream */
    struct str raw;    /* those bytes, where the framing can tell and they came in one piece */
};

/* Called for each frame; spans are valid only during the call.  A result other than ERR_OK stops
 * the framer, which then returns it for ever.  Must not call the framer. */
typedef enum err frame_fn(void *ctx, const struct frame *f);

#endif
