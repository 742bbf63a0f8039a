/* JSON out: straight into a buffer, no tree.
 *
 * Nested objects can be opened lazily: jw_enter only remembers the name, and the brace is
 * written when the first member inside arrives, so an object without members leaves no trace.
 * Commas are the writer's business.  Outside of everything values are written one behind the
 * other, with nothing between.  Nesting deeper than JW_DEPTH - 1 makes the output's error
 * ERR_LIMIT.  At most JW_LAZY objects wait, one in the other: when one more is entered, all of
 * their braces are written, even if no member comes.  A member without a name is a bug of the
 * caller; inside an array names are ignored. */
#ifndef LLMUX_JSON_WRITER_H
#define LLMUX_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"

#define JW_DEPTH 64
#define JW_LAZY  12 /* objects and arrays that are not written yet, one in the other */

struct jw {
    struct buf *out;   /* borrowed; its sticky error is the writer's */
    unsigned depth;    /* of open levels; from JW_DEPTH on nothing is written */
    unsigned lazy;     /* the innermost ones, which are not written yet */
    struct str key;    /* of the next value */
    uint8_t key_plain; /* the key is yet to be escaped */
    uint64_t arrays;   /* a bit for each level, of which 0 is outside of everything: it is one */
    uint64_t some;     /* ... an element was written, so the next needs a comma */
    struct {
        struct str key;
        uint8_t key_plain;
    } put_off[JW_LAZY]; /* the names of the lazy ones */
};

void jw_init(struct jw *w, struct buf *out);
/* The name of the next value; literal keys of specs need no escaping, so `key` is written as it
 * is. */
void jw_key(struct jw *w, struct str key);
/* The name of the next value, escaped as needed (names that come from input).  `key`, here and in
 * jw_key, must live until the value is written, or with jw_enter until the first member is. */
void jw_key_escaped(struct jw *w, struct str key);
void jw_object(struct jw *w);      /* { at once */
void jw_enter(struct jw *w);       /* { when the first member comes; takes the key set by jw_key */
void jw_array(struct jw *w);       /* [ at once */
void jw_enter_array(struct jw *w); /* [ when the first element comes */
/* Close the innermost object or array.  Returns false when it was lazy and nothing was written. */
bool jw_close(struct jw *w);
/* Somebody has appended members to the open object, or elements to the array. */
void jw_appended(struct jw *w);
void jw_string(struct jw *w, struct str s);
void jw_int(struct jw *w, int64_t v);
void jw_bool(struct jw *w, bool v);
void jw_null(struct jw *w);
/* A JSON value copied byte for byte. */
void jw_raw(struct jw *w, struct str json);
/* Begin and end a string value whose inside the caller appends to w->out, JSON-escaped. */
void jw_begin_string(struct jw *w);
void jw_end_string(struct jw *w);

#endif
