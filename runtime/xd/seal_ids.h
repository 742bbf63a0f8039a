/* Seals in the ids of calls, for clients that keep nothing but what their dialect knows: a message's text and its calls.
 *
 *   reply     thinking (text, marked signature), sealed thinking, call c1
 *             ─► c1's id is "c1.llmux.PAYLOAD" with all that was said of them since the call before
 *   request   ─► "c1" again, in the call and in its result; what the payload holds stands in front of the turn, or of
 *                the call if that is not its first, in place of what the client has kept of it
 *
 * PAYLOAD is base64url of entries "t4:9:TEXTSIGNATURE" and "s0:5:DATA".  What is larger than SEAL_IDS_MAX stays out. */
#ifndef LLMUX_XD_SEAL_IDS_H
#define LLMUX_XD_SEAL_IDS_H

#include "runtime/xd/xd.h"

#define SEAL_IDS_MAX (32u << 10) /* bytes in one id */

/* What a stream has said since its last call.  Of several choices, the first alone. */
struct seal_ids {
    struct arena *arena; /* borrowed: the stream's */
    struct str entries;
    struct str text, signature; /* of the thinking that is open */
    bool full;                  /* there is too much of it */
};

/* All zeros but the arena begins a stream.  The event as the client shall see it: e, or *own with *block. */
const struct ir_event *seal_ids_event(struct seal_ids *s, const struct ir_event *e,
                                      struct ir_event *own, struct ir_block *block);
/* The same for a reply as a whole; what is new lies in the arena. */
void seal_ids_reply(struct arena *a, struct ir_reply *m);

/* The id without what it carries, which is added to *thoughts (in the arena) if that is not NULL. */
struct str seal_ids_split(struct arena *a, struct str id, struct ir_blocks *thoughts);
/* Before a request is written: ids are short again, and what they carried is thinking. */
void prepare_seal_ids(struct xd *x, struct ir_request *m);

#endif
