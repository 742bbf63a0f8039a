/* A reply in time and as a whole: the same thing. */
#ifndef LLMUX_IR_REPLY_H
#define LLMUX_IR_REPLY_H

#include "generated/ir.h"
#include "runtime/base/err.h"

typedef void ir_sink(void *ctx, const struct ir_event *e);

/* Speak a whole reply as events: begin (open grow close)* finish end, choice by choice. */
void ir_reply_speak(const struct ir_reply *r, ir_sink *sink, void *ctx);

/* Collect events into a whole reply. */
struct ir_collector {
    struct arena *arena;         /* borrowed; everything is copied into it */
    struct ir_reply reply;
    struct ir_error error;       /* of `fail` */
    bool ended, failed;
    enum err err;                /* ERR_LIMIT: the arena is full */
};
void ir_collector_init(struct ir_collector *c, struct arena *a);
void ir_collector_event(void *c, const struct ir_event *e);   /* an ir_sink */

/* Does the word obey the grammar of specs/ir.spec?  For tests and debug builds: feed every event, then ask. */
struct ir_grammar { unsigned state; unsigned open_choice, open_index; bool bad; char why[120]; };
void ir_grammar_event(void *g, const struct ir_event *e);     /* an ir_sink */

/* *to takes every field that is set in *from. */
void ir_usage_merge(struct ir_usage *to, const struct ir_usage *from);
/* No negative counts; thinking <= output; cached parts as they are. */
void ir_usage_clamp(struct ir_usage *u);

/* Deep copies into the arena, for what outlives its source. */
struct ir_block ir_block_copy(struct arena *a, const struct ir_block *b);

/* The word of an enum value: "end", "length", ...  For logs and messages. */
const char *ir_stop_name(enum ir_stop s);
const char *ir_fault_name(enum ir_fault f);
bool ir_fault_retryable(enum ir_fault f);

#endif
