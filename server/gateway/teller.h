/* Who tells of an exchange: what is written as the attributes of its spans, each into the span that is open in `out`
 * (server/trace/otlp_span.h).
 *
 *   what clients and providers say ─► without the log's secrets ─► cut ─► out
 *   what llmux says ───────────────────────────────────────────────────► out */
#ifndef LLMUX_GATEWAY_TELLER_H
#define LLMUX_GATEWAY_TELLER_H

#include "generated/ir.h"
#include "runtime/base/arena.h"
#include "runtime/base/brief.h"
#include "runtime/base/buf.h"
#include "runtime/base/dice.h"

struct exchange;

/* One exchange being told. */
struct teller {
    const struct exchange *x;
    struct buf *out;
    uint64_t wall_ns; /* to be added to 1000 * clock_us() for the time since 1970 */
    uint64_t end_us;
    struct dice dice;    /* for the ids of the small spans */
    struct arena masked; /* texts without their secrets */
};

/* Without the secrets that the log would not show either, and then cut: else it might be within one.  Refers to s, or
 * lives as long as t. */
struct str teller_masked(struct teller *t, struct str s);

/* A masked text; the second one only if it says something. */
void teller_text(struct teller *t, struct brief key, struct str value);
void teller_text_if_any(struct teller *t, struct brief key, struct str value);
/* A list of the first TRAIL_STOPS of n masked texts. */
void teller_texts(struct teller *t, struct brief key, const struct str *v, unsigned n);
/* What llmux or its configuration says, as it is: there are no secrets in it. */
void teller_word(struct teller *t, struct brief key, struct str value);

/* A number; nothing if it is not set. */
void teller_int(struct teller *t, struct brief key, struct ir_int v);
/* A number as the client has written it; nothing if it is none.  The second one without its fraction, and nothing either
 * if it is too large to be exact. */
void teller_number(struct teller *t, struct brief key, struct str s);
void teller_number_int(struct teller *t, struct brief key, struct str s);
/* Microseconds, in seconds. */
void teller_seconds(struct teller *t, struct brief key, uint64_t us);

/* What went wrong. */
void teller_error_type(struct teller *t, enum ir_fault fault);
/* The same, and the span has failed with it; the message is for people, and masked. */
void teller_failed(struct teller *t, enum ir_fault fault, struct str message);

#endif
