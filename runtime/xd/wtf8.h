/* Text cut between the two halves of a surrogate pair.
 *
 * A fragment whose JSON begins with a lone low half or ends with a lone high half keeps it, as
 * three bytes that are not UTF-8 ("WTF-8"), until it is known which fragment it continues: then
 * wtf8_join makes clean text of it. */
#ifndef LLMUX_XD_WTF8_H
#define LLMUX_XD_WTF8_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

/* Decode the inside of a JSON string, keeping a half at either edge.  Absent when the arena is
 * full. */
struct str wtf8_unescape(struct arena *a, struct str inner);

/* Is there something for wtf8_join to do? */
bool wtf8_is_clean(struct str s, unsigned half);

/* Make s valid UTF-8.  *half is the high half that the text before ended with, or 0; a low half
 * at the start of s completes it, anything else turns it into U+FFFD.  A high half at the end of
 * s goes into *half.  An empty s changes nothing.  Absent when the arena is full. */
struct str wtf8_join(struct arena *a, struct str s, unsigned *half);

#endif
