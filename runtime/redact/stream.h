/* Redacting text that comes in pieces.
 *
 *   feed  "my key is sk-pr"  ─►  "my key is "            held: "sk-pr"
 *   feed  "oj-8f3... and"    ─►  "[REDACTED:api_key] "   held: "and"
 *
 * However the text is cut, what comes out is the same as redact_text (mask.h) makes of the whole.  The operator's own
 * patterns are not looked for: how much of a text they need to see is not known; and escapes are not looked behind. */
#ifndef LLMUX_REDACT_STREAM_H
#define LLMUX_REDACT_STREAM_H

#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "runtime/redact/mask.h"

/* More than this is never held back, besides what was fed last. */
#define REDACT_STREAM_HELD (REDACT_HELD_MAX + REDACT_BEHIND_MAX)

struct redact_stream {
    const struct redact_rules *rules; /* borrowed */
    struct buf held;                  /* what was let go last, then what is not yet decided */
    size_t gone;                      /* so many of them were let go */
    size_t enough;                    /* deciding makes no sense with fewer bytes held */
    size_t found;                     /* matches so far */
    enum redact_kind tail;            /* bytes of this kind's match are still to be dropped, */
    bool in_tail;                     /* if so */
};

/* The rules must live as long as the stream. */
void redact_stream_init(struct redact_stream *s, const struct redact_rules *rules);
void redact_stream_fini(struct redact_stream *s);
/* Take n bytes; append to out what is decided.  ERR_MEMORY, or out's error, when it fails. */
MUST_CHECK enum err
redact_stream_feed(struct redact_stream *s, const char *p, size_t n, struct buf *out);
/* The text is over: append the rest.  The stream may be used for another text. */
MUST_CHECK enum err redact_stream_end(struct redact_stream *s, struct buf *out);

#endif
