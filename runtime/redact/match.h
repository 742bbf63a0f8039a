/* One DFA over all built-in patterns, from one place on; for find.c and check.c. */
#ifndef LLMUX_REDACT_MATCH_H
#define LLMUX_REDACT_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/redact/class.h"

/* The patterns by what is still to be checked when the DFA has found one (check.c). */
enum redact_rule {
    RULE_NONE,
    /* in specs/redact/secrets.tab */
    RULE_KEY,
    RULE_MIXED,
    RULE_NAMED,
    RULE_QUERY,
    RULE_PASS,
    RULE_BEARER,
    RULE_JWT,
    RULE_PEM,
    RULE_IBAN,
    RULE_SSN,
    /* in match.re: what begins with a digit or a sign, and addresses */
    RULE_EMAIL,
    RULE_CARD,
    RULE_SSN_DASHED,
    RULE_PHONE_PLUS,  /* E.164 */
    RULE_PHONE_NORTH, /* the North American plan, and others whose groups tell */
    RULE_PHONE_TRUNK, /* national, with the 0 in front */
    RULE_PHONE_PAREN, /* (11) 91234-5678 */
    RULE_IPV4,
    RULE_IPV6,
};

/* A text that is looked at, and whether somebody wanted to look behind its end. */
struct redact_view {
    const char *p;
    size_t n;
    bool starved;
    size_t steps; /* bytes that the DFA and the checks have looked at, so far */
};

/* The byte at i; 0, which belongs to no pattern, behind the end. */
static inline char
redact_peek(struct redact_view *v, size_t i)
{
    v->steps++;
    if (i < v->n)
        return v->p[i];
    v->starved = true;
    return 0;
}

/* What the DFA says: `n` bytes are of the rule's form; at least `least` of the class must follow. */
struct redact_form {
    enum redact_rule rule;
    size_t n;
    enum redact_class class;
    unsigned least;
};

/* Where a match may begin. */
enum redact_start { START_WORD, START_NUMBER, START_ADDRESS };

/* The longest form that begins at `at` and has at most `most` bytes; RULE_NONE when there is none. */
struct redact_form
redact_match_at(struct redact_view *v, enum redact_start start, size_t at, size_t most);

#endif
