/* Binary messages as lines that people can write. */
#ifndef LLMUX_TESTS_MESSAGE_LINES_H
#define LLMUX_TESTS_MESSAGE_LINES_H

#include "runtime/base/buf.h"

/* Append a message for each line `name {...}`, an event of this name with this payload; `! name {...}` is one
 * that fails, `!! name words` one that the framing itself calls an error.  The lines end at an empty one. */
void message_lines_write(struct buf *out, struct str lines);

#endif
