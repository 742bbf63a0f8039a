/* What the DFA cannot see: what stands before and behind, check digits, how long a key goes on. */
#ifndef LLMUX_REDACT_CHECK_H
#define LLMUX_REDACT_CHECK_H

#include "runtime/redact/find.h"
#include "runtime/redact/match.h"

/* Is the form that begins at `at` of a secret?  If so, *m says where that is. */
bool
redact_check(struct redact_view *v, size_t at, struct redact_form form, struct redact_match *m);
/* Of numbers: the part of redact_check that knows digits (digits.c).  *n is the length, to be changed. */
bool redact_check_number(struct redact_view *v, size_t at, enum redact_rule rule, size_t *n,
                         enum redact_kind *kind);

/* The byte `k` before `at`, 0 before the begin. */
static inline char
redact_behind(const struct redact_view *v, size_t at, size_t k)
{
    return at >= k ? v->p[at - k] : 0;
}

/* Does an escape end before `at`: \n of JSON, \u000a, %20? */
bool redact_after_escape(const struct redact_view *v, size_t at);

#endif
