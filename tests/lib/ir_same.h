/* What was read back is what was written, in all that samples (ir_sample.h) have; else the test fails. */
#ifndef LLMUX_TESTS_IR_SAME_H
#define LLMUX_TESTS_IR_SAME_H

#include "runtime/xd/ask.h"

void ir_same_str(struct str a, struct str b);
void ir_same_request(struct ir_request *a, struct ir_request *b);
void ir_same_reply(const struct ir_reply *a, const struct ir_reply *b);
void ir_same_ask(const struct xd_ask *a, const struct xd_ask *b);
void ir_same_answer(const struct xd_answer *a, const struct xd_answer *b);

#endif
