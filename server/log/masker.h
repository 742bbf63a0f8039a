/* Finding the secrets we know in text.
 *
 * A struct masker never changes once it is made, so many threads may use it. */
#ifndef LLMUX_LOG_MASKER_H
#define LLMUX_LOG_MASKER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

struct masker;

/* A mask for these n values and those of `older` (which may be NULL); copies them.  Values shorter
 * than `shortest` (or two bytes) are left out.  NULL when memory is short. */
struct masker *
masker_create(const struct masker *older, const struct str *values, size_t n, size_t shortest);
void masker_destroy(struct masker *m);
/* No two of them have the same number, also when one has gone; never 0. */
uint64_t masker_number(const struct masker *m);
/* Is this value masked already? */
bool masker_knows(const struct masker *m, struct str value);
/* The first of them at or behind `from`, the longest of those that begin there, together with all that begin in it and go
 * on behind it; false: none. */
bool masker_find(const struct masker *m, struct str text, size_t from, size_t *at, size_t *n);
/* How much of a text that may go on behind its end stands in front of what may be the begin of one of them. */
size_t masker_decided(const struct masker *m, struct str text);

#endif
