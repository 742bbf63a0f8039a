/* Writing documents and frames: called by generated code. */
#ifndef LLMUX_XD_WRITING_H
#define LLMUX_XD_WRITING_H

#include "generated/ir.h"
#include "runtime/xd/context.h"
#include "runtime/xd/dialect.h"

/* Each writes nothing when the value is absent.  The key was set by jw_key before; a key left over is dropped. */
void xd_put_str(struct xd *x, struct str key, struct str v);
void xd_put_json(struct xd *x, struct str key, struct str v);
void xd_put_json_object(struct xd *x, struct str key,
                        struct str v); /* "", null, not an object: {} and a loss */
void xd_put_json_in_string(struct xd *x, struct str key,
                           struct str v); /* "" and null in a whole document: "{}" */
void xd_put_raw(struct xd *x, struct str key,
                struct str json); /* never absent or empty; fit for a frame */
void xd_put_int(struct xd *x, struct str key, struct ir_int v);
void xd_put_int_min(struct xd *x, struct str key, struct ir_int v,
                    int64_t min); /* clamped; what was raised is noted as lost */
void xd_put_seconds(struct xd *x, struct str key, struct ir_int v);
void xd_put_real(struct xd *x, struct str key, struct str v);
void xd_put_real_max(struct xd *x, struct str key, struct str v,
                     const char *max); /* clamped; a cut is noted as lost */
void xd_put_bool(struct xd *x, struct str key, enum ir_bool v);
void xd_put_not(struct xd *x, struct str key, enum ir_bool v);
bool xd_put_word(struct xd *x, struct str key, const struct xd_table *t,
                 int value); /* false: no such row, nothing written */
void xd_put_pair(struct xd *x, struct str key, const struct xd_pairs *t, struct str v);
void xd_put_behind(struct xd *x, struct str key, struct str prefix, struct str v);
void xd_put_strs(struct xd *x, struct str key, const struct ir_strs *v);
void xd_put_jsons(struct xd *x, struct str key, const struct ir_strs *v);
void xd_put_base64_text(struct xd *x, struct str key, struct str v);
void xd_put_text_parts(struct xd *x, struct str key, struct str v); /* [{"text":v}] */
void xd_put_texts(struct xd *x, struct str key, struct str v);      /* [{"type":"text","text":v}] */
/* A conversation as one text (prompt.c): whose each of several texts is stands before it. */
bool xd_put_prompt(struct xd *x, struct str key, const struct ir_request *m);
/* The same where the instructions and the images have members of their own; and those images. */
bool xd_put_prompt_beside(struct xd *x, struct str key, const struct ir_request *m);
bool xd_put_prompt_images(struct xd *x, struct str key, const struct ir_request *m);
/* "2026-01-31T00:00:00Z" */
void xd_put_date(struct xd *x, struct str key);
/* Blocks of a kind (images) as a list of bare base64.  What stands elsewhere is noted as lost. */
void xd_put_bytes(struct xd *x, struct str key, const struct ir_blocks *l, enum ir_block_kind kind);
bool xd_put_media_url(struct xd *x, struct str key,
                      const struct ir_source *v); /* false: not of this form */
bool xd_put_data_url(struct xd *x, struct str key, const struct ir_source *v);
/* [{"type": type, "text": v}], [] when v is absent or the block opens. */
void xd_put_text_in(struct xd *x, struct str key, struct str type, struct str v);
/* An id that is made up for item x->made of the reply: the same whenever it is said. */
void xd_put_made(struct xd *x, struct str key, struct str prefix);
/* The number of the frame in its stream, from 0. */
void xd_put_count(struct xd *x, struct str key);
void xd_put_texts_or_tokens(struct xd *x, struct str key, const struct ir_inputs *v);
bool xd_put_vector(struct xd *x, struct str key, const struct ir_numbers *v);
bool xd_put_packed_ints(struct xd *x, struct str key, const struct ir_numbers *v);
/* The first vector; another one does not fit. */
void xd_put_one_vector(struct xd *x, struct str key, const struct ir_vectors *v);
/* The vectors of one encoding. */
void xd_put_float_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_packed_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_int8_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_uint8_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_binary_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_ubinary_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
/* An element of a list whose elements are known by their place cannot be written: ERR_UNSUPPORTED. */
void xd_no_element(struct xd *x, struct str key);
/* As xd_put_str / xd_put_json_object, but while x->skeleton the value is written empty: "" or {}. */
void xd_put_growing(struct xd *x, struct str key, struct str v);
void xd_put_growing_object(struct xd *x, struct str key, struct str v);
void xd_put_pairs(struct xd *x, struct str key, const struct xd_pairs *t, const struct ir_strs *v);
void xd_put_base64(struct xd *x, struct str key, struct str v);
void xd_put_duration(struct xd *x, struct str key, struct ir_int v);
void xd_put_alone(struct xd *x, struct str key, struct str v);
bool xd_put_budget(struct xd *x, struct str key, const struct ir_reasoning *v);
bool xd_put_outcome(struct xd *x, struct str key, const struct ir_block *v);
/* The rest members that stood in this container of this object; called before the container is closed. */
void xd_put_rest(struct xd *x, const struct xd_shape *shape, const char *container,
                 const struct ir_rest *rest);
/* The word for a value, absent when the table has none to write. */
struct str xd_word_of(const struct xd_table *t, int value);
/* The value of the table's first phrase, a word that begins and ends with an asterisk, whose inside stands in the text,
 * upper or lower case; 0 when there is none.  t may be NULL. */
int xd_phrase_in(const struct xd *x, struct str text, const struct xd_table *t);
/* The row that writes the value, or NULL.  t may be NULL. */
const struct xd_word *xd_word_row(const struct xd_table *t, int value);

/* What the target cannot carry.  `name` is a model path ("sampling.seed"); distinct names are kept once. */
void xd_lose(struct xd *x, const char *name);
/* A block of this kind. */
void xd_lose_block(struct xd *x, enum ir_block_kind kind);
/* Blocks whose kind is not in the mask (bit 1u << kind). */
void xd_lose_blocks(struct xd *x, const struct ir_blocks *l, uint32_t mask);

/* The position of the open block among those of the kinds in the mask. */
unsigned xd_ordinal(const struct xd *x, uint32_t mask);

/* Gather: how many blocks of the kinds in mask; the text of all blocks of one kind as one JSON string value. */
unsigned xd_count_blocks(const struct ir_blocks *l, uint32_t mask);
/* Is it exactly one block of this kind (among those in mask), with nothing but its first text field? */
bool xd_single_text(const struct ir_blocks *l, uint32_t mask, enum ir_block_kind kind);

/* The first block whose kind is in the mask, NULL when there is none. */
const struct ir_block *xd_first_block(const struct ir_blocks *l, uint32_t mask);
/* The last block of this kind, made when there is none (reading members that belong to a block said before). */
struct ir_block *xd_last_block(struct xd *x, struct ir_blocks *l, enum ir_block_kind kind);
/* How many of the blocks from `from` on have a kind in the mask, counted until the first that has not. */
unsigned xd_run_blocks(const struct ir_blocks *l, unsigned from, uint32_t mask);
/* Rest members that have no place in the model. */
void xd_lose_rest(struct xd *x, const struct ir_rest *rest);
/* The refusal of this member, NULL when it may get lost or says nothing. */
const struct xd_refusal *xd_refusal_of(const struct ir_rest_item *item);
void xd_put_index(struct xd *x, struct str key, unsigned v);
/* After jw_key: no value comes after all. */
static inline void
xd_no_key(struct xd *x)
{
    x->w.key = (struct str){ NULL, 0 };
}

/* ... because the block, or the part of one, has no form here. */
static inline void
xd_no_value(struct xd *x)
{
    xd_no_key(x);
    x->mute = true;
}

/* Why the first candidate stopped: one that was never spoken of has come to its end. */
static inline enum ir_stop
xd_reply_stop(const struct ir_reply *m)
{
    return m->choices.n && m->choices.v[0].stop ? m->choices.v[0].stop : IR_STOP_END;
}

/* Frames of the stream being written.  name may be absent: no event line.  The JSON goes between the two. */
void xd_frame_open(struct xd *x, struct str name);
void xd_frame_close(struct xd *x);
/* The frame that is open was none. */
void xd_frame_drop(struct xd *x);
/* A frame that fails, in a framing that has such frames: named by the error's word in t. */
void xd_frame_open_failed(struct xd *x, const struct xd_table *t, const struct ir_error *e);
/* Kind and status of an error by the name of the frame that failed, if it is a word of t. */
void xd_frame_fault(struct xd *x, const struct xd_table *t, struct ir_error *e);
void xd_frame_text(struct xd *x, struct str data); /* data: [DONE]; no other framing needs it */
void xd_frame_comment(struct xd *x); /* a beat in a dialect that has no event for it */
/* Nothing comes behind this: what closes the stream in its framing. */
void xd_frame_last(struct xd *x);

#endif
