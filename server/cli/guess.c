/* The nearest of some words, by edit distance. */
#include "server/cli/guess.h"

#include <stdio.h>

#include "runtime/base/str.h"

void
guess_init(struct guess *g, const char *word)
{
    *g = (struct guess){ .word = word, .best = NULL, .distance = strlen(word) / 3 + 2 };
}

void
guess_try(struct guess *g, const char *candidate)
{
    size_t distance = str_distance(str_from(g->word), str_from(candidate), g->distance);
    if (distance >= g->distance)
        return;
    g->distance = distance;
    g->best = candidate;
}

void
guess_print(const struct guess *g, const char *otherwise)
{
    if (g->best)
        fprintf(stderr, "help: did you mean %s?\n", g->best);
    else
        fprintf(stderr, "help: %s\n", otherwise);
}
