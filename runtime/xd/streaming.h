/* Streams: events of any dialect become words of the model's grammar, and these the chunks of a patch stream;
 * called by generated code. */
#ifndef LLMUX_XD_STREAMING_H
#define LLMUX_XD_STREAMING_H

#include "generated/ir.h"
#include "runtime/base/buf.h"
#include "runtime/xd/context.h"

/* --- the stream being read: any dialect's events become a word of the model's grammar --------------------------- */

void xd_flow_begin(struct xd *x, const struct ir_reply *r);
void xd_flow_open(struct xd *x, unsigned choice, unsigned key, const struct ir_block *b);
void xd_flow_grow(struct xd *x, unsigned choice, unsigned key, const struct ir_block *frag);
void xd_flow_close(struct xd *x, unsigned choice, unsigned key);
/* The kind of the block that is open under this key, IR_BLOCK_UNSET when none is. */
enum ir_block_kind xd_flow_open_kind(struct xd *x, unsigned choice, unsigned key);
/* A fragment of a dialect without block boundaries: it grows the open block when that is of the same kind, else it
 * closes that and opens a new one. */
void xd_flow_patch(struct xd *x, unsigned choice, const struct ir_block *frag);
/* The same where calls come whole: each is a block of its own. */
void xd_flow_whole(struct xd *x, unsigned choice, const struct ir_block *frag);
/* A fragment of one of several blocks that may interleave (tool calls).  key as on the wire, or -1 when the wire had
 * none.  The first open one flows, the others are parked (capped) until it closes. */
void xd_flow_patch_keyed(struct xd *x, unsigned choice, int64_t key, const struct ir_block *frag);
/* Streams of items: blocks are parts of items, and what came in pieces is said again as a whole.
 * open   the blocks of these kinds (1u << kind) begin; others will come whole
 * grow   a piece of a block, which begins if need be; pieces of one text have numbers
 * close  the blocks from this part on, or all of an item, are complete: *l says all, also what no
 *        piece has said
 * end    *r says all; its blocks count if nothing was said before */
void xd_flow_open_item(struct xd *x, unsigned index, unsigned part, const struct ir_blocks *l,
                       uint32_t kinds);
void xd_flow_grow_item(struct xd *x, unsigned index, unsigned part, unsigned piece,
                       const struct ir_block *frag);
void xd_flow_close_part(struct xd *x, unsigned index, unsigned part, const struct ir_blocks *l);
void xd_flow_close_item(struct xd *x, unsigned index, const struct ir_blocks *l);
void xd_flow_end_items(struct xd *x, const struct ir_reply *r);
void xd_flow_stop(struct xd *x, unsigned choice, enum ir_stop stop, struct str stop_text);
void xd_flow_usage(struct xd *x, const struct ir_usage *u); /* last value of each field wins */
void xd_flow_end(struct xd *x);
void xd_flow_beat(struct xd *x);
void xd_flow_fail(struct xd *x, const struct ir_error *e);
/* Step the order automaton.  False: the event is to be skipped, or the stream is faulty (x->err). */
bool xd_flow_order(struct xd *x, unsigned event);

/* --- the patch stream being written -------------------------------------------------------------------------------- */

/* Of one choice: calls opened so far, blocks of thinking, and the kind of the last block. */
struct xd_patch_choice {
    unsigned short calls, thoughts;
    unsigned char kind;
};
/* What every chunk repeats and what counts calls; kept by the runtime, used by generated write_event functions. */
struct xd_patch {
    struct ir_reply head; /* id, model, tier: in the stream's arena */
    struct buf each;      /* rendered members of `each`, with a trailing comma */
    bool want_usage;      /* the client asked for usage */
    struct ir_usage usage;
    uint64_t begun[XD_CHOICES_MAX / 64]; /* bit by choice: its first chunk was written */
    unsigned choice;                     /* of the event being written */
    unsigned last;                       /* the highest choice that was begun */
    struct xd_patch_choice first;        /* the first choice, */
    /* and all others, in the stream's arena; NULL before they begin */
    struct xd_patch_choice *others;
    /* calls of dialects that say them as a whole; in the stream's arena */
    struct xd_patch_call *gathered;
};
#define XD_PATCH_CALL_BYTES (8u << 20)
/* The reply begins: keep its head and render the members of `each` once. */
void xd_patch_begin(struct xd *x, const struct ir_reply *reply,
                    void (*each)(struct xd *, const struct ir_reply *));
/* Is this the choice's first chunk?  Says so once. */
bool xd_patch_first(struct xd *x, unsigned choice);
/* Is the event's choice the last of those begun?  (Choices finish in their order.) */
bool xd_patch_last(const struct xd *x);
/* Start and end a chunk: the frame, the members of `each`. */
void xd_patch_open(struct xd *x);
void xd_patch_close(struct xd *x);
/* A block opens in the event's choice; and its ordinal from 0 among its like while it is open: among calls, or among
 * blocks of thinking, be they sealed or not. */
void xd_patch_count(struct xd *x, int kind);
unsigned xd_patch_key(struct xd *x);
/* Is the event about a call, which is gathered until it closes?  Then *whole is the call; its kind is unset before. */
bool xd_patch_gather(struct xd *x, const struct ir_event *e, struct ir_block *whole);

#endif
