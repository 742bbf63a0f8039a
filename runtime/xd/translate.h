/* Whole documents and streams through a dialect: what the server, the command line and the tests
 * call. */
#ifndef LLMUX_XD_TRANSLATE_H
#define LLMUX_XD_TRANSLATE_H

#include "runtime/frame/framer.h"
#include "runtime/ir/reply.h"
#include "runtime/xd/stencil.h"
#include "runtime/xd/template.h"
#include "runtime/xd/xd.h"

/* A context for one direction.  a: where what is read lives; out: where what is written goes
 * (NULL for reading).  Set x->now behind it, in readers and writers of streams too: it is written
 * where a dialect wants the time, and makes the ids of calls unique that came without one. */
void xd_init(struct xd *x, const struct xd_dialect *d, enum xd_op_kind op, struct arena *a,
             struct buf *out);
/* The same for one of several operations of a kind: xd_init takes the first of them. */
void xd_init_op(struct xd *x, const struct xd_dialect *d, const struct xd_op *op, struct arena *a,
                struct buf *out);
void xd_fini(struct xd *x);

/* body must outlive *m, which points into it.  Errors, in x->fault: ERR_SYNTAX with the byte
 * offset, ERR_TYPE with the JSON path, ERR_LIMIT. */
MUST_CHECK enum err xd_request_read(struct xd *x, struct str body, struct ir_request *m);
/* Append the JSON to x->out.  What the dialect cannot carry is in x->lost afterwards.
 * ERR_UNSUPPORTED when leaving something out would change the meaning (x->fault says what),
 * ERR_LIMIT when out is full. */
MUST_CHECK enum err xd_request_write(struct xd *x, const struct ir_request *m);

/* ERR_REMOTE when the body is an error in spite of its status: then it is in *e.  The reply is
 * settled as its stream would be: blocks that say nothing are left out, calls have ids and
 * arguments, the reason to stop agrees with what was said.  Invalid UTF-8 is replaced. */
MUST_CHECK enum err
xd_reply_read(struct xd *x, struct str body, struct ir_reply *m, struct ir_error *e);
MUST_CHECK enum err xd_reply_write(struct xd *x, const struct ir_reply *m);

/* Before xd_error_read: the value of the header d->error_word, of which only the word itself is kept. */
void xd_error_named(struct xd *x, struct str header);
/* Whatever the body is (JSON of the dialect, other JSON, HTML, text, nothing), *e is filled:
 * kind by the dialect's words, else by the status; message from the body, else the status text.
 * status 0: unknown. */
void xd_error_read(struct xd *x, struct str body, int status, struct ir_error *e);
void xd_error_write(struct xd *x, const struct ir_error *e);
/* What this dialect calls the error where it says so outside of the body, in a header (d->error_word); absent when
 * it has no word. */
struct str xd_error_word(const struct xd_dialect *d, const struct ir_error *e);
/* The HTTP status for an error in this dialect: the provider's own when it has one, else from
 * the table. */
int xd_error_status(const struct xd_dialect *d, const struct ir_error *e);
/* The error that a failed read amounts to, for the peer that sent the bytes. */
void
xd_error_of_fault(const struct fault *f, enum ir_fault kind, struct arena *a, struct ir_error *e);

/* --- streams --- */

typedef void xd_sink(void *ctx, const struct ir_event *e);
/* Called after each frame was read and its events were given to the sink: the frame's bytes in
 * the stream are [start, end), and `quiet` is true when the frame said nothing but usage.  Frames that
 * differ in nothing but their text may be told as one. */
typedef void xd_frame_fn(void *ctx, size_t start, size_t end, bool quiet);
/* Takes n events at once: *e, each time with another text in its block.  False when it cannot; then the
 * sink gets them one by one.  What *e has as its text must not be looked at. */
typedef bool
xd_run_fn(void *ctx, const struct ir_event *e, const struct xd_piece *texts, unsigned n);

/* Reads a stream and gives its sink a whole word of the model's event grammar (runtime/ir/reply.h),
 * whatever the peer sent: in the end either `end` or `fail`, exactly once.  `end` comes only when
 * the peer said so: by its marker or last event, or by closing after every choice had said why it
 * stopped.  A body that is no stream at all (JSON, a web page, text) is a `fail` with its message.
 * Set x.mode to XD_STRICT behind init to judge a stream instead of making the best of it. */
struct xd_reader {
    struct xd x;
    struct framer framer;
    struct arena scratch; /* reset after each frame */
    xd_sink *sink;
    xd_frame_fn *frame; /* or NULL */
    xd_run_fn *run;     /* or NULL */
    bool deaf;          /* the sink does not want to know of blocks that grow by more text */
    void *ctx;
    struct buf head;  /* what came before the first frame: the message, if there never is one */
    struct buf clean; /* a frame's data with invalid UTF-8 replaced */
    struct buf held;  /* the document that a frame holds in base64 */
    struct xd_stencil stencil; /* of the frame before */
    bool framed;               /* a frame or a comment was seen */
    bool ending;               /* the peer has closed */
    bool over;                 /* end or fail was given */
};

#define XD_FRAME_MAX (16u << 20)

/* keep: the arena for what must live as long as the stream. */
void xd_reader_init(struct xd_reader *r, const struct xd_dialect *d, enum xd_op_kind op,
                    struct arena *keep, xd_sink *sink, void *ctx);
/* How many bytes of texts, thinking and arguments it has brought so far, decoded. */
size_t xd_reader_text_bytes(const struct xd_reader *r);
/* The usage that it has told so far, which the sink hears of in the end; true when it is that of all, as every choice
 * has said why it stopped. */
bool xd_reader_usage(const struct xd_reader *r, struct ir_usage *u);
void xd_reader_fini(struct xd_reader *r);
/* Sticky.  A fault of the stream is given to the sink as `fail` (kind protocol) and returned. */
MUST_CHECK enum err xd_reader_feed(struct xd_reader *r, const char *p, size_t n);
/* The peer closed.  ERR_TRUNCATED (and `fail`) unless the stream had said that it was complete. */
MUST_CHECK enum err xd_reader_end(struct xd_reader *r);
/* Give up from outside (timeout, reset): `fail` with this error unless the stream is over
 * already. */
void xd_reader_abort(struct xd_reader *r, const struct ir_error *e);

/* What a stream of items says again in the end is collected, up to XD_COLLECTED_MAX bytes. */
#define XD_COLLECTED_MAX (64u << 20)

struct xd_writer {
    struct xd x;
    struct xd_patch patch;
    bool skips;       /* the open block has no form in this dialect: nothing of it is written */
    unsigned skipped; /* such blocks so far */
    struct xd_template template; /* of the frame before */
    struct arena collected;
    struct ir_collector collector; /* of a stream of items */
};

/* want_usage: patch dialects write the usage at the end only when it was asked for. */
enum xd_usage { XD_USAGE_OMIT, XD_USAGE_WRITE };
void xd_writer_init(struct xd_writer *w, const struct xd_dialect *d, enum xd_op_kind op,
                    struct arena *keep, struct buf *out, enum xd_usage usage);
void xd_writer_fini(struct xd_writer *w);
/* Append the frames for one event to out.  Usable as a sink. */
void xd_writer_event(void *w, const struct ir_event *e);
/* The same for a run of a reader's (xd_run_fn): false when it must be written event by event. */
bool xd_writer_run(struct xd_writer *w, const struct ir_event *e, const struct xd_piece *texts,
                   unsigned n);

#endif
