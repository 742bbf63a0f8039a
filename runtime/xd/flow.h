/* The state of a stream being read.  Private to runtime/xd.
 *
 *   flow ─► track (one a choice) ─► live lane: its block is open, fragments pass through
 *                               ├─► waiting lanes: blocks that came while another was open, parked
 *                               └─► done lanes: calls that are closed, kept for their keys
 *
 * A lane lives in the stream's arena and is used again; what waits is parked in an arena of its
 * own, with a cap. */
#ifndef LLMUX_XD_FLOW_H
#define LLMUX_XD_FLOW_H

#include "runtime/xd/arguments.h"
#include "runtime/xd/translate.h"

#define FLOW_PARKED_BYTES (1u << 20)
#define FLOW_PARKED_LANES 128u
#define FLOW_DONE_LANES   128u
#define FLOW_STRING_BYTES 4096u /* of an id, a model's name, ... */
#define FLOW_NO_KEY       INT64_C(-1)

/* The first growing field of a block (text, arguments); the other (signature, citations). */
enum { FLOW_SAID_TEXT = 1, FLOW_SAID_MORE = 2 };
enum flow_lane_place { FLOW_FRESH, FLOW_WAITING, FLOW_LIVE, FLOW_DONE };
/* Does the wire say when a block closes? */
enum flow_style { FLOW_BOUNDED, FLOW_PATCHED };

struct flow_lane {
    struct flow_lane *next;
    enum flow_lane_place place;
    enum flow_style style;
    int64_t key;        /* on the wire, or FLOW_NO_KEY */
    bool closed;        /* nothing more can belong to it */
    bool has_signature; /* thinking: what follows is another block */
    bool no_arguments;  /* a call that began with {}: most likely that is all */
    unsigned said;      /* FLOW_SAID_*: which of its growing fields have said something */
    unsigned piece;     /* of its text: the last one that grew */
    unsigned index;     /* of its block, when live */
    /* of a text: said in a block of its own when it closes; in the stream's arena */
    struct str seal;
    unsigned half[2];              /* pending halves of its growing texts */
    struct str id, name;           /* of a call, in the stream's arena */
    struct xd_arguments arguments; /* of a call */
    struct ir_block block;         /* waiting: what came so far, parked; else only its kind */
    size_t parked;                 /* bytes */
};

struct flow_lanes {
    struct flow_lane *first, *last;
    unsigned n;
};

struct flow_track {
    unsigned choice;
    struct flow_lane *live;
    struct flow_lanes waiting, done;
    struct flow_lane *last; /* the call that fragments without a key continue */
    unsigned index;         /* of the next block */
    unsigned calls, texts;  /* opened so far */
    uint32_t kinds;         /* of the blocks opened so far: 1u << kind */
    struct {
        struct flow_past {
            int64_t key;
            enum ir_block_kind kind;
        } * v;
        unsigned n, cap;
    } past; /* the parts of items that are closed */
    enum ir_stop stop;
    struct str stop_text;
};

enum flow_state { FLOW_SILENT, FLOW_BEGUN, FLOW_ENDED, FLOW_FAILED };

struct xd_flow {
    xd_sink *sink;
    void *ctx;
    enum flow_state state;
    unsigned order;             /* state of the order automaton */
    struct ir_reply head;       /* id, model, tier: in the stream's arena; usage so far */
    struct flow_track **tracks; /* by choice; NULL: not heard of */
    unsigned ntracks, tracks_cap;
    struct flow_lane *free;
    struct arena park;
    size_t parked;      /* bytes of all waiting lanes */
    unsigned waiting;   /* lanes of all tracks */
    bool said, counted; /* since the last frame: an event or a stop; a usage */
    size_t text_bytes;  /* of texts, thinking and arguments so far, decoded */
    /* Events since the last frame, of which a block that opens and grows counts as one; the first of
     * them, of such a block its growth; and its block.  These point into the frame. */
    unsigned given;
    struct ir_event grown;
    struct ir_block grown_block;
};

/* --- the whole: flow.c --- */
void xd_flow_init(struct xd_flow *f, xd_sink *sink, void *ctx);
void xd_flow_fini(struct xd_flow *f);
static inline bool
xd_flow_over(const struct xd_flow *f)
{
    return f->state == FLOW_ENDED || f->state == FLOW_FAILED;
}
/* Is there a choice, and has every one said why it stopped? */
bool xd_flow_stopped(const struct xd_flow *f);
/* The peer closed the stream.  ERR_TRUNCATED (in x->err) unless every choice had said why it
 * stopped. */
void xd_flow_eof(struct xd *x);
/* x->err, which is set, as a `fail` of this kind, unless the stream is over. */
void xd_flow_fault(struct xd *x, enum ir_fault kind);
/* Fail with an error in which nothing is missing, unless the stream is over; err: for x->err. */
void xd_flow_fail_whole(struct xd *x, const struct ir_error *e, enum err err);
/* Give an event to the sink, a begin before the first. */
void xd_flow_emit(struct xd *x, const struct ir_event *e);
/* Give an event of the kind that the last frame gave, too. */
void xd_flow_repeat(struct xd_flow *f, const struct ir_event *e);
/* The choice's track, made when missing; NULL when the stream is over or faulty. */
struct flow_track *xd_flow_track(struct xd *x, unsigned choice);
/* A copy in the stream's arena, cut to FLOW_STRING_BYTES. */
struct str xd_flow_keep(struct xd *x, struct str s);

/* A bounded block opens under a key that no open block has. */
void xd_flow_open_key(struct xd *x, struct flow_track *t, int64_t key, const struct ir_block *b);

/* --- blocks: lane.c --- */
/* A fresh lane; what frag says of a call's id and name is kept. */
struct flow_lane *
flow_lane_make(struct xd *x, int64_t key, enum flow_style style, const struct ir_block *frag);
/* Begin a fresh lane's block with frag: at once if nothing else is open or what is open can be
 * closed, else it waits. */
void flow_lane_start(struct xd *x, struct flow_track *t, struct flow_lane *l,
                     const struct ir_block *frag);
/* Lengthen the block of a live or waiting lane. */
void flow_lane_grow(struct xd *x, struct flow_track *t, struct flow_lane *l,
                    const struct ir_block *frag);
/* The wire says that the block is complete. */
void flow_lane_close(struct xd *x, struct flow_track *t, struct flow_lane *l);
/* Close what can be closed in favour of what waits. */
void flow_advance(struct xd *x, struct flow_track *t);
/* Open and close everything that is left. */
void flow_drain(struct xd *x, struct flow_track *t);
/* The live or waiting lane of a key, or NULL. */
struct flow_lane *flow_lane_find(const struct flow_track *t, int64_t key);

#endif
