/* Changing a few members of a JSON object and copying all else byte for byte.
 *
 *   {"model":"fast","stream":true}
 *            ^^^^^^ replaced          a member that is there: its last occurrence is what counts
 *    ^ inserted                      one that is not, with the objects around it */
#ifndef LLMUX_GATEWAY_BODY_PATCH_H
#define LLMUX_GATEWAY_BODY_PATCH_H

#include "runtime/base/buf.h"
#include "runtime/json/doc.h"

struct body_patch {
    const struct json_doc *doc; /* borrowed, as is its source */
    struct arena *arena;        /* borrowed: the texts of edits */
    struct body_edit {
        size_t at, n; /* what is replaced; n == 0: an insertion */
        struct str with;
    } * edits; /* in the order of `at`; in the arena */
    unsigned n, cap;
};

/* Start without edits on a document whose root is an object. */
void body_patch_init(struct body_patch *p, const struct json_doc *doc, struct arena *a);

/* Let the member at the dotted path ("model", "a.b") have this value, which is JSON.  Something on
 * the way that is not an object is replaced by one.  Different calls must not name the same member,
 * nor one inside of another.  False when the arena is full. */
bool body_patch_set(struct body_patch *p, struct str path, struct str json);

/* Leave out a part of a string.  False when it is not a part of the document, as it has escapes there, or
 * the arena is full. */
bool body_patch_cut(struct body_patch *p, struct str part);

/* Append the changed document. */
void body_patch_write(const struct body_patch *p, struct buf *out);

#endif
