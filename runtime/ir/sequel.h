/* One reply from several that break off: each goes on where the one before ended.
 *
 *   begin open grow grow ╳            the first
 *   begin open grow close finish end  goes on
 *   ────────────────────────────────────────────────
 *   begin open grow grow grow close finish end          what the sink gets: one word of the grammar in reply.h
 *
 * White space behind what was said is not shown to those who go on, as many refuse it there: when they say it
 * again, that is left out, and nothing else.  The first text of a later one lengthens the text that was open; its thinking, which the client can do
 * nothing with, is left out; its other blocks follow behind.  The usage in the end is that of all. */
#ifndef LLMUX_IR_SEQUEL_H
#define LLMUX_IR_SEQUEL_H

#include "runtime/ir/reply.h"

struct ir_sequel {
    struct arena *arena; /* borrowed; what was said is kept there */
    ir_sink *sink;
    void *ctx;
    struct ir_collector said; /* all that the sink got */
    bool begun;
    bool open; /* its last block has not closed */
    bool finished;
    unsigned breaks;        /* so far */
    struct ir_usage before; /* of all that broke off */
    /* Of a later one: */
    bool joined;     /* its first text was seen */
    struct str tail; /* the white space that was not shown to it, as far as it may say it again */
    enum ir_sequel_part {
        IR_SEQUEL_OWN,
        IR_SEQUEL_JOINS,
        IR_SEQUEL_HIDDEN
    } part; /* its open block */
};

void ir_sequel_init(struct ir_sequel *q, struct arena *a, ir_sink *sink, void *ctx);
/* An event of the reply of now; an ir_sink.  A fail is passed on and changes nothing. */
void ir_sequel_event(void *q, const struct ir_event *e);
/* Can what was said be gone on with?  Not behind calls and whatever else the assistant says that is no text,
 * not within thinking, and not with several choices. */
bool ir_sequel_can_go_on(const struct ir_sequel *q);
/* The reply of now has broken off, and has used so much; the next event is the begin of one that goes
 * on. */
void ir_sequel_break(struct ir_sequel *q, const struct ir_usage *used);
/* Tell all that was said to another sink, with the last block left open if it is. */
void ir_sequel_retell(const struct ir_sequel *q, ir_sink *sink, void *ctx);
/* All texts that were said, in the arena, without the white space behind them: what those who go on are shown.
 * Absent: there is none, or the arena is full. */
struct str ir_said(const struct ir_reply *said, struct arena *a);
/* Bytes of text that were said. */
size_t ir_sequel_text_bytes(const struct ir_sequel *q);

#endif
