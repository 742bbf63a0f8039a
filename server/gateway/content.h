/* Which parts of a request's document are content: what may be looked into, and what must stay as it is.
 *
 * The model knows what it has read from where: a string of the document is text, or an id, an address, a signature,
 * because that is what a row of the dialect made of it.  What the model does not know (members that no row names, blocks
 * and tools of one dialect) is content too, as long as it does not look like encoded bytes. */
#ifndef LLMUX_GATEWAY_CONTENT_H
#define LLMUX_GATEWAY_CONTENT_H

#include "runtime/xd/ask.h"

enum content {
    CONTENT_UNKNOWN, /* strings are content, but for what looks like encoded bytes; names are not */
    CONTENT_TEXT,    /* is content */
    CONTENT_DATA,    /* JSON of the conversation itself: names and numbers are content, too */
    CONTENT_SCHEMA,  /* of tools and formats: what describes is content, what rules is not */
    CONTENT_CLOSED,  /* ids, addresses, names of tools, signatures, bytes: never looked into */
};

/* By node of the document that the question was read from; in the arena, NULL when that is full. */
const unsigned char *
content_of(const struct json_doc *doc, const struct xd_ask *ask, struct arena *a);

/* Is a text encoded bytes to its end, which nobody reads: a data URL, or much base64? */
bool content_is_encoded(struct str text);

/* Is this a member of a schema whose value rules, if it is a string or a list of them? */
bool content_is_rule(struct str name);

#endif
