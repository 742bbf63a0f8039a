/* Finding secrets and personal data in text.
 *
 *   hints.h   where something may begin: 64 bytes at a time, nearly always nowhere
 *   match.re  one DFA over all patterns, from there on
 *   check.h   what a DFA cannot see: check digits, lengths, what stands around
 *
 * Matches never overlap; the leftmost comes first, and of those that begin together the longest.
 * The time is linear in the text, whatever it holds. */
#ifndef LLMUX_REDACT_FIND_H
#define LLMUX_REDACT_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/str.h"
#include "runtime/redact/kind.h"

struct redact_match {
    size_t at, n; /* of the secret alone, without the name or the word before it */
    enum redact_kind kind;
    unsigned custom; /* of REDACT_CUSTOM: which of the patterns */
};

/* The next match of the built-in patterns at or behind `from` in a text that is whole; false when
 * there is none.  What stands before `from` is looked at, so go on with the whole text, and with
 * from = m->at + m->n. */
bool redact_next(struct str text, redact_kinds which, size_t from, struct redact_match *m);

/* The same; adds to *steps how many bytes had to be looked at one by one. */
bool redact_next_counted(struct str text, redact_kinds which, size_t from, struct redact_match *m,
                         size_t *steps);

/* Of texts of which not all is there. */
enum redact_found {
    REDACT_NOTHING, /* all may be shown up to m->at */
    REDACT_MATCH,   /* what is before m->at may be shown */
    REDACT_MORE, /* it takes more bytes to decide what begins at m->at; before it all may be shown */
};

/* What follows so many bytes of a match changes nothing but its length. */
#define REDACT_HELD_MAX 4096

/* The same for a text that may go on behind its end: whatever follows there, up to where may be shown, this is what
 * redact_next finds.  A match that is still going on is one when it is longer than REDACT_HELD_MAX; it then has all that
 * is there. */
enum redact_found
redact_next_open(struct str text, redact_kinds which, size_t from, struct redact_match *m);

/* How far back a decision may look. */
#define REDACT_BEHIND_MAX 128

#endif
