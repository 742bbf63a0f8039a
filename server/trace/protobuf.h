/* Protocol buffers (protobuf.dev/programming-guides/encoding): fields one behind the other,
 * messages inside of messages.
 *
 *   size_t at = pb_begin(b, 2);      field 2, a message:
 *   pb_str(b, 1, STR("key"));            its field 1
 *   pb_end(b, at);                   its length is known now
 *
 * Values that are zero are written too: who calls knows whether they are wanted.  What others have
 * written is read field by field. */
#ifndef LLMUX_TRACE_PROTOBUF_H
#define LLMUX_TRACE_PROTOBUF_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/buf.h"

/* int32, int64, uint64, bool, enum; negative numbers as their two's complement. */
void pb_int(struct buf *b, unsigned field, int64_t v);
void pb_fixed32(struct buf *b, unsigned field, uint32_t v);
/* fixed64 and sfixed64. */
void pb_fixed64(struct buf *b, unsigned field, uint64_t v);
void pb_double(struct buf *b, unsigned field, double v);
/* bytes, and strings, which must be UTF-8. */
void pb_bytes(struct buf *b, unsigned field, const void *p, size_t n);
void pb_str(struct buf *b, unsigned field, struct str s);

/* A packed list of fixed64 or double: the tag and length of n values, which pb_packed appends. */
void pb_packed(struct buf *b, unsigned field, size_t n);
void pb_packed_fixed64(struct buf *b, uint64_t v);
void pb_packed_double(struct buf *b, double v);

/* Begin a message of n bytes, which follow; it has no end of its own. */
void pb_open(struct buf *b, unsigned field, size_t n);
/* What fields take: bytes or a message of n bytes, a number, a double. */
size_t pb_bytes_size(unsigned field, size_t n);
size_t pb_int_size(unsigned field, int64_t v);
size_t pb_double_size(unsigned field);

/* Begin a message whose length is not known; returns where, for pb_end. */
size_t pb_begin(struct buf *b, unsigned field);
void pb_end(struct buf *b, size_t at);

struct pb_field {
    unsigned number;
    uint64_t v;       /* of a number; else 0 */
    struct str bytes; /* of a message, bytes or a string; else absent */
};

/* The next field of a message, taken off rest.  False at its end, and where it is broken. */
bool pb_next(struct str *rest, struct pb_field *f);

#endif
