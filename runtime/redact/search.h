/* All matches in a text, of the built-in and the operator's patterns, in one pass: each of the two is looked for again
 * only when its last match has been passed. */
#ifndef LLMUX_REDACT_SEARCH_H
#define LLMUX_REDACT_SEARCH_H

#include "runtime/redact/mask.h"

struct redact_search {
    const struct redact_rules *rules; /* borrowed, as is the text */
    struct str text;
    bool has_own, found, own_found;
    struct redact_match next, own;
};

void
redact_search_begin(struct redact_search *s, const struct redact_rules *rules, struct str text);
/* The leftmost match at or behind `from`, the longest of those that begin there; false when there is none.  `from` never
 * goes back. */
bool redact_search_next(struct redact_search *s, size_t from, struct redact_match *m);

#endif
