/* Making messages smaller (RFC 1952). */
#ifndef LLMUX_TRACE_GZIP_H
#define LLMUX_TRACE_GZIP_H

#include "runtime/base/buf.h"

/* Append bytes as a gzip member.  False when memory is short or out is full. */
MUST_CHECK bool gzip_put(struct buf *out, struct str bytes);

#endif
