/* Samples of the model by chance: what all dialects can carry, in the order in which all of them keep it: thinking, then
 * text, then calls in an assistant's turn, results first in a user's. */
#ifndef LLMUX_TESTS_IR_SAMPLE_H
#define LLMUX_TESTS_IR_SAMPLE_H

#include "generated/ir.h"
#include "runtime/base/arena.h"
#include "tests/lib/dice.h"

struct ir_sample {
    struct arena arena;
    struct dice dice;
};

/* The arena is to be ended by whoever began. */
void ir_sample_begin(struct ir_sample *s, unsigned seed);
/* Fill in what is all zeros; it lives in the sample's arena. */
void ir_sample_request(struct ir_sample *s, struct ir_request *m);
void ir_sample_reply(struct ir_sample *s, struct ir_reply *m);
void ir_sample_embed(struct ir_sample *s, struct ir_embed_request *m);
void ir_sample_vectors(struct ir_sample *s, struct ir_embed_reply *r);
void ir_sample_rerank(struct ir_sample *s, struct ir_rerank_request *m);
void ir_sample_results(struct ir_sample *s, struct ir_rerank_reply *r);

#endif
