/* Percent-encoding (RFC 3986 2.1), for URLs and forms. */
#ifndef LLMUX_BASE_PERCENT_H
#define LLMUX_BASE_PERCENT_H

#include "runtime/base/buf.h"

/* Append s, with every byte but letters, digits, `-._~` and those of `keep` as %XX. */
void percent_encode(struct buf *out, struct str s, const char *keep);
/* Append s with each %XX as its byte; a `%` before anything else stands for itself. */
void percent_decode(struct buf *out, struct str s);

#endif
