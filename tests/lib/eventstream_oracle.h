/* What must be delivered of a binary event stream. */
#ifndef LLMUX_TESTS_EVENTSTREAM_ORACLE_H
#define LLMUX_TESTS_EVENTSTREAM_ORACLE_H

#include "runtime/frame/eventstream.h"

/* Append a message in one line: "[0,16) name=STRING n:4=0000a00c payload\n". */
void eventstream_describe(struct buf *out, const struct eventstream_message *m);
/* Describe all messages of a stream that lies in memory whole, then the error in which it ends, if any:
 * "syntax at 16\n". */
void eventstream_oracle(struct buf *out, struct str stream, size_t limit);
/* The checksum, bit by bit. */
uint32_t eventstream_crc(struct str s);

#endif
