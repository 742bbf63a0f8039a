/* The value of one member, out of documents that come in pieces and may be large: only that value is kept.
 *
 *   {"data":[{"b64_json":"...  ...megabytes..."}],"usage":{"input_tokens":3}}
 *                                                         └ kept ──────────┘
 *
 * The member is one of the outermost object.  Of several documents, as in the events of a stream, the last that has
 * it counts; what stands between them is passed over.  Nothing is checked: of what is no JSON the value is anything. */
#ifndef LLMUX_JSON_PICK_H
#define LLMUX_JSON_PICK_H

#include "runtime/base/str.h"

#define JSON_PICK_MAX 4096u /* bytes of the value; a longer one is not kept */

enum json_pick_place {
    JSON_PICK_ANYWHERE, /* outside of documents, in a list, behind a value */
    JSON_PICK_KEY,      /* where a member's name begins */
    JSON_PICK_COLON,    /* behind it */
    JSON_PICK_VALUE,    /* behind the colon */
};

struct json_pick {
    struct str member;          /* as in the document, no escapes */
    enum json_pick_place place; /* in the outermost object */
    unsigned depth;             /* of open objects and lists */
    bool is_list;               /* the outermost is a list, which has no members */
    bool in_string, escaped;
    bool is_key;     /* the string is a name */
    bool is_ours;    /* it is the member's, as far as it was read */
    size_t compared; /* bytes of it */
    bool takes;      /* the value is being kept */
    bool has;        /* value is one from end to end */
    size_t taken_n, value_n;
    char taken[JSON_PICK_MAX], value[JSON_PICK_MAX];
};

/* member must outlive p. */
void json_pick_init(struct json_pick *p, struct str member);
void json_pick_feed(struct json_pick *p, const char *s, size_t n);
/* The value, absent when none was there. */
struct str json_pick_value(const struct json_pick *p);

#endif
