/* A request that a reply goes on which broke off elsewhere (runtime/ir/sequel.h): the conversation with
 * what was said at its end, in the way that the policy `continuation` names. */
#ifndef LLMUX_XD_CONTINUATION_H
#define LLMUX_XD_CONTINUATION_H

#include "generated/ir.h"
#include "runtime/base/err.h"

enum xd_continuation {
    XD_CONTINUATION_PREFILL, /* what was said is a final turn of the assistant */
    XD_CONTINUATION_ASK,     /* ... and behind it stands the wish that it goes on */
    XD_CONTINUATION_NONE,
};

/* The value of the policy: "prefill", "ask" and whatever else. */
enum xd_continuation xd_continuation_of(struct str policy);

/* Can a reply to this be gone on with at all?  Not if it shall have a form, several candidates, or more
 * than words. */
bool xd_continuation_fits(const struct ir_request *m);

/* *out is m, which it shares what is unchanged with, with the texts of `said`.  Where nothing was said, that
 * is m itself.  White space behind them goes, too: some refuse it there, and nobody would know where it ends
 * (runtime/ir/sequel.h).  What a prefill excludes (thinking) goes.  The output that is left is guessed.
 * ERR_LIMIT when the arena is full. */
MUST_CHECK enum err
xd_continue(enum xd_continuation how, const struct ir_request *m, const struct ir_reply *said,
            struct arena *a, struct ir_request *out);

#endif
