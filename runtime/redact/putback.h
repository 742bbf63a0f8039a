/* Putting values back where their placeholders stand, in text that comes in pieces.
 *
 *   feed  "write to [ema"            ─►  "write to "                 held: "[ema"
 *   feed  "il:1a2b3c4d5e6f], please" ─►  "ann@example.org, please"
 *
 * However the text is cut, what comes out is the same.  Held back is nothing but what could be the beginning of a
 * placeholder of this vault.
 *
 * Where the text is JSON, as arguments of calls are, values are escaped as often as strings stand in strings there. */
#ifndef LLMUX_REDACT_PUTBACK_H
#define LLMUX_REDACT_PUTBACK_H

#include "runtime/base/buf.h"
#include "runtime/redact/vault.h"

#define PUTBACK_LEVELS 4u /* of JSON in strings of JSON; deeper it is text */

/* One level of JSON, whose strings are the next one's text. */
struct putback_level {
    enum { PUTBACK_BLANK, PUTBACK_PLAIN, PUTBACK_JSON, PUTBACK_STRING } state;
    unsigned char escape; /* 0: none; 1: behind the backslash; 2 to 5: digits are to come */
    unsigned code;        /* of them */
};

struct putback {
    const struct vault *vault; /* borrowed */
    struct putback_level levels[PUTBACK_LEVELS];
    char held[VAULT_STANDS_MAX];
    size_t n_held;
    unsigned found; /* values that were put back */
};

/* Begin a text. */
void putback_begin(struct putback *p, const struct vault *v);
/* Append to out what a piece of it says.  out's error tells when there is no room. */
void putback_feed(struct putback *p, struct str piece, struct buf *out);
/* The text is over: append what was held. */
void putback_end(struct putback *p, struct buf *out);

#endif
