/* Putting values back into replies (runtime/redact/putback.h): events of a stream, a reply as a whole, a document as it
 * came.
 *
 * Thinking that its maker has signed stays as it is, as it must come back unchanged.  That it is signed is said behind it:
 * in a stream, thinking waits for its end from the first placeholder on. */
#ifndef LLMUX_GATEWAY_RESTORING_H
#define LLMUX_GATEWAY_RESTORING_H

#include "runtime/base/buf.h"
#include "runtime/ir/reply.h"
#include "runtime/json/doc.h"
#include "runtime/redact/putback.h"

/* What is open in one choice. */
struct restoring_choice {
    enum ir_block_kind kind;
    unsigned index; /* of the block */
    struct putback text;
    struct buf thought; /* thinking that waits */
    bool waits;
    bool gave_up; /* it was too much: the rest goes out as it is */
};

/* One stream. */
struct restoring {
    const struct vault *vault; /* borrowed */
    ir_sink *sink;
    void *ctx;
    struct restoring_choice **choices; /* owned, by choice; NULL: was not seen */
    unsigned n;
    struct buf out; /* of the event that is being made */
    enum err err;   /* sticky: memory is short */
};

void restoring_init(struct restoring *r, const struct vault *v, ir_sink *sink, void *ctx);
/* Wipes what it holds. */
void restoring_fini(struct restoring *r);
/* Give the sink this event with values put back: as none, one, or several.  An ir_sink; before a fail comes all that
 * was held back. */
void restoring_event(void *r, const struct ir_event *e);

/* The same for a reply as a whole; what is new lies in the arena. */
void restoring_reply(const struct vault *v, struct arena *a, struct ir_reply *m);

/* Append a document to out, that the reply was read from, with values put back; of a chat also without touching signed
 * thinking (m NULL: there is none).  How many values there were. */
unsigned restoring_document(const struct vault *v, const struct json_doc *doc,
                            const struct ir_reply *m, struct buf *out);

#endif
