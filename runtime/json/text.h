/* JSON string escapes, both ways. */
#ifndef LLMUX_JSON_TEXT_H
#define LLMUX_JSON_TEXT_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/str.h"

/* Append s as the inside of a JSON string (no quotes).  s is valid UTF-8; '"', '\\' and bytes
 * below 0x20 are escaped (\b \f \n \r \t short, others \u00xx), all else is copied.  Long runs
 * without escapes go fast. */
void json_escape(struct buf *out, struct str s);

/* Decode the inside of a syntactically valid JSON string into the arena.  Surrogate pairs are
 * joined, lone halves become U+FFFD.  Absent when the arena is full. */
struct str json_unescape(struct arena *a, struct str inner);

/* The length of what json_unescape makes of `inner`.  Needs no memory. */
size_t json_unescaped_length(struct str inner);

/* Would json_unescape make s of `inner`?  Needs no memory. */
bool json_unescape_is(struct str inner, struct str s);

/* Would what it makes begin with s?  s holds no U+FFFD. */
bool json_unescape_starts(struct str inner, struct str s);

/* The same as json_unescape for a text that arrives in fragments and may be cut between the two
 * halves of a surrogate pair: *half is 0 or the high half that ended the fragment before
 * (0xD800..0xDBFF).  A high half at the very end of `inner` is not decoded but left in *half.  A
 * pending half that is not continued comes out as U+FFFD first; an empty `inner` leaves it
 * pending. */
struct str json_unescape_part(struct arena *a, struct str inner, unsigned *half);

#endif
