/* Base64 (RFC 4648). */
#ifndef LLMUX_BASE_BASE64_H
#define LLMUX_BASE_BASE64_H

#include <stdbool.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"

/* Append the standard alphabet with padding. */
void base64_encode(struct buf *out, struct str bytes);
/* Append the decoded bytes.  Takes the standard and the URL-safe alphabet, padding optional, no
 * white space.  False when text is not base64 or out is full (its content is then as before). */
bool base64_decode(struct buf *out, struct str text);

#endif
