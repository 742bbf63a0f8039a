/* What is written instead of a secret. */
#ifndef LLMUX_REDACT_MASK_H
#define LLMUX_REDACT_MASK_H

#include <stddef.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"
#include "runtime/redact/custom_search.h"

enum redact_mode {
    REDACT_MASK, /* [REDACTED:email] */
    REDACT_HASH, /* [email:1a2b3c4d5e6f]: the same value has the same hash under one key */
};

/* What to look for, and what to write instead.  All borrowed. */
struct redact_rules {
    redact_kinds which;                 /* REDACT_CUSTOM in it: the operator's patterns, too */
    const struct redact_custom *custom; /* NULL: none */
    enum redact_mode mode;
    struct str key;          /* of REDACT_HASH: HMAC-SHA-256, cut to 6 bytes */
    bool unfold;             /* also what is written with escapes (unfold.h) */
    struct redact_time time; /* for the operator's patterns */
};

/* Write what stands for a match of this value.  A value of more than REDACT_HELD_MAX bytes is
 * hashed by as many of its first. */
void redact_write(struct buf *out, const struct redact_rules *rules, const struct redact_match *m,
                  struct str value);

#endif
