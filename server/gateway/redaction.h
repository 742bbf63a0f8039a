/* Requests as their policies let providers see them.
 *
 *   client's bytes ─► tape ─┬─ policy A ─► bytes, tape, vault  ─► attempts that A holds for
 *                           └─ policy B ─► ...
 *
 * Made when the first attempt needs it, kept for the others: retries, fallbacks and rivals send the same placeholders.
 * What comes out is a request in the client's own dialect, so that whatever is made of it, the client's bytes or a
 * translation, has nothing in it that was not meant to be sent. */
#ifndef LLMUX_GATEWAY_REDACTION_H
#define LLMUX_GATEWAY_REDACTION_H

#include "runtime/redact/vault.h"
#include "server/gateway/redactor.h"
#include "server/gateway/tape.h"

struct attempt;
struct exchange;

struct redaction {
    struct redaction *next; /* of another policy */
    const struct redactor_policy *policy;
    struct vault vault;      /* empty but in mode vault */
    bool changed;            /* something of the request is not sent as it came */
    struct tape *tape;       /* owned: the request as it is sent; NULL: as it came, or it is gone */
    struct buf body;         /* its bytes */
    struct ir_error refusal; /* set: it is not sent at all */
    unsigned counts[REDACT_KINDS];
};

/* Find or make what the attempt that x is about to make sends: x->attempt.redaction, NULL when that is the request as
 * it came.  False when it must not be sent; then x->error says why. */
MUST_CHECK bool redaction_begin(struct exchange *x);

/* What the attempt's reply may hold that is to be put back; NULL: nothing. */
const struct vault *redaction_vault(const struct attempt *a);

/* The reply is on its way: let go of what only attempts need.  One that would have sent something else than what came is
 * refused from now on. */
void redaction_commit(struct exchange *x);
/* Wipe and forget all. */
void redaction_end(struct exchange *x);

/* What was done, for the log: "vault email=2 phone=1"; absent: nothing. */
struct str redaction_summary(const struct exchange *x, struct arena *a);

#endif
