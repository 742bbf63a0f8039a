/* Where a match may begin: a set of places in 64 bytes, found without branches.
 *
 * In ordinary text there is hardly any.  A word counts when its first three characters are those of
 * a secret (specs/redact/secrets.tab), a number when seven characters of numbers follow, an address
 * at its `@`, one of version 6 at its first colon between hexadecimal digits. */
#ifndef LLMUX_REDACT_HINTS_H
#define LLMUX_REDACT_HINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define REDACT_BLOCK 64

/* Bit i is the place at + i. */
struct redact_hints {
    uint64_t words, numbers, ats, colons;
};

/* Of the bytes of text from `at` on.  If the text may go on (open), what is not there yet may be anything. */
struct redact_hints redact_hints(struct str text, size_t at, bool open);

#endif
