/* Files from outside of the repository, for tests that look at recorded traffic where there is
 * any. */
#ifndef LLMUX_TESTS_CORPUS_H
#define LLMUX_TESTS_CORPUS_H

#include <stddef.h>

#include "runtime/base/str.h"

typedef void corpus_fn(void *ctx, const char *path, struct str content);

/* Call fn for each file below dir whose name ends in suffix; returns how many there were.  When
 * there is no such directory, prints a line that says so and returns 0. */
size_t corpus_each(const char *dir, const char *suffix, corpus_fn *fn, void *ctx);

#endif
