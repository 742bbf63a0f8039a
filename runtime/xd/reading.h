/* Reading documents: called by generated code. */
#ifndef LLMUX_XD_READING_H
#define LLMUX_XD_READING_H

#include "generated/ir.h"
#include "runtime/json/doc.h"
#include "runtime/xd/context.h"
#include "runtime/xd/dialect.h"

/* File the members of object `at` in v (shape->slots entries, 0 = missing or null).  With XD_REST_KEEP unknown members go
 * to *rest (may be NULL: noted as lost).  False, with an error or a loss noted, when `at` is not an object. */
bool
xd_scan(struct xd *x, uint32_t at, const struct xd_shape *shape, uint32_t *v, struct ir_rest *rest);
/* The case that the tag member of object `at` selects; t->other for an unknown one, -1 when there is none (an error or
 * loss is noted). */
int xd_tag(struct xd *x, uint32_t at, const struct xd_tags *t);
/* The same for a union by member. */
int xd_member(struct xd *x, uint32_t at, const struct xd_members *t);
/* The same for elements that have the tag in one of two members: `first`, if it is there. */
int xd_tag_or(struct xd *x, uint32_t at, const struct xd_tags *first, const struct xd_tags *other);
/* The value at a path of members, "a.b"; 0 when there is none, or null. */
uint32_t xd_member_at(struct xd *x, uint32_t at, struct str path);
/* The event that the frame's name selects in a stream by frame; t->other when the framing says that the frame failed;
 * -1 for an unknown one, which is noted as lost. */
int xd_event(struct xd *x, struct str name, const struct xd_tags *t);
/* The value of a member of an object by its name, in snake_case too if camel; 0 when missing or null. */
uint32_t xd_member_node(struct xd *x, uint32_t at, struct str name, bool camel);
/* Has the object other members that are not null?  The object without this member, as JSON. */
bool xd_member_others(struct xd *x, uint32_t at, struct str name, bool camel);
struct str xd_member_without(struct xd *x, uint32_t at, struct str name, bool camel);
/* A node of another kind than wanted: error (strict) or loss (lenient).  want: "string or array". */
void xd_mismatch(struct xd *x, uint32_t at, const char *want);
/* Does object `at` have this member, which makes it no element of its own but a part of the one before?  before:
 * NULL when there is none, which is noted as a loss. */
bool xd_apart(struct xd *x, uint32_t at, struct str member, const void *before);
/* A required member is missing: error in either mode for requests, loss for replies. */
void xd_missing(struct xd *x, uint32_t at, const char *member);

void xd_read_str(struct xd *x, uint32_t at, struct str *v);
/* The same for what is written as text: a long one may stay as it stands in the document (x->verbatim_from). */
void xd_read_text(struct xd *x, uint32_t at, struct str *v);
/* What a text of the model says, decoded if it is not.  Of a request, never look into one without this. */
struct str xd_text(struct xd *x, struct str v);
/* Does a text say nothing but white space? */
bool xd_is_blank(struct xd *x, struct str v);
/* Append a text to x->out as the inside of a string. */
void xd_escape(struct xd *x, struct str v);
void xd_read_json(struct xd *x, uint32_t at, struct str *v); /* raw bytes */
void xd_read_json_in_string(struct xd *x, uint32_t at,
                            struct str *v); /* the decoded string is the raw JSON */
void xd_read_json_object(struct xd *x, uint32_t at, struct str *v); /* raw bytes of an object */
void xd_read_json_text(struct xd *x, uint32_t at,
                       struct str *v); /* a string's text, of other values the bytes */
void xd_read_int(struct xd *x, uint32_t at, struct ir_int *v);
void xd_read_real(struct xd *x, uint32_t at, struct str *v); /* number text */
void xd_read_bool(struct xd *x, uint32_t at, enum ir_bool *v);
void xd_read_not(struct xd *x, uint32_t at, enum ir_bool *v);
/* The value for the word at `at`, or `unset` (0) when it is not in the table: error (strict) or loss (lenient). */
int xd_read_word(struct xd *x, uint32_t at, const struct xd_table *t);
void xd_read_pair(struct xd *x, uint32_t at, const struct xd_pairs *t,
                  struct str *v); /* unknown: taken as it is */
/* array of words */
void xd_read_pairs(struct xd *x, uint32_t at, const struct xd_pairs *t, struct ir_strs *v);
/* The value that this word is read as, 0 when there is none. */
int xd_value_of(const struct xd_table *t, struct str word);
/* Base64 in either alphabet, as the standard one with padding. */
void xd_read_base64(struct xd *x, uint32_t at, struct str *v);
/* "34s", "1.5s": whole seconds, rounded up */
void xd_read_duration(struct xd *x, uint32_t at, struct ir_int *v);
/* The only string of an array; of several none, which is noted as lost. */
void xd_read_alone(struct xd *x, uint32_t at, struct str *v);
/* A budget of tokens for thinking: 0 is off, -1 as the model sees fit. */
void xd_read_budget(struct xd *x, uint32_t at, struct ir_reasoning *v);
/* The result of a call as an object: {"result": text}, {"error": text}, or anything else as it is. */
void xd_read_outcome(struct xd *x, uint32_t at, struct ir_block *v);
/* A string behind a fixed one, which may be missing. */
void xd_read_behind(struct xd *x, uint32_t at, struct str prefix, struct str *v);
void xd_read_strs(struct xd *x, uint32_t at, struct ir_strs *v);  /* array of strings */
void xd_read_jsons(struct xd *x, uint32_t at, struct ir_strs *v); /* array of any values, raw */
void xd_read_media_url(struct xd *x, uint32_t at,
                       struct ir_source *v); /* data: URL -> bytes, else url */
void xd_read_data_url(struct xd *x, uint32_t at,
                      struct ir_source *v); /* data: URL or bare base64 -> bytes */
/* A text to go on with: one turn of the user.  Several, or tokens, are a foreign block. */
void xd_read_prompt(struct xd *x, uint32_t at, struct ir_request *m);
void xd_read_prompt_beside(struct xd *x, uint32_t at, struct ir_request *m);
/* A list of bare base64: images of the turn of the user. */
void xd_read_prompt_images(struct xd *x, uint32_t at, struct ir_request *m);
/* A list of bare base64, or of data: URLs: a block of this kind for each. */
void xd_read_bytes(struct xd *x, uint32_t at, struct ir_blocks *l, enum ir_block_kind kind);
void xd_read_seconds(struct xd *x, uint32_t at,
                     struct ir_int *v); /* a number, or its digits in a string */
/* The same from a header's text; what is not a whole number of seconds says nothing. */
void xd_seconds(struct str text, struct ir_int *v);
/* A fragment of a growing string field: as xd_read_str, but in a stream half of a surrogate pair at either edge is kept
 * for xd_flow_*, which joins it with the other half (see wtf8.h): the value must go nowhere else. */
void xd_read_part(struct xd *x, uint32_t at, struct str *v);

/* What vectors are made of: a text, a list of texts, a list of numbers of tokens, a list of such lists. */
void xd_read_texts_or_tokens(struct xd *x, uint32_t at, struct ir_inputs *v);
/* A vector: an array of numbers, or base64 of 32-bit floats; base64 of bytes (int8). */
void xd_read_vector(struct xd *x, uint32_t at, struct ir_numbers *v);
void xd_read_packed_ints(struct xd *x, uint32_t at, struct ir_numbers *v);
/* A reply's only vector. */
void xd_read_one_vector(struct xd *x, uint32_t at, struct ir_vectors *v);
/* Arrays of such vectors, which are appended; they count from 0. */
void xd_read_float_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_packed_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_int8_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_uint8_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_binary_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_ubinary_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);

/* Is the node of this kind?  If not, a mismatch is noted. */
static inline bool
xd_want(struct xd *x, uint32_t at, enum json_kind kind)
{
    if (json_kind(&x->doc, at) == kind)
        return true;
    xd_mismatch(x, at, json_kind_name(kind));
    return false;
}

/* Present, and not "" or []: for members of which the first that says something counts. */
static inline bool
xd_some(const struct xd *x, uint32_t at)
{
    if (at == 0)
        return false;
    if (json_kind(&x->doc, at) == JSON_STRING)
        return x->doc.nodes[at].n > 0;
    return x->doc.nodes[at].next > at + 1 || json_kind(&x->doc, at) < JSON_OBJECT;
}

/* As xd_want of an array, but an object stands for the only element of one. */
static inline bool
xd_want_items(struct xd *x, uint32_t at)
{
    return json_kind(&x->doc, at) == JSON_OBJECT || xd_want(x, at, JSON_ARRAY);
}
#define XD_ITEMS(x, i, at) \
    for (uint32_t i = (at) + (json_kind(&(x)->doc, at) == JSON_ARRAY); \
         i < (x)->doc.nodes[at].next; i = (x)->doc.nodes[i].next)

/* for each element i of the array node `at` */
#define XD_EACH(x, i, at) \
    for (uint32_t i = (at) + 1; i < (x)->doc.nodes[at].next; i = (x)->doc.nodes[i].next)

/* As xd_read_word, but an unknown word is no news: 0. */
int xd_try_word(struct xd *x, uint32_t at, const struct xd_table *t);
/* A block index of a stream event. */
void xd_read_index(struct xd *x, uint32_t at, unsigned *v);

/* The number under `member` of the object `at`, -1 when there is none. */
int64_t xd_key_of(const struct xd *x, uint32_t at, struct str member);
/* A string, or an array of parts with a `text` each: their texts joined. */
void xd_read_texts(struct xd *x, uint32_t at, struct str *v);
/* Base64 of a text; what is base64 of other bytes is kept so that it can be written back. */
void xd_read_base64_text(struct xd *x, uint32_t at, struct str *v);
void xd_read_text_parts(struct xd *x, uint32_t at, struct str *v); /* the same */

/* An array of parts with a `text` each: their texts, a blank line between them.  Without any part
 * nothing is changed. */
void xd_read_text_in(struct xd *x, uint32_t at, struct str *v);
/* A string that is a whole conversation: one turn of the user. */
void xd_read_turn(struct xd *x, uint32_t at, struct ir_request *m);

/* Append a zeroed element; NULL (and ERR_LIMIT) when the arena is full. */
#define XD_PUSH(x, list) \
    xd_push((x), (void **)&(list)->v, &(list)->n, &(list)->cap, sizeof *(list)->v)
void *xd_push(struct xd *x, void **v, unsigned *n, unsigned *cap, size_t size);
/* The turn that the next blocks of this role belong to: the last one when its role is the same, else a new one. */
struct ir_turn *xd_turn(struct xd *x, struct ir_request *m, enum ir_role role);
/* Element i of a list of choices, made when missing.  NULL (and ERR_LIMIT) beyond XD_CHOICES_MAX. */
struct ir_choice *xd_choice(struct xd *x, struct ir_choices *l, unsigned i);
struct ir_input *xd_input(struct xd *x, struct ir_inputs *l, unsigned i);

/* prompt = input + cache_read + cache_write: when the whole was read, make it what remains without the parts.  Parts are
 * cut to what is there, so that the sum is always the number that the peer said. */
void xd_rest_of(struct ir_int *whole, struct ir_int *const *parts, unsigned n);
/* Add what is set. */
void xd_add(struct ir_int *to, const struct ir_int *more);
/* The first without the others, at least 0; set when the first is. */
struct ir_int xd_difference(const struct ir_int *const *parts, unsigned n);
/* The sum, a missing part counting as 0; always set. */
struct ir_int xd_sum(const struct ir_int *const *parts, unsigned n);

#endif
