/* What a run over recordings found wrong, against the exceptions that are known.
 *
 * exceptions.tsv has a line for each: recording, check, reason, with tabs between.  An exception
 * is for a recording that is odd in itself, never for a bug of ours; one that no longer occurs is
 * an offence too, so the list cannot rot. */
#ifndef LLMUX_TESTS_CORPUS_VERDICT_H
#define LLMUX_TESTS_CORPUS_VERDICT_H

#include "runtime/base/arena.h"
#include "runtime/base/err.h"

struct verdict_exception {
    struct str id, check;
    bool seen;
};

struct verdict {
    struct arena arena;
    struct verdict_exception *v;
    unsigned n, cap;
    unsigned offences, excused;
    unsigned shown;
};

/* The exceptions of these checks (a list that ends with NULL). */
void verdict_init(struct verdict *v, const char *const *checks);
/* Something is wrong with a recording: excused by an exception, or printed and counted. */
void verdict_offence(struct verdict *v, struct str id, const char *check, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Print the sum and the exceptions that did not occur; returns the number of offences, those
 * counted. */
unsigned verdict_close(struct verdict *v, const char *what);

#endif
