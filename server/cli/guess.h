/* What somebody who mistyped a word meant. */
#ifndef LLMUX_CLI_GUESS_H
#define LLMUX_CLI_GUESS_H

#include <stddef.h>

struct guess {
    const char *word; /* borrowed: as typed */
    const char *best; /* borrowed: the nearest so far, NULL when none is near */
    size_t distance;
};

/* Start with a word; only candidates within a third of its length count. */
void guess_init(struct guess *g, const char *word);
/* Offer a candidate, which must outlive g. */
void guess_try(struct guess *g, const char *candidate);
/* Print a line of help to stderr: what was meant, or, when nothing is near, `otherwise`. */
void guess_print(const struct guess *g, const char *otherwise);

#endif
