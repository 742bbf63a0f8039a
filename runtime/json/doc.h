/* One JSON document as a flat list of nodes that point into the source.
 *
 *   {"a": [1, "x"]}     node 1 object  next 6     (node 0 is never used: index 0 means "none")
 *                       node 2 string  "a"  key
 *                       node 3 array   next 6
 *                       node 4 number  1
 *                       node 5 string  "x"
 *
 * A scanner of our own takes what is well-formed (doc_scan.h); all else is shown to yajl, which says
 * what is wrong and where.  The exact source bytes of each value are kept, so that a subtree can be
 * copied byte for byte.  The children of an object alternate key, value.  `next` is the index
 * behind the subtree.  A json_doc is reused from document to document and allocates only when a
 * document has more nodes than any before. */
#ifndef LLMUX_JSON_DOC_H
#define LLMUX_JSON_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

enum json_kind {
    JSON_NONE,
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY,
};

#define JSON_DEPTH_MAX 512
#define JSON_NODES_MAX (8u << 20)

/* Which escapes a string has. */
enum json_escaped {
    JSON_PLAIN,   /* none */
    JSON_ESCAPED, /* some, and each of them means a character */
    JSON_HALVES,  /* some, maybe a lone half of a surrogate pair */
};

struct json_node {
    uint32_t at;     /* offset of the first byte; for strings, of the byte after the quote */
    uint32_t n;      /* length in bytes; for strings, without the quotes */
    uint32_t next;   /* index of the node after this one's subtree */
    uint8_t kind;    /* enum json_kind */
    uint8_t escaped; /* strings: enum json_escaped */
};

struct json_doc {
    const char *src; /* borrowed: must outlive the use of the nodes */
    size_t n;
    struct json_node *nodes; /* owned; nodes[1] is the root */
    uint32_t count;          /* nodes in use, counting node 0 */
    uint32_t room;
    void *yajl;       /* owned; made when it is needed, and anew after an error */
    size_t depth_max; /* JSON_DEPTH_MAX unless set otherwise after init */
};

void json_doc_init(struct json_doc *d);
void json_doc_fini(struct json_doc *d);
/* Parse exactly one document that fills src but for white space.  src must be at most 4 GiB - 1.
 * ERR_SYNTAX (offset and reason in f; invalid UTF-8 is one reason), ERR_LIMIT (depth, nodes),
 * ERR_MEMORY.  After an error d may be used for the next document. */
MUST_CHECK enum err json_doc_parse(struct json_doc *d, struct str src, struct fault *f);

/* The root's node, always 1 after a successful parse. */
#define JSON_ROOT 1u

static inline enum json_kind
json_kind(const struct json_doc *d, uint32_t at)
{
    return (enum json_kind)d->nodes[at].kind;
}

/* The raw source bytes of a value.  Strings include their quotes, so the result is always a JSON
 * value. */
struct str json_raw(const struct json_doc *d, uint32_t at);
/* The bytes between the quotes, undecoded. */
static inline struct str
json_inner(const struct json_doc *d, uint32_t at)
{
    return (struct str){ d->src + d->nodes[at].at, d->nodes[at].n };
}
/* A string decoded: points into the source when it has no escapes, else into the arena.  A pair
 * of surrogate escapes becomes one code point, a lone one U+FFFD.  Absent when the arena is
 * full. */
struct str json_text(const struct json_doc *d, uint32_t at, struct arena *a);
/* The part of json_text_is for strings with escapes. */
bool json_escaped_text_is(const struct json_doc *d, uint32_t at, struct str s);
/* Is the string node equal to s once decoded? */
static inline bool
json_text_is(const struct json_doc *d, uint32_t at, struct str s)
{
    const struct json_node *node = &d->nodes[at];
    if (node->kind != JSON_STRING)
        return false;
    return node->escaped ? json_escaped_text_is(d, at, s) : str_eq(json_inner(d, at), s);
}
/* The innermost node that holds what p points to in the source, or that stands last before it; 0: p does not
 * point into the values of the document. */
uint32_t json_node_of(const struct json_doc *d, const char *p);
/* The value of member `key` (the last one if repeated), or 0.  `at` must be an object. */
uint32_t json_member(const struct json_doc *d, uint32_t at, struct str key);
/* The number of elements of an array, or of members of an object. */
uint32_t json_count(const struct json_doc *d, uint32_t at);
/* The number node as int64: true when the text is an integer (also "3.0" and "3e2") that fits. */
bool json_int(const struct json_doc *d, uint32_t at, int64_t *v);
/* Write the path of node `at` from the root ("messages[3].content[0].type", "" for the root)
 * into out, cut to fit and NUL-terminated.  Slow: for error messages. */
void json_path(const struct json_doc *d, uint32_t at, char *out, size_t room);
const char *json_kind_name(enum json_kind k); /* "object", "number", ... */

#endif
