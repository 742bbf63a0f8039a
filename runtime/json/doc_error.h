/* Where and why a text is not JSON: one line for what yajl says in several, with an exact
 * offset. */
#ifndef LLMUX_JSON_DOC_ERROR_H
#define LLMUX_JSON_DOC_ERROR_H

#include "runtime/json/doc.h"

/* The first vertical tab or form feed, or NULL.  yajl takes both for white space; inside of
 * strings it does not let them through, so in what it has accepted they stand between tokens. */
const char *json_doc_odd_space(struct str accepted);

/* The nodes of d are those before the offender: `end` is the offset behind the last of their
 * tokens, `parent` the innermost container still open, or 0.  Fills f and returns ERR_SYNTAX. */
MUST_CHECK enum err
json_doc_explain(const struct json_doc *d, size_t end, uint32_t parent, struct fault *f);

#endif
