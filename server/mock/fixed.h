/* Replies that are rendered once and sent to everybody: what a load test needs of its upstream. */
#ifndef LLMUX_MOCK_FIXED_H
#define LLMUX_MOCK_FIXED_H

#include "runtime/base/buf.h"
#include "server/mock/options.h"
#include "server/mock/route.h"
#include "server/mock/source.h"

#define MOCK_FIXED_MAX 32

struct mock_fixed_reply {
    const struct xd_op *op;
    enum framing framing;
    struct buf whole, stream;
};

/* One for each worker.  All zeros at first. */
struct mock_fixed {
    struct mock_fixed_reply v[MOCK_FIXED_MAX];
    unsigned n;
};

void mock_fixed_fini(struct mock_fixed *f);

/* The bytes of the reply in this dialect; empty when it cannot be rendered.  They live as long as
 * f. */
struct str mock_fixed_reply(struct mock_fixed *f, const struct mock_fixed_options *o,
                            const struct mock_route *r, enum mock_form form);

/* Does this request ask for a stream?  If its path does not say it: looks for the first "stream"
 * that is followed by a colon and true, and parses nothing. */
enum mock_form mock_fixed_form(const struct mock_route *r, struct str body);

#endif
