/* UTF-8 checks.  Strict as RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef LLMUX_BASE_UTF8_H
#define LLMUX_BASE_UTF8_H

#include <stddef.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"

#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* The offset of the first byte that does not belong to valid UTF-8, or n when all is valid.
 * ASCII runs go fast. */
size_t utf8_valid(const char *p, size_t n);
/* Append s to out with each invalid byte replaced by U+FFFD (one replacement per bad byte). */
void utf8_sanitize(struct buf *out, struct str s);
/* Write code point c (a scalar value) to out, which has room for 4; returns the number of bytes. */
size_t utf8_encode(char *out, unsigned c);
/* s cut to at most n bytes without splitting a sequence. */
struct str utf8_cut(struct str s, size_t n);

#endif
