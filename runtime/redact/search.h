/* All matches in a text, of the built-in and the operator's patterns, and of the built-in ones where escapes hide them, in
 * one pass: each of the three is looked for again only when its last match has been passed. */
#ifndef LLMUX_REDACT_SEARCH_H
#define LLMUX_REDACT_SEARCH_H

#include "runtime/redact/mask.h"
#include "runtime/redact/unfold.h"

/* A text, with what stands before it where that tells what it is.
 *
 *   {"password": "hunter22"}     all   password": "hunter22
 *                                from               ^ */
struct redact_script {
    struct str all;
    size_t from; /* where the text begins: what is found before is not told */
};

/* A text with nothing before it. */
static inline struct redact_script
redact_script_bare(struct str text)
{
    return (struct redact_script){ text, 0 };
}
/* The value of a JSON document's member of that name, both decoded.  They are put together in room, which is empty;
 * it may fail. */
struct redact_script redact_script_named(struct str name, struct str value, struct buf *room);

struct redact_search {
    const struct redact_rules *rules; /* borrowed, as is the text */
    struct redact_script script;
    struct redact_custom_search custom;
    struct redact_unfold unfold;
    size_t unfolded; /* so much of its plain text is done */
    bool has_escapes, found, own_found, plain_found;
    struct redact_match next, own, plain;
    enum err err; /* there may be more than was found (custom_search.h) */
};

/* End it, when all is said. */
void redact_search_begin(struct redact_search *s, const struct redact_rules *rules,
                         struct redact_script script);
/* The leftmost match at or behind `from`, the longest of those that begin there; false when there is none, or s->err: from
 * there on anything may be hidden.  `from` is the script's at first, and never goes back. */
bool redact_search_next(struct redact_search *s, size_t from, struct redact_match *m);
void redact_search_end(struct redact_search *s);

/* Append the text up to `limit` of the script's bytes, with every match replaced: one that begins before that, as a whole.
 * Returns how many there were.  Where the operator's patterns take too long, nothing is shown of what is left. */
size_t redact_text(struct buf *out, const struct redact_rules *rules, struct redact_script t,
                   size_t limit);

#endif
