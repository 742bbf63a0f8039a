/* What reads or writes in one direction of one exchange. */
#ifndef LLMUX_XD_CONTEXT_H
#define LLMUX_XD_CONTEXT_H

#include "generated/ir.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "runtime/frame/framing.h"
#include "runtime/frame/messages.h"
#include "runtime/json/doc.h"
#include "runtime/json/writer.h"
#include "runtime/xd/dialect.h"

enum xd_mode {
    XD_STRICT, /* requests and conformance: a wrong type or an unknown word is an error with its JSON path */
    XD_LENIENT, /* replies: it is noted as lost, and the rest goes on */
};

#define XD_LOSSES_MAX 64
struct xd_losses {
    struct str *v; /* distinct names, in the arena; at most XD_LOSSES_MAX */
    unsigned n, cap;
    unsigned more; /* how many did not fit */
};

#define XD_NOISE_MAX 6
/* The usual length from which texts stay in the document: shorter ones are sooner decoded than found again. */
#define XD_VERBATIM 64u

struct xd {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
    enum xd_mode mode;
    /* borrowed: where what is read lives; in a stream reset after each frame */
    struct arena *arena;
    /* borrowed: what outlives a frame (names of losses); arena itself for documents */
    struct arena *keep;
    struct json_doc doc;
    struct buf *out; /* borrowed: where what is written goes; NULL for a reader */
    enum err err;    /* sticky */
    int64_t now;     /* seconds since 1970, for `now` */
    /* writing a stream: values may be fragments, line ends in raw JSON would cut a frame */
    bool stream;
    /* of the stream being written; the dialect's, unless set to another one */
    enum framing framing;
    bool framed;          /* ... a frame was begun */
    size_t frame_at;      /* ... where in out, ... */
    bool frame_first;     /* ... and it was the first */
    uint64_t frame_count; /* ... and how many were written before */
    bool mute;            /* ... what it is about has no form in this dialect */
    bool optional;        /* ... it is left out then; `left_out` says that this was done */
    bool left_out;
    bool skeleton;      /* writing a block as it opens: growing fields are written empty */
    struct str made_of; /* id of the reply being written, from which ids are made up */
    unsigned made;      /* its item being written */
    unsigned items;     /* how many were begun */
    unsigned piece;     /* how many of what its events bring were written: citations */
    uint64_t count;     /* frames written */
    struct eventstream_writer message; /* the frame being written in that framing */
    size_t wrapped;  /* where the document begins in out, when it is to be wrapped */
    bool failed;     /* the framing says that the frame being read is an error */
    struct str word; /* what an error is called outside of its body: by a header, by its frame */
    unsigned opened[16]; /* writing a stream: blocks opened so far, by kind ... */
    int open_kind;       /* ... and the kind of the last */

    /* What marks the seals of the peer (seal.h), as it reads them to others or gets them back; absent: they stay as they
     * are. */
    struct str seal;
    /* ... its reader speaks the peer's language: they are marked where they stand */
    bool seal_in_place;
    /* ... what was marked so in this frame or document, as it came; of a request: the marks that were taken off. */
    struct xd_seals {
        struct str *v;
        unsigned n, cap;
    } sealed;
    /* Texts of at least so many bytes stay as they stand in the document, if they have escapes (xd_read_text); 0: none. */
    size_t verbatim_from;
    /* writing a request: borrowed, the document it was read from, if texts stay in it */
    const struct json_doc *source;

    struct xd_flow *flow;   /* the stream being read, or NULL */
    struct xd_patch *patch; /* the patch stream being written, or NULL */
    /* values in the frame being read that have no effect: no row names their members */
    uint32_t noise[XD_NOISE_MAX];
    unsigned n_noise;
    struct str culprit; /* of a request that is refused: what it is about, among what was read */

    /* Mostly room: xd_init leaves what is not in use as it is. */
    struct jw w;
    struct xd_losses lost;
    struct fault fault;
};

#endif
