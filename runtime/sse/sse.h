/* Server-sent events in: bytes to events, whatever the cuts.
 *
 * WHATWG HTML, "9.2.6 Interpreting an event stream": LF, CR and CRLF end a line, a BOM at the
 * start is skipped, one space after the colon is removed, data lines are joined with LF, id,
 * retry and unknown fields are skipped.  Ours:
 *  - an event whose data is empty is dropped, also when there is a data line (some send "data:"
 *    to keep a connection alive);
 *  - a block with comments but neither a name nor data is reported as a beat;
 *  - the end of the stream ends a pending event (sse_end);
 *  - a field `error:` ends a pending event and begins one of name "error" (llama-box ends its
 *    streams so).
 *
 * A line and an event's data have one size limit; crossing it is ERR_LIMIT.  Invalid UTF-8 is
 * passed through.  What is delivered, offsets included, depends on the bytes alone, not on how
 * they are cut into feeds. */
#ifndef LLMUX_SSE_SSE_H
#define LLMUX_SSE_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

struct sse_event {
    struct str name; /* the event field; absent when there was none */
    struct str data; /* joined data lines */
    size_t start;    /* stream offset of the event's first line */
    size_t end;      /* stream offset behind the blank line (or the last byte) that ended it; when
                      * the blank line is a CRLF, behind the CR: nothing waits for the LF */
    bool comment;    /* comment lines, but neither a name nor data: both are absent */
    struct str raw;  /* its bytes from start to end, when they lie in one feed; else absent */
};

/* Called for each event; spans are valid only during the call.  A result other than ERR_OK stops
 * the parser, which then returns it for ever.  Must not call the parser. */
typedef enum err sse_event_fn(void *ctx, const struct sse_event *e);

/* Asked where an event may begin, with all that is left of the feed, at offset start: an event that
 * is known well enough need not be cut into lines.  Returns the length of the one whole event, with
 * its blank line, at the start of rest, for which s->event is not called any more; 0: the usual
 * way. */
typedef size_t sse_shortcut_fn(void *ctx, struct str rest, size_t start);

struct sse {
    sse_event_fn *event;
    sse_shortcut_fn *shortcut; /* NULL, or set after sse_init */
    void *ctx;                 /* borrowed */
    enum err err;
    size_t limit;
    size_t offset;   /* bytes consumed of the stream; after ERR_LIMIT, where the line begins */
    struct buf line; /* an unfinished line carried over to the next feed */
    struct buf data; /* data lines, when there is more than one or they were carried over */
    struct buf name; /* the event field, when it was carried over */
    struct sse_event pending; /* the event under way; spans into the feed or the buffers */
    const char *block;        /* where it begins in the feed; NULL when that was in another one */
    unsigned state;           /* of the scanner */
};

/* A line, and the data of an event, may be limit bytes long.  Allocates nothing yet. */
void sse_init(struct sse *s, size_t limit, sse_event_fn *event, void *ctx);
void sse_fini(struct sse *s);
/* Ready for a new stream; keeps memory. */
void sse_reset(struct sse *s);
/* Feed n bytes.  Calls s->event zero or more times before returning.  Returns ERR_OK, or the
 * first error for ever after.  Events that lie whole within one feed are delivered without
 * copying. */
MUST_CHECK enum err sse_feed(struct sse *s, const char *p, size_t n);
/* The stream is over: an event not yet ended by a blank line is delivered now, also when its
 * last line is cut short.  Then only sse_reset and sse_fini may follow. */
MUST_CHECK enum err sse_end(struct sse *s);

#endif
