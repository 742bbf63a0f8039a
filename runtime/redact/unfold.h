/* A text without the escapes that may hide what it says, for a second look.
 *
 *   ann%40example.org  sk-\u0070roj-8f3  a\/b   {\\\"password\\\":     what is looked at
 *   ann@example.org    sk-proj-8f3       a/b    {"password":           what is read
 *
 * That are percent-encoding (RFC 3986), also of itself, and JSON's escapes (RFC 8259), however deep, of printable ASCII;
 * all else stays. */
#ifndef LLMUX_REDACT_UNFOLD_H
#define LLMUX_REDACT_UNFOLD_H

#include "runtime/base/buf.h"

struct redact_unfold {
    struct buf plain;  /* what is read */
    struct buf places; /* of each escape (unfold.c) */
};

/* False when the text has no such escapes: then there is nothing to end.  Else u->plain is what is read; it may have
 * failed. */
bool redact_unfold_begin(struct redact_unfold *u, struct str text);
/* The byte of the text that this one of u->plain, or its end, comes from. */
size_t redact_unfold_place(const struct redact_unfold *u, size_t at);
void redact_unfold_end(struct redact_unfold *u);

/* How many bytes of a text that breaks off stand before an escape that may not be all there. */
size_t redact_unfold_whole(struct str text);

#endif
