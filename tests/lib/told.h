/* What a stream told: its events as text, held against the grammar, and collected into a reply.
 *
 *   begin c1 m
 *   open 0.0 text
 *   grow 0.0 "Hi"
 *   close 0.0
 *   finish 0 end 3/2
 *   end */
#ifndef LLMUX_TESTS_TOLD_H
#define LLMUX_TESTS_TOLD_H

#include "runtime/base/buf.h"
#include "runtime/ir/reply.h"

struct told {
    struct buf events;  /* a line each, NUL behind the end */
    struct buf summary; /* told_summary's */
    struct ir_grammar grammar;
    struct arena arena;
    struct ir_collector collector;
    unsigned begins, ends; /* ends: end or fail */
};

void told_init(struct told *t);
void told_fini(struct told *t);
/* Ready for another stream. */
void told_clear(struct told *t);
/* An ir_sink. */
void told_event(void *told, const struct ir_event *e);
/* The events, NUL-terminated. */
const char *told_events(struct told *t);
/* The collected reply in one line: blocks and the stop of each choice, the usage, how it ended:
 *   text "Hi", call a f {"x":1}; call | 3/2 | end                         */
const char *told_summary(struct told *t);
/* Fails the test unless the events were a whole word of the grammar. */
void told_check_grammar(const struct told *t);

/* The name of a kind of block: "text", "call", ... */
const char *told_kind(enum ir_block_kind kind);
/* One block as in the summary. */
void told_block(struct buf *out, const struct ir_block *b);

#endif
