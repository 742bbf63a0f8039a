/* JSON documents that say the same in other bytes. */
#ifndef LLMUX_TESTS_SAME_JSON_H
#define LLMUX_TESTS_SAME_JSON_H

#include <stdbool.h>

#include "runtime/base/buf.h"

/* Do two documents say the same: values, their order, what strings say once decoded?  White space and escapes are no
 * difference.  False when one of them is no document. */
bool same_json(struct str a, struct str b);

/* Append the document with escapes in all strings that are values: it says the same. */
void same_json_escape(struct buf *out, struct str doc);

#endif
