/* A reply in time and as a whole: the same thing.
 *
 *   begin  open(0,0) grow* close  open(0,1) grow* close  finish(0)  end       one choice
 *   begin  open(0,0) open(1,0) grow(0,0) grow(1,0) close close  finish(0) finish(1)  end
 *
 * The events of one choice are always (open grow* close)* finish, with indices 0, 1, 2..; those
 * of several choices may interleave, but every finish comes behind the last block.  `beat` may
 * stand anywhere, `fail` ends the word anywhere, even before `begin`, and leaves open blocks
 * open. */
#ifndef LLMUX_IR_REPLY_H
#define LLMUX_IR_REPLY_H

#include "generated/ir.h"
#include "runtime/base/err.h"

#define IR_CHOICES_MAX   128u
#define IR_BYTES_A_TOKEN 4u /* of JSON or text, by and large: where nobody has counted */

typedef void ir_sink(void *ctx, const struct ir_event *e);

/* What the events of a reply carry:
 *   begin   reply: id, model, tier and the usage known so far; no choices
 *   open    block: all but the fields that grow, which are empty
 *   grow    block: the same kind, with the fields that grow and nothing else
 *   finish  stop (never unset), stop_text, usage: of the whole reply, the same with every choice
 * A usage is always there (never NULL, usage.set is true): what is unknown is unset in it. */

/* Speak a whole reply as events, choice by choice.  A call without arguments grows by "{}". */
void ir_reply_speak(const struct ir_reply *r, ir_sink *sink, void *ctx);

/* Collect events into a whole reply. */
struct ir_collector {
    struct arena *arena; /* borrowed; everything is copied into it */
    struct ir_reply reply;
    struct ir_error error; /* of `fail` */
    bool ended, failed;
    enum err err; /* ERR_LIMIT: the arena is full */
};
void ir_collector_init(struct ir_collector *c, struct arena *a);
void ir_collector_event(void *c, const struct ir_event *e); /* an ir_sink */

/* Does the word obey the grammar above?  For tests and debug builds: feed every event, then ask. */
enum ir_grammar_state { IR_GRAMMAR_START, IR_GRAMMAR_BEGUN, IR_GRAMMAR_ENDED, IR_GRAMMAR_FAILED };
struct ir_grammar {
    enum ir_grammar_state state;
    struct {
        enum ir_block_kind open; /* kind of the open block, or unset */
        unsigned index;          /* of the open block, else of the next */
        bool seen, finished;
    } choice[IR_CHOICES_MAX];
    unsigned finished;
    bool bad;
    char why[120]; /* the first offence */
};
void ir_grammar_event(void *g, const struct ir_event *e); /* an ir_sink; g starts zeroed */
/* The word is whole and nothing in it was bad. */
bool ir_grammar_ok(const struct ir_grammar *g);

/* The fields of a block that lengthen while it is open, by kind: text, signature, arguments,
 * citations.
 *   head   b without them (empty, not absent)
 *   tail   nothing but them, absent where empty; false when there is nothing; not b itself
 *   grows  does any of them say something?
 *   spoken what comes piece by piece: a text, thinking, arguments; NULL for what comes whole
 *   text   the text, when it says nothing but that; else NULL */
struct ir_block ir_block_head(const struct ir_block *b);
bool ir_block_tail(const struct ir_block *b, struct ir_block *tail);
bool ir_block_grows(const struct ir_block *b);
const struct str *ir_block_spoken(const struct ir_block *b);
struct str *ir_block_text(struct ir_block *b);
/* Text, refusal or thinking that says nothing: no text, no signature, no citation, no mark
 * (unknown members alone are nothing).  And a call without id, name and arguments, audio without
 * id, data and transcript: some peers send the hulls of both with every reply. */
bool ir_block_is_empty(const struct ir_block *b);

/* The reason to stop that agrees with what was said, a mask of the kinds of blocks (1u << kind):
 * calls make `end` and `other` (and a missing one) `call`, a refusal in words makes them
 * `refusal`. */
enum ir_stop ir_stop_settle(enum ir_stop stop, uint32_t kinds);

/* *to takes every field that is set in *from. */
void ir_usage_merge(struct ir_usage *to, const struct ir_usage *from);
/* *to is what both have used together. */
void ir_usage_add(struct ir_usage *to, const struct ir_usage *u);
/* No negative counts; thinking <= output, which is at least that when it is unknown. */
void ir_usage_clamp(struct ir_usage *u);
/* All tokens of the request: also those that came from a cache or went into one, which `input` does
 * not count.  Unset when `input` is. */
struct ir_int ir_usage_whole_input(const struct ir_usage *u);

/* Deep copies into the arena, for what outlives its source.  When the arena is full (a->full)
 * parts are missing. */
struct ir_block ir_block_copy(struct arena *a, const struct ir_block *b);
struct ir_usage ir_usage_copy(struct arena *a, const struct ir_usage *u);
struct ir_error ir_error_copy(struct arena *a, const struct ir_error *e);
/* Lengthen dst, which ir_block_copy made in the same arena, by a copy of frag (ir_block_grow
 * borrows).  Bytes of media are appended too; foreign blocks stay as they opened, as nobody
 * knows how they lengthen.  False when the arena is full. */
bool ir_block_extend(struct arena *a, struct ir_block *dst, const struct ir_block *frag);

/* The word of an enum value: "end", "length", ...  For logs and messages. */
const char *ir_stop_name(enum ir_stop s);
const char *ir_fault_name(enum ir_fault f);
bool ir_fault_retryable(enum ir_fault f);

#endif
